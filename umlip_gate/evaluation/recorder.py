"""What the judging of an item asks for, and what it kept for the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from umlip_gate.claims.evidence import Cell
from umlip_gate.claims.physics_verdicts import PhysicsResult
from umlip_gate.claims.statistics import Statistics
from umlip_gate.cost.evidence import Device, KnownCosts
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError
from umlip_gate.evaluation.evaluator import Evaluator, Measurement
from umlip_gate.evaluation.physics import PhysicsEvaluator
from umlip_gate.predictions.sources import Choice


@dataclass
class Recorder:
    """What the judging of one item asks for, kept for the report.

    Attributes
    ----------
    laboratory
        Where it is measured.
    source
        Which predictions are taken; the laboratory's choice if it is None.
    known_costs
        Tells what is known of costs, in a run that measures them.
    physics_evaluator
        What evaluates models on the structures of physics.
    measurements
        Everything that was measured on the way.
    datasets
        Every dataset that was read on the way.
    """

    laboratory: Evaluator
    source: Choice | None = None
    known_costs: Callable[[Device], KnownCosts] | None = None
    physics_evaluator: PhysicsEvaluator | None = None
    measurements: list[Measurement] = field(default_factory=list)
    datasets: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the results file: `measurements`, and `datasets` by id."""
        return {
            "measurements": [measurement.to_json() for measurement in self.measurements],
            "datasets": {name: self.laboratory.describe(name) for name in sorted(self.datasets)},
        }

    @property
    def compared(self) -> list[str]:
        """The models that a claim of the paper compares: those of its Table 1."""
        return self.laboratory.compared

    @property
    def statistics(self) -> Statistics:
        """By what verdicts that rest on an interval are decided."""
        return self.laboratory.statistics

    def members(self, dataset: str) -> tuple[str, ...]:
        """Name the datasets of a pool; of a dataset, itself."""
        pool = self.laboratory.pools.get(dataset)
        return pool.datasets if pool else (dataset,)

    def elements(self, groups: Sequence[str]) -> list[str]:
        """Name the elements of groups of the periodic table."""
        return [symbol for group in groups for symbol in self.laboratory.element_groups[group]]

    def configurations(self, dataset: str) -> Configurations:
        """Give a dataset's configurations."""
        configurations = self.laboratory.load(dataset)
        self.datasets.add(dataset)
        return configurations

    def cell(self, model: str, dataset: str) -> Cell:
        """Give what one model measures on one dataset or pool.

        Raises
        ------
        MeasurementError
            Its weights are random: they never stand for accuracy.
        """
        cell = self.any_cell(model, dataset)
        if cell.source == "random":
            raise MeasurementError(f"{model}: random weights never stand for accuracy")
        return cell

    def physics(self, model: str, dataset: str) -> PhysicsResult:
        """Return how far a model is from laws of physics on cells of a dataset."""
        assert self.physics_evaluator is not None  # noqa: S101 - checks of physics come with one
        result = self.physics_evaluator.evaluate(model, dataset)
        self.datasets.add(dataset)
        return result

    def costs(self, device: Device) -> KnownCosts:
        """Give what is known of the costs of models on a device.

        Raises
        ------
        MeasurementError
            This run is not about costs.
        """
        if self.known_costs is None:
            raise MeasurementError(
                "no cost is measured in this run: --benchmark-only measures them"
            )
        return self.known_costs(device)

    def any_cell(self, model: str, dataset: str) -> Cell:
        """Give the same with random weights too: whether a model runs."""
        measurement = self.laboratory.measure(model, dataset, self.source)
        self.measurements.append(measurement)
        self.datasets.update(self.members(dataset))
        return measurement.cell
