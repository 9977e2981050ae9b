"""What a model predicts for configurations of a dataset, row for row, and its provenance."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from umlip_gate.errors import MeasurementError
from umlip_gate.provenance import Provenance


class Uncertainty(NamedTuple):
    """What a model states of its own errors.

    Attributes
    ----------
    energies
        Of the total energies, shape (n,), eV; NaN where it states nothing.
    forces
        Of each atom's force vector, shape (N,), eV/Å; the same.
    """

    energies: NDArray[np.float64]
    forces: NDArray[np.float64]

    def if_any(self) -> "Uncertainty | None":
        """Return it if it states something of every energy or of every force, else None."""
        stated = np.isfinite(self.energies).all() or np.isfinite(self.forces).all()
        return self if stated else None


@dataclass(frozen=True, eq=False)
class Predictions:
    """Energies and forces of n configurations with N atoms in all, in the dataset's order.

    Attributes
    ----------
    energies
        Total energies, shape (n,), eV; NaN where the row failed.
    forces
        Forces, shape (N, 3), eV/Å; NaN on every atom of a row that failed.
    failures
        Row -> the error's text. A row whose numbers are not finite has failed, listed or not.
    rows
        Their numbers in the dataset, ascending, shape (n,); without it, 0 to n - 1.
    provenance
        Where they come from; unless it is stated, they never count as accuracy.
    identity
        All that they depend on.
    uncertainty
        What the model states of its errors; None if nothing.
    stresses
        Shape (n, 3, 3), eV/Å³, as ASE counts them, NaN of those that have none; None if no stress
        was predicted, or none asked for.

    Raises
    ------
    MeasurementError
        The shapes are wrong, a failure names a row that does not exist, or a row is both
        listed as failed and given an energy.

    Notes
    -----
    The arrays are read-only views: what has been predicted is not edited afterwards.
    """

    energies: NDArray[np.float64]
    forces: NDArray[np.float64]
    failures: dict[int, str]
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    provenance: Provenance = "random"
    identity: dict[str, Any] = field(default_factory=dict)
    uncertainty: Uncertainty | None = None
    stresses: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for name in ("energies", "forces"):
            array = np.asarray(getattr(self, name), dtype=np.float64).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(
            self, "failures", {int(row): str(text) for row, text in self.failures.items()}
        )
        self._check()
        if not len(self.rows):
            object.__setattr__(self, "rows", np.arange(len(self)))
        if len(self.rows) != len(self):
            raise MeasurementError(
                f"predictions: {len(self.rows)} row numbers for {len(self)} rows"
            )

    def _check(self) -> None:
        if self.energies.ndim != 1:
            raise MeasurementError(
                f"predictions: energies have shape {self.energies.shape}, not (n,)"
            )
        if self.forces.ndim != 2 or self.forces.shape[1] != 3:  # noqa: PLR2004 - x, y and z
            raise MeasurementError(
                f"predictions: forces have shape {self.forces.shape}, not (N, 3)"
            )
        for row, text in self.failures.items():
            if not 0 <= row < len(self):
                raise MeasurementError(
                    f"predictions: a failure names row {row}, but the rows are 0 to {len(self) - 1}"
                )
            if not np.isnan(self.energies[row]):
                raise MeasurementError(
                    f"predictions: row {row} is listed as failed ({text}), "
                    f"yet has the energy {self.energies[row]} eV"
                )

    def __len__(self) -> int:
        return len(self.energies)

    def select(self, places: NDArray[np.int64], n_atoms: NDArray[np.int64]) -> "Predictions":
        """Return the predictions at some places.

        Parameters
        ----------
        places
            Places among these predictions, in the order wanted.
        n_atoms
            Of every row that there is, shape (n,).
        """
        ends = np.cumsum(n_atoms)
        parts = [np.arange(ends[place] - n_atoms[place], ends[place]) for place in places.tolist()]
        atoms = np.concatenate([np.empty(0, dtype=np.int64), *parts])
        stated = self.uncertainty
        return replace(
            self,
            energies=self.energies[places],
            forces=self.forces[atoms],
            uncertainty=stated and Uncertainty(stated.energies[places], stated.forces[atoms]),
            stresses=None if self.stresses is None else self.stresses[places],
            failures={
                new: self.failures[old]
                for new, old in enumerate(places.tolist())
                if old in self.failures
            },
            rows=self.rows[places],
        )

    def only(self, rows: NDArray[np.int64], n_atoms: NDArray[np.int64]) -> "Predictions":
        """Return the predictions of some rows.

        Parameters
        ----------
        rows
            Row numbers of the dataset, ascending.
        n_atoms
            Of each row of the dataset.
        """
        if len(rows) == len(self):
            return self
        return self.select(np.searchsorted(self.rows, rows), n_atoms[self.rows])

    @cached_property
    def failed(self) -> NDArray[np.bool_]:
        """Rows without a finite energy, shape (n,), read-only; every row listed is one of them.

        Which row a force belongs to only the configurations know:
        `umlip_gate.metrics.measurement` adds the rows with a force that is not finite.
        """
        failed = ~np.isfinite(self.energies)
        failed.flags.writeable = False
        return failed
