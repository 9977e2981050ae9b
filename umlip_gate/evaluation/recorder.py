"""What the evaluation of one check asks for, recorded for the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from umlip_gate.claims.physics_verdicts import PhysicsResult
from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.cost.evidence import Device, KnownCosts
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError
from umlip_gate.evaluation.evaluator import Evaluator
from umlip_gate.evaluation.physics import PhysicsEvaluator
from umlip_gate.predictions.sources import Choice


@dataclass
class Recorder:
    """Passes the questions of one check on to the evaluator, and records the answers.

    Attributes
    ----------
    evaluator
        What evaluates.
    source
        Which predictions are used; the evaluator's choice if it is None.
    known_costs
        Returns the known costs on a device, in a run that measures costs.
    physics_evaluator
        What evaluates models on the structures of physics.
    results
        Every result that was used.
    datasets
        Ids of every dataset that was read.
    """

    evaluator: Evaluator
    source: Choice | None = None
    known_costs: Callable[[Device], KnownCosts] | None = None
    physics_evaluator: PhysicsEvaluator | None = None
    results: list[Result] = field(default_factory=list)
    datasets: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the results file: `measurements`, and `datasets` by id."""
        return {
            "measurements": [result.to_json() for result in self.results],
            "datasets": {name: self.evaluator.describe(name) for name in sorted(self.datasets)},
        }

    @property
    def compared(self) -> list[str]:
        """The models that a claim of the paper compares: those of its Table 1."""
        return self.evaluator.compared

    @property
    def statistics(self) -> Statistics:
        """How verdicts that rest on an interval are decided."""
        return self.evaluator.statistics

    def members(self, dataset: str) -> tuple[str, ...]:
        """Return the datasets of a pool; of a dataset, the dataset itself."""
        pool = self.evaluator.pools.get(dataset)
        return pool.datasets if pool else (dataset,)

    def elements(self, groups: Sequence[str]) -> list[str]:
        """Return the elements of groups of the periodic table."""
        return [symbol for group in groups for symbol in self.evaluator.element_groups[group]]

    def configurations(self, dataset: str) -> Configurations:
        """Return a dataset's configurations."""
        configurations = self.evaluator.load(dataset)
        self.datasets.add(dataset)
        return configurations

    def result(self, model: str, dataset: str) -> Result:
        """Return the result of one model on one dataset or pool.

        Raises
        ------
        MeasurementError
            Its weights are random, which never count as accuracy.
        """
        result = self.any_result(model, dataset)
        if result.source == "random":
            raise MeasurementError(f"{model}: random weights never count as accuracy")
        return result

    def other_result(self, dataset: str) -> Result:
        """Return the result of the model that the candidate is compared with.

        Raises
        ------
        MeasurementError
            There is none, or its weights are random.
        """
        if self.evaluator.against is None:
            raise MeasurementError("no model to compare with: give --umlip-against=ID|FILE")
        return self.result(self.evaluator.against, dataset)

    def any_result(self, model: str, dataset: str) -> Result:
        """Return the same with random weights too: whether a model runs."""
        result = self.evaluator.evaluate(model, dataset, self.source)
        self.results.append(result)
        self.datasets.update(self.members(dataset))
        return result

    def physics(self, model: str, dataset: str, quantity: str) -> PhysicsResult:
        """Return how far a model is from a law of physics, and others of the same study."""
        assert self.physics_evaluator is not None  # noqa: S101 - checks of physics come with one
        result = self.physics_evaluator.evaluate(model, dataset, quantity)
        if dataset not in self.physics_evaluator.elements:
            self.datasets.add(dataset)
        return result

    def costs(self, device: Device) -> KnownCosts:
        """Return the known costs of models on a device.

        Raises
        ------
        MeasurementError
            This run is not about costs.
        """
        if self.known_costs is None:
            raise MeasurementError("no cost is measured in this run; add --benchmark-only")
        return self.known_costs(device)
