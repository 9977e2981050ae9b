"""A study: many trials whose structures are evaluated together, each structure once."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ase import Atoms

from umlip_gate.datasets.configurations import Configurations, FloatArray, IntArray, Row
from umlip_gate.physics.trial import Answer, Deviations, Trial, same_answer
from umlip_gate.predictions.predictions import Predictions


class Case(NamedTuple):
    """A trial, and what its structures were made from; `str` names it."""

    origin: object
    trial: Trial


class Deviation(NamedTuple):
    """How far a model is from a law of physics.

    Attributes
    ----------
    value
        The largest over all trials, in the quantity's unit.
    origin
        What the structures were made from.
    n_trials
        Over how many trials.
    structures
        What was compared there.
    saved
        A file that holds them, if it is beyond a limit.
    smallest
        What they were made from instead, if a smaller structure is beyond the limit as well.
    """

    value: float
    origin: object
    n_trials: int
    structures: tuple[Atoms, ...]
    saved: Path | None = None
    smallest: object = None


@dataclass(frozen=True, eq=False)
class Study:
    """Trials, and the structures that a model is asked for.

    Attributes
    ----------
    cases
        The trials. A structure that several of them share, as the same object, is asked for once.
    again
        How each structure is evaluated once more: `batch`, by itself and in reverse order; or a
        name of `umlip_gate.predictions.variants`. Quantities begin with it. Empty for not at all.
    needs
        What the model's family must be able to answer, an attribute of `Abilities`.
    asks_stress
        Whether the first structure of each trial is asked for its stress.
    """

    cases: tuple[Case, ...]
    again: str = ""
    needs: str = ""
    asks_stress: bool = False

    @cached_property
    def _rows(self) -> dict[int, int]:
        """Row of each structure in `configurations`, by the structure's `id`."""
        structures = (atoms for case in self.cases for atoms in case.trial.structures)
        return {key: row for row, key in enumerate(dict.fromkeys(map(id, structures)))}

    @cached_property
    def structures(self) -> tuple[Atoms, ...]:
        """Every structure, once."""
        found = {id(atoms): atoms for case in self.cases for atoms in case.trial.structures}
        return tuple(found[key] for key in self._rows)

    @cached_property
    def configurations(self) -> Configurations:
        """The structures as a dataset without a reference: its energies and forces are NaN."""
        return Configurations.from_rows(
            [Row(atoms, np.nan, np.full((len(atoms), 3), np.nan)) for atoms in self.structures]
        )

    @cached_property
    def rows_with_stress(self) -> IntArray:
        """Rows of `configurations` whose stress is asked for."""
        firsts = [self._rows[id(case.trial.structures[0])] for case in self.cases]
        return np.array(firsts if self.asks_stress else [], dtype=np.int64)

    def measure(
        self, predictions: Predictions, stresses: FloatArray | None = None
    ) -> dict[str, Deviation]:
        """Return the largest deviation of each quantity.

        Parameters
        ----------
        predictions
            For `configurations`. A trial with a failed row deviates by NaN, which no limit holds.
        stresses
            Of `rows_with_stress`, shape (n, 3, 3), eV/Å³, where the model predicts them.
        """
        answers = self._answers(predictions)
        if stresses is not None:
            for row, stress in zip(self.rows_with_stress.tolist(), stresses, strict=True):
                answers[row] = answers[row]._replace(stress=stress)
        return _largest(
            (case, case.trial.compare([answers[self._rows[id(a)]] for a in case.trial.structures]))
            for case in self.cases
        )

    def disagreement(self, once: Predictions, again: Predictions) -> dict[str, Deviation]:
        """Return how far the cases' structures are from the same evaluated in another way."""
        pairs = zip(self._answers(once), self._answers(again), strict=True)
        return _largest(
            (case, same_answer(self.again, pair))
            for case, pair in zip(self.cases, pairs, strict=True)
        )

    def _answers(self, predictions: Predictions) -> list[Answer]:
        offsets = self.configurations.offsets
        return [
            Answer(float(energy), predictions.forces[start:end])
            for energy, start, end in zip(
                predictions.energies, offsets[:-1], offsets[1:], strict=True
            )
        ]

    def failures(self, predictions: Predictions) -> Mapping[str, str]:
        """Return why structures failed, by what they were made from."""
        return {
            str(origin): predictions.failures[row]
            for origin, trial in self.cases
            for row in (self._rows[id(atoms)] for atoms in trial.structures)
            if row in predictions.failures
        }


def _largest(found: Iterable[tuple[Case, Deviations]]) -> dict[str, Deviation]:
    """Return the largest deviation of each quantity; NaN if one of them is."""
    measured: dict[str, Deviation] = {}
    for (origin, trial), deviations in found:
        for quantity, value in deviations.items():
            before = measured.get(quantity, Deviation(-math.inf, origin, 0, ()))
            largest = before
            if np.maximum(before.value, value) != before.value and not math.isnan(before.value):
                largest = Deviation(value, origin, 0, trial.structures)
            measured[quantity] = largest._replace(n_trials=before.n_trials + 1)
    return measured
