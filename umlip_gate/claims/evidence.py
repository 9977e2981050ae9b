"""What was measured of the models that a threshold is about."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Origin
from umlip_gate.cost.evidence import Device, KnownCosts
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.metrics.ensemble import Deviations
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import Errors, FloatArray
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.metrics.quantities import QUANTITIES

SHOWN_FAILURES = 3


@dataclass(frozen=True)
class Cell:
    """One model's measurement on one dataset.

    Attributes
    ----------
    model, dataset
        Registry ids, or a candidate's name.
    source
        Where the predictions come from.
    metrics
        What was measured.
    failures
        Row -> error, of the configurations that failed.
    groups
        The same by chemical system, where the dataset has more than one: by element, and for
        alloys by the elements that they are of.
    otherwise
        Of a pool: what the rules give that are not judged.
    deviations
        Of an ensemble: how far its members disagree, beside the error of their mean.
    other_functional
        How the model's functional and the dataset's differ; None if they do not.
    """

    model: str
    dataset: str
    source: Origin
    metrics: Metrics
    failures: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[str, "Cell"] = field(default_factory=dict)
    otherwise: Mapping[str, Metrics] = field(default_factory=dict)
    deviations: Deviations | None = None
    other_functional: str | None = None

    def value(self, number: Measured) -> float:
        """Look up a quantity under a convention.

        Raises
        ------
        Unavailable
            It compares within one functional only, and the model predicts another.
        MeasurementError
            There is none: configurations failed, or the quantity is not defined here.
        """
        if self.other_functional and QUANTITIES[number.quantity].needs_same_functional(
            number.convention
        ):
            raise Unavailable(
                f"{self.model} on {self.dataset}: {number.quantity} {number.convention} does not "
                f"compare: it {self.other_functional}. Energies compare with the elements' "
                "references removed only (…_composition_removed)"
            )
        value = self.metrics.values[number.quantity][number.convention]
        if value is None or not math.isfinite(value):
            raise MeasurementError(
                f"{self.model} on {self.dataset}: {number.quantity} {number.convention} "
                f"has no value: {self._why_none()}"
            )
        return value

    def interval(self, number: Measured) -> Interval | None:
        """Look up the interval of a quantity under a convention, if it has one."""
        return self.metrics.intervals[number.quantity][number.convention]

    @property
    def basis(self) -> ErrorSet:
        """What it was measured from; errors are not finite where a configuration failed.

        Raises
        ------
        MeasurementError
            It has no errors configuration by configuration.
        """
        if self.metrics.basis is None:
            raise MeasurementError(
                f"{self.model} on {self.dataset}: there are no errors configuration by "
                "configuration, so it cannot be compared"
            )
        return self.metrics.basis

    @property
    def errors(self) -> Errors:
        """The same configuration by configuration, one dataset after the other."""
        return self.basis.joined()

    def influence(self, number: Measured) -> FloatArray:
        """Give the influence of each configuration on a quantity, shape (n,).

        Raises
        ------
        MeasurementError
            There is none: configurations failed, or the quantity is no function of the errors
            of single configurations.
        """
        self.value(number)
        estimate = self.basis.estimates().get((number.quantity, number.convention))
        if estimate is None:
            raise MeasurementError(
                f"{self.model} on {self.dataset}: {number.quantity} {number.convention} cannot "
                "be compared"
            )
        return estimate.influence

    def _why_none(self) -> str:
        if not self.metrics.n_failed:
            return "it is not defined for these predictions"
        first = sorted(self.failures.items())[:SHOWN_FAILURES]
        rows = "; ".join(f"row {row}: {error}" for row, error in first)
        count = f"{self.metrics.n_failed} of {self.metrics.n_configurations} configurations failed"
        return f"{count}, first {rows}" if rows else count


@dataclass(frozen=True)
class Evidence:
    """What is known, on one dataset, of the models that a claim compares.

    Every model that the claim could be about is in one of the three: for a claim of the paper
    the models of its Table 1, and no others.

    Attributes
    ----------
    dataset
        A registry id.
    statistics
        By what the models are told apart.
    cells
        The models that were measured, failed configurations or not.
    errors
        Model -> why it could not be measured.
    absent
        Model -> why it is not at hand, and how to obtain it.
    """

    dataset: str
    statistics: Statistics
    cells: Sequence[Cell]
    errors: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_models(self) -> int:
        """How many models the claim is about."""
        return len(self.cells) + len(self.errors) + len(self.absent)

    def ranked(self, number: Measured) -> tuple[dict[str, Cell], dict[str, str]]:
        """Split into models with a value, the lowest first, and models without one, with why."""
        values: dict[str, float] = {}
        broken = dict(self.errors)
        for cell in self.cells:
            try:
                values[cell.model] = cell.value(number)
            except MeasurementError as error:
                broken[cell.model] = str(error)
        cells = {cell.model: cell for cell in self.cells}
        return {model: cells[model] for model in sorted(values, key=lambda m: values[m])}, broken


class Recorder(Protocol):
    """What a kind may ask for; each question is answered once in a run.

    Every answer may be a `Unavailable` or a `MeasurementError` instead.
    """

    @property
    def compared(self) -> Sequence[str]:
        """The models that a claim of the paper compares: those of its Table 1."""

    @property
    def statistics(self) -> Statistics:
        """By what verdicts that rest on an interval are decided."""

    def members(self, dataset: str) -> Sequence[str]:
        """Name the datasets of a pool; of a dataset, itself."""

    def elements(self, groups: Sequence[str]) -> Sequence[str]:
        """Name the elements of groups of the periodic table."""

    def configurations(self, dataset: str) -> Configurations:
        """Give a dataset's configurations."""

    def cell(self, model: str, dataset: str) -> Cell:
        """Give what one model measures on one dataset or pool."""

    def costs(self, device: Device) -> KnownCosts:
        """Give what is known of the costs of models on a device."""


def require(bench: Recorder, dataset: str) -> dict[str, Configurations]:
    """Give the configurations of a dataset, or of every dataset of a pool.

    Raises
    ------
    Unavailable
        Some cannot be had here; the message names each of them, and how to obtain it.
    MeasurementError, InputError
        One could be had, and is not what it should be.
    """
    found: dict[str, Configurations] = {}
    absent: list[str] = []
    for member in bench.members(dataset):
        try:
            found[member] = bench.configurations(member)
        except Unavailable as error:
            absent.append(str(error))
    if not absent:
        return found
    if tuple(bench.members(dataset)) == (dataset,):
        raise Unavailable(absent[0])
    count = f"{len(absent)} of {len(found) + len(absent)} datasets cannot be had here"
    lines = [line.splitlines()[0] for line in absent]
    how = "If you have the files, bring them: --umlip-datasets my-datasets.toml, an entry for each"
    raise Unavailable("\n".join([f"{dataset}: {count}", *lines, how]))


def gather(bench: Recorder, models: Sequence[str], dataset: str) -> Evidence:
    """Ask for several models on one dataset or pool; what cannot be had is part of the answer.

    Raises
    ------
    Unavailable, MeasurementError, InputError
        There is no dataset to measure on.
    """
    require(bench, dataset)
    cells: list[Cell] = []
    errors: dict[str, str] = {}
    absent: dict[str, str] = {}
    for model in models:
        try:
            cells.append(bench.cell(model, dataset))
        except Unavailable as error:
            absent[model] = str(error)
        except (MeasurementError, InputError) as error:
            errors[model] = str(error)
    return Evidence(dataset, bench.statistics, cells, errors, absent)
