"""What a model says about the configurations of a dataset, row for row."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from umlip_gate.errors import MeasurementError


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

    def __post_init__(self) -> None:
        for name in ("energies", "forces"):
            array = np.asarray(getattr(self, name), dtype=np.float64).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(
            self, "failures", {int(row): str(text) for row, text in self.failures.items()}
        )
        self._check()

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

    def select(self, rows: NDArray[np.int64], n_atoms: NDArray[np.int64]) -> "Predictions":
        """Keep some rows.

        Parameters
        ----------
        rows
            Their numbers, in the order wanted.
        n_atoms
            Of every row that there is, shape (n,).
        """
        ends = np.cumsum(n_atoms)
        atoms = [np.arange(ends[row] - n_atoms[row], ends[row]) for row in rows.tolist()]
        return Predictions(
            self.energies[rows],
            self.forces[np.concatenate([np.empty(0, dtype=np.int64), *atoms])],
            {
                new: self.failures[old]
                for new, old in enumerate(rows.tolist())
                if old in self.failures
            },
        )

    @cached_property
    def failed(self) -> NDArray[np.bool_]:
        """Rows without a finite energy, shape (n,), read-only; every row listed is one of them.

        Which row a force belongs to only the configurations know:
        `umlip_gate.metrics.measurement` adds the rows with a force that is not finite.
        """
        failed = ~np.isfinite(self.energies)
        failed.flags.writeable = False
        return failed
