"""The tables of `thresholds/`: claims of the paper, reference values, gates, known failures."""

import datetime as dt
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from umlip_gate.claims.bounds import Bound, Measured, Number
from umlip_gate.claims.verdict import Source
from umlip_gate.schema import RegistryId, Strict

T = TypeVar("T")
CellKey = tuple[str | None, str]
"""Model and dataset; no model where an assertion compares several."""


def _some(items: tuple[T, ...]) -> tuple[T, ...]:
    if not items:
        raise ValueError("is empty")
    return items


def _different(ids: tuple[str, ...]) -> tuple[str, ...]:
    twice = {name for name in ids if ids.count(name) > 1}
    if twice:
        raise ValueError(f"listed twice: {', '.join(sorted(twice))}")
    return ids


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
Some = Annotated[tuple[T, ...], AfterValidator(_some)]
Ids = Annotated[Some[RegistryId], AfterValidator(_different)]


class Limit(Bound):
    """Each of the models keeps to the bound on each of the datasets.

    Attributes
    ----------
    name
        The assertion's, within its claim.
    models, datasets
        Registry ids.
    """

    kind: Literal["limit"]
    name: Name
    models: Ids
    datasets: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    def cells(self) -> list[CellKey]:
        """List what is judged one by one."""
        return [(model, dataset) for model in self.models for dataset in self.datasets]


class _Comparison(Strict):
    """Several models on each of the datasets.

    Attributes
    ----------
    name
        The assertion's, within its claim.
    datasets
        Registry ids.
    """

    name: Name
    datasets: Ids

    def cells(self) -> list[CellKey]:
        """List what is judged one by one."""
        return [(None, dataset) for dataset in self.datasets]


class BestOf(_Comparison, Bound):
    """On each dataset the lowest value of all models is at most `max`.

    Attributes
    ----------
    decisive
        The models that the paper names as the best: only if all of them were measured can the
        assertion fail.
    """

    kind: Literal["best-of"]
    decisive: Ids

    @field_validator("min")
    @classmethod
    def _only_max(cls, minimum: float | None) -> float | None:
        if minimum is not None:
            raise ValueError("the best of several models has a max, no min")
        return minimum

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.decisive


class BestIn(_Comparison, Measured):
    """On each dataset the model with the lowest value of all belongs to the group.

    Attributes
    ----------
    group
        The models of which one is the best.
    """

    kind: Literal["best-in"]
    group: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.group


Assertion = Limit | BestOf | BestIn


class Claim(Strict):
    """A sentence of the paper.

    Attributes
    ----------
    id
        As `thresholds/paper/index.toml` lists it.
    source
        Section and figure.
    statement
        What the paper says.
    rationale
        How it is read: convention, models, datasets, and what another reading gives.
    assertions
        What must hold; `[[claim.assertion]]` in the file.
    """

    id: Name
    source: str
    statement: str
    rationale: str
    assertions: Annotated[
        Some[Annotated[Assertion, Field(discriminator="kind")]], Field(alias="assertion")
    ]


class ClaimFile(Strict):
    """A file of `thresholds/paper/`."""

    claim: Some[Claim]


class Index(Strict):
    """`thresholds/paper/index.toml`: every claim of the paper.

    Attributes
    ----------
    ids
        All claims' ids.
    unwritten
        What is not an assertion yet, by claim id, and what it needs; a claim may be written in
        part.
    """

    ids: Annotated[Some[Name], AfterValidator(_different)]
    unwritten: dict[Name, str]


class ReferenceValue(Measured):
    """A number that a model is known to give, and how far it may move.

    Attributes
    ----------
    value
        In `unit`.
    relative_tolerance, absolute_tolerance
        One of them: as a fraction of the value, or in `unit`.
    """

    value: Number
    relative_tolerance: Annotated[Number, Field(gt=0)] | None = None
    absolute_tolerance: Annotated[
        Annotated[Number, Field(gt=0)] | None, Field(validate_default=True)
    ] = None

    @field_validator("absolute_tolerance")
    @classmethod
    def _one_tolerance(cls, tolerance: float | None, info: ValidationInfo) -> float | None:
        if "relative_tolerance" in info.data:
            relative = info.data["relative_tolerance"]
            if (relative is None) == (tolerance is None):
                raise ValueError("a reference has either a relative or an absolute tolerance")
        return tolerance

    @property
    def tolerance(self) -> float:
        """In `unit`."""
        if self.relative_tolerance is not None:
            return abs(self.value) * self.relative_tolerance
        return self.absolute_tolerance or 0.0


class Reference(Strict):
    """What a model is known to give on a dataset.

    Attributes
    ----------
    model, dataset
        Registry ids.
    source
        Of the predictions.
    rationale
        Where the values come from, and why the tolerance is what it is.
    values
        The numbers.
    """

    model: RegistryId
    dataset: RegistryId
    source: Source
    rationale: str
    values: Some[ReferenceValue]


class ReferenceFile(Strict):
    """A file of `thresholds/reference/`."""

    reference: Some[Reference]


class CellLimit(Bound):
    """`thresholds/cell.toml`: what holds in every cell.

    Attributes
    ----------
    rationale
        Why this number.
    """

    rationale: str


class GateLimit(Bound):
    """A bound that a candidate must keep to.

    Attributes
    ----------
    name
        The limit's, within its gate.
    dataset
        A registry id.
    rationale
        Why this number.
    """

    name: Name
    dataset: RegistryId
    rationale: str


class Gate(Strict):
    """What a candidate must meet.

    Attributes
    ----------
    name
        The file's name without `.toml`.
    description
        For whom it is.
    required
        Datasets without which there is no verdict.
    limits
        The bounds; `[[limit]]` in the file.
    """

    name: RegistryId
    description: str
    required: Ids
    limits: Annotated[Some[GateLimit], Field(alias="limit")]


class KnownFailure(Strict):
    """An assertion that is known not to hold in one cell.

    Attributes
    ----------
    item
        `CLAIM.ASSERTION`.
    model
        The model; absent where the assertion compares several.
    dataset
        The dataset.
    source
        Of the predictions that it was seen with.
    value
        What was measured, in the assertion's unit.
    relative_tolerance
        How far, as a fraction of the value, a measurement may be from it and still be this
        failure.
    evidence
        How, and what speaks for it.
    date
        When.
    """

    item: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
    model: RegistryId | None = None
    dataset: RegistryId
    source: Source
    value: Number
    relative_tolerance: Annotated[Number, Field(gt=0)]
    evidence: str
    date: dt.date

    def covers(self, value: float) -> bool:
        """Whether a measurement is this failure, and not a worse one."""
        return abs(value - self.value) <= self.relative_tolerance * abs(self.value)


class KnownFailureFile(Strict):
    """`thresholds/known_failures.toml`."""

    known_failure: tuple[KnownFailure, ...] = ()
