"""The tables of `thresholds/`: claims of the paper, reference values, gates, known failures."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from umlip_gate.claims.against import AgainstLimit
from umlip_gate.claims.assertions import Assertion
from umlip_gate.claims.assertions.base import Ids, Name, Some, different
from umlip_gate.claims.bounds import Bound, Number, ReferenceValue
from umlip_gate.claims.verdict import Verdict
from umlip_gate.datasets.registry import Element
from umlip_gate.metrics.error_set import Rule
from umlip_gate.provenance import PredictionSource, Provenance
from umlip_gate.schema import RegistryId, Strict


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

    ids: Annotated[Some[Name], AfterValidator(different)]
    unwritten: dict[Name, str]


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
    source: PredictionSource
    rationale: str
    values: Some[ReferenceValue]


class ReferenceFile(Strict):
    """A file of `thresholds/reference/`."""

    reference: Some[Reference]


class Pool(Strict):
    """Several datasets that are judged as one.

    Attributes
    ----------
    id
        Where a claim names it in place of a dataset.
    datasets
        Registry ids.
    rule
        How their numbers become one; what the other rule gives is reported beside it.
    rationale
        Why these, and why so.
    """

    id: RegistryId
    datasets: Ids
    rule: Rule
    rationale: str


class PoolFile(Strict):
    """`thresholds/dataset-groups.toml`."""

    pool: tuple[Pool, ...] = ()


class PeriodicTable(Strict):
    """`thresholds/periodic_table.toml`: elements by the names of groups.

    Attributes
    ----------
    groups
        Name -> symbols.
    """

    groups: dict[Name, Annotated[Some[Element], AfterValidator(different)]]


class ResultLimit(Bound):
    """`thresholds/every-model.toml`: what holds in every result.

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


def _kind_of_limit(limit: object) -> str:
    """Return whether a gate's limit is a bound, or relative to another model."""
    table = limit if isinstance(limit, dict) else vars(limit)
    return "against" if "relative_to" in table else "bound"


AnyLimit = Annotated[
    Annotated[GateLimit, Tag("bound")] | Annotated[AgainstLimit, Tag("against")],
    Discriminator(_kind_of_limit),
]


class GatePhysics(Strict):
    """The laws of physics that a gate requires.

    Attributes
    ----------
    dataset
        A registry id; the structures are made of its elements; or
    elements
        the elements themselves, whatever they are: no data are needed.
    quantities
        Those of `thresholds/physics/` whose limits hold.
    """

    dataset: RegistryId | None = None
    elements: Annotated[tuple[Element, ...], AfterValidator(different)] = ()
    quantities: Annotated[Some[str], AfterValidator(different)]

    @model_validator(mode="after")
    def _of_something(self) -> "GatePhysics":
        if (self.dataset is None) == (not self.elements):
            raise ValueError("physics is of a dataset's elements, or of elements that it lists")
        return self

    @property
    def subject(self) -> str:
        """The dataset's id, or the elements under a name of their own."""
        return self.dataset or "-".join(["elements", *self.elements])


class Gate(Strict):
    """What a candidate must meet.

    Attributes
    ----------
    name
        The file's name without `.toml`.
    description
        For whom it is.
    required
        Datasets without which there is no verdict; none in a gate of physics alone.
    limits
        The bounds, and limits relative to the model of `--umlip-against`; `[[limit]]` in the
        file.
    physics
        The laws that it requires, always; none without it.
    """

    name: RegistryId
    description: str
    required: Annotated[tuple[RegistryId, ...], AfterValidator(different)] = ()
    limits: Annotated[tuple[AnyLimit, ...], Field(alias="limit")] = ()
    physics: GatePhysics | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> "Gate":
        if not self.limits and self.physics is None:
            raise ValueError("a gate has limits, or physics, or both: nothing passes without")
        if self.limits and not self.required:
            raise ValueError("required: name the datasets without which there is no verdict")
        return self


class KnownFailure(Strict):
    """An assertion that is known not to hold in one result.

    Attributes
    ----------
    item
        `CLAIM.ASSERTION`.
    model
        The model; absent where the assertion compares several.
    dataset
        The dataset.
    source
        Of the predictions that it was seen with; absent where models are compared of which
        some are live and some published.
    value
        What was measured, in the assertion's unit.
    relative_tolerance
        How far, as a fraction of the value, a measurement may be from it and still be this
        failure.
    outcome
        Whether it fails, or is inconclusive, as an order that is tied.
    cause
        What contradicts the claim: the measured models, or the harness that measures them (the
        host's noise, an adapter's padding). The latter leaves the claim undecided.
    evidence
        How, and what speaks for it.
    date
        When.
    """

    item: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
    model: RegistryId | None = None
    dataset: RegistryId
    source: Provenance | None = None
    value: Number
    relative_tolerance: Annotated[Number, Field(gt=0)]
    outcome: Literal["failed", "inconclusive"] = "failed"
    cause: Literal["models", "harness"] = "models"
    evidence: str
    date: dt.date

    def covers(self, verdict: Verdict) -> bool:
        """Whether a verdict is this failure, and not another or a worse one."""
        if verdict.value is None or verdict.outcome != self.outcome:
            return False
        return abs(verdict.value - self.value) <= self.relative_tolerance * abs(self.value)


class KnownFailureFile(Strict):
    """`thresholds/known_failures.toml`."""

    known_failure: tuple[KnownFailure, ...] = ()
