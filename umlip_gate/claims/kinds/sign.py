"""The sign of the mean error of the energy, over rows of positive or of negative energy."""

from typing import Literal

import numpy as np

from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.evidence import Bench
from umlip_gate.claims.kinds.base import Ids, Kind, Subject
from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.claims.words import name_of, shown
from umlip_gate.faults import NotMeasured
from umlip_gate.metrics.bootstrap import interval_of, replicates
from umlip_gate.metrics.errors import Estimator
from umlip_gate.metrics.quantities import QUANTITIES

Sign = Literal["positive", "negative"]


class SignOf(Kind, Measured):
    """Each model's energies are too high, or too low, on the mean over some rows.

    Judged by the bootstrap over these rows: inside where the 95 % interval of the mean signed
    error has the claimed sign, outside where it has the other, undecided where it holds zero.

    Attributes
    ----------
    models, datasets
        Registry ids.
    sign
        Of the mean of predicted minus reference energy.
    energies
        Of the rows that are meant: the sign of their reference energy.
    """

    kind: Literal["sign"]
    models: Ids
    datasets: Ids
    sign: Sign
    energies: Sign
    quantity: Literal["energy_offset"]

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    def subjects(self) -> list[Subject]:
        """List every model on every dataset."""
        return [Subject(model, dataset) for model in self.models for dataset in self.datasets]

    def judge(self, subject: Subject, bench: Bench) -> Judgement:
        """Judge the subject's model over its rows.

        Raises
        ------
        NotMeasured
            There are no such rows, or configurations failed.
        """
        assert subject.model is not None  # noqa: S101 - as listed by `subjects`
        cell = bench.cell(subject.model, subject.dataset)
        cell.value(self)  # no number over those that did not fail
        energies = cell.errors.reference_energy
        rows = energies > 0 if self.energies == "positive" else energies < 0
        if not rows.any():
            raise NotMeasured(f"{subject.dataset} has no rows of {self.energies} energy")
        errors, key = cell.errors.select(rows), (self.quantity, self.convention)
        value = float(Estimator(errors)(np.ones((1, len(errors))))[key][0])
        interval = interval_of(replicates(errors)[key])
        sign = 1 if self.sign == "positive" else -1
        ahead = sorted(-sign * end for end in interval)
        finding = Finding.of_difference((ahead[0], ahead[1]))
        return Judgement(
            finding=finding,
            model=cell.model,
            dataset=cell.dataset,
            source=cell.source,
            value=value,
            interval=interval,
            relation=">" if sign == 1 else "<",
            limit=0.0,
            unit=QUANTITIES[self.quantity].unit,
            text=f"{cell.model} on {cell.dataset} ({cell.source}): {name_of(self)} over "
            f"{len(errors)} of {len(rows)} rows, those of {self.energies} energy, "
            f"{shown(value, interval, 0.0, self.unit)}, {finding}: claimed {self.sign}",
        )
