"""What was measured of the models that a threshold is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.cost.evidence import Device, KnownCosts
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import InputError, MeasurementError, Unavailable


@dataclass(frozen=True)
class Evidence:
    """The results, on one dataset, of the models that a claim compares.

    Every model that the claim is about is in one of `results`, `errors` and `absent`: for a claim
    of the paper the models of its Table 1, and no others.

    Attributes
    ----------
    dataset
        A registry id.
    statistics
        How differences between models are judged.
    results
        The models that were measured, failed configurations or not.
    errors
        Model -> why it could not be measured.
    absent
        Model -> why it is not available here, and how to obtain it.
    """

    dataset: str
    statistics: Statistics
    results: Sequence[Result]
    errors: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_models(self) -> int:
        """How many models the claim is about."""
        return len(self.results) + len(self.errors) + len(self.absent)

    def ranked(self, number: Measured) -> tuple[dict[str, Result], dict[str, str]]:
        """Split into models with a value, the lowest first, and models without one, with why."""
        values: dict[str, float] = {}
        broken = dict(self.errors)
        for result in self.results:
            try:
                values[result.model] = result.value(number)
            except MeasurementError as error:
                broken[result.model] = str(error)
        results = {result.model: result for result in self.results}
        return {model: results[model] for model in sorted(values, key=lambda m: values[m])}, broken


class Context(Protocol):
    """What an assertion may ask for; each is measured once in a run.

    Every method may raise `Unavailable` or `MeasurementError`.
    """

    @property
    def compared(self) -> Sequence[str]:
        """The models that a claim of the paper compares: those of its Table 1."""

    @property
    def statistics(self) -> Statistics:
        """How verdicts that rest on an interval are decided."""

    def members(self, dataset: str) -> Sequence[str]:
        """Return the datasets of a pool; of a dataset, the dataset itself."""

    def elements(self, groups: Sequence[str]) -> Sequence[str]:
        """Return the elements of groups of the periodic table."""

    def configurations(self, dataset: str) -> Configurations:
        """Return a dataset's configurations."""

    def result(self, model: str, dataset: str) -> Result:
        """Return the result of one model on one dataset or pool."""

    def costs(self, device: Device) -> KnownCosts:
        """Return the known costs of models on a device."""


def require(context: Context, dataset: str) -> dict[str, Configurations]:
    """Return the configurations of a dataset, or of every dataset of a pool.

    Raises
    ------
    Unavailable
        Some are not available here; the message names each of them, and how to obtain it.
    MeasurementError, InputError
        One is available and not valid.
    """
    found: dict[str, Configurations] = {}
    absent: list[str] = []
    for member in context.members(dataset):
        try:
            found[member] = context.configurations(member)
        except Unavailable as error:
            absent.append(str(error))
    if not absent:
        return found
    if tuple(context.members(dataset)) == (dataset,):
        raise Unavailable(absent[0])
    count = f"{len(absent)} of {len(found) + len(absent)} datasets are not available here"
    lines = [line.splitlines()[0] for line in absent]
    how = "If you have the files, bring them: --umlip-datasets my-datasets.toml, an entry for each"
    raise Unavailable("\n".join([f"{dataset}: {count}", *lines, how]))


def gather(context: Context, models: Sequence[str], dataset: str) -> Evidence:
    """Return the results of several models on one dataset, and why others are missing.

    Raises
    ------
    Unavailable, MeasurementError, InputError
        The dataset is not available or not valid.
    """
    require(context, dataset)
    results: list[Result] = []
    errors: dict[str, str] = {}
    absent: dict[str, str] = {}
    for model in models:
        try:
            results.append(context.result(model, dataset))
        except Unavailable as error:
            absent[model] = str(error)
        except (MeasurementError, InputError) as error:
            errors[model] = str(error)
    return Evidence(dataset, context.statistics, results, errors, absent)
