"""What is measured: the one place of names, units and conventions.

Conventions
-----------
per_configuration
    Every configuration weighs 1.
per_atom
    Every configuration weighs its number of atoms.
…_offset_removed
    The mean error is removed first, the mean being taken with the same weights.
…_composition_removed
    What depends on the composition alone is removed first, by least squares over the elements
    with the same weights: for reference energies of another code, or other pseudopotentials,
    which count from other zeros.
component
    Over the 3N Cartesian components of the forces; of stresses over the six independent ones, of
    the configurations whose reference has a stress.
vector
    Over the N force vectors: the error is the length of the difference.
total
    Of the whole configuration's energy.
best_system, worst_system, all_points
    Of the system of host and solute with the lowest, the highest, and of all points alike.
count
    A plain number of things.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Quantity:
    """A number that a model has on a dataset.

    Attributes
    ----------
    name
        What threshold files call it.
    key
        What results call it: the name, and the unit where it could be mistaken.
    unit
        The unit of its values, as threshold files write it ("1": a plain number).
    conventions
        The ways in which it is computed; all of them are always reported.
    definition
        One line for a reader.
    of
        What has it: any model by its energies and forces, an ensemble, or a model on a dataset
        of interaction energies.
    """

    name: str
    key: str
    unit: str
    conventions: tuple[str, ...]
    definition: str
    of: Literal["model", "ensemble", "interactions"] = "model"

    @property
    def never_negative(self) -> bool:
        """Whether it is a size, whose interval is one of its inverse square."""
        return self.name.endswith(("_rmse", "_mae", "_share"))

    def needs_same_functional(self, convention: str) -> bool:
        """Whether it depends on the zero of energy, which every functional has its own of.

        Of energies, all that has not removed the elements' reference energies does.
        """
        return self.name.startswith("energy_") and not convention.endswith("_composition_removed")

    def other_averaging(self, convention: str) -> str | None:
        """Return the same number in the other averaging convention; None if there is none.

        Per configuration and per atom of an error, total and per atom of an ensemble's spread.
        """
        for one, other in (("per_configuration", "per_atom"), ("total", "per_atom")):
            for first, second in ((one, other), (other, one)):
                name = second + convention.removeprefix(first)
                if convention.startswith(first) and name in self.conventions:
                    return name
        return None

    def doubt_on_samples(self, convention: str) -> str | None:
        """Return why a sample's interval passes no limit under a convention; None if it may.

        Where every configuration weighs 1, a few small cells can carry the error, and a sample
        that misses them has an interval below it: of 128 rows of W-g, intervals of nominally
        95 % held the whole's `energy_rmse` in as little as 73 % of the samples. A worst share is
        carried by few rows by definition, and was held in as little as 36 %. All that is not
        doubted was held in 93 % or more (`tests/accuracy/test_sampling_design.py`).
        """
        if self.name.endswith("_worst_share"):
            return "the worst 1 % are too few to be found in it"
        if convention in EQUALLY_WEIGHTED:
            return "where every configuration weighs 1, it misses the whole's value too often"
        return None


EQUALLY_WEIGHTED = frozenset(
    f"per_configuration{removed}" for removed in ("", "_offset_removed", "_composition_removed")
)
"""The conventions in which every configuration weighs 1."""

_WEIGHTS = ("per_configuration", "per_atom")
_ENERGY = (*_WEIGHTS, *(f"{weight}_offset_removed" for weight in _WEIGHTS))
_REFERENCED = tuple(f"{weight}_composition_removed" for weight in _WEIGHTS)
_FORCE = ("component", "vector")

QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        quantity.name: quantity
        for quantity in (
            Quantity(
                "energy_rmse",
                "energy_rmse_mev_per_atom",
                "meV/atom",
                (*_ENERGY, *_REFERENCED),
                "root of the mean squared error of the energy per atom",
            ),
            Quantity(
                "energy_mae",
                "energy_mae_mev_per_atom",
                "meV/atom",
                _ENERGY,
                "mean absolute error of the energy per atom",
            ),
            Quantity(
                "energy_offset",
                "energy_offset_mev_per_atom",
                "meV/atom",
                _WEIGHTS,
                "mean of predicted minus reference energy per atom (signed)",
            ),
            Quantity(
                "energy_slope",
                "energy_slope",
                "1",
                _REFERENCED,
                "slope of predicted against reference energies per atom",
            ),
            Quantity(
                "force_rmse",
                "force_rmse_mev_per_ang",
                "meV/Å",
                _FORCE,
                "root of the mean squared error of the forces",
            ),
            Quantity(
                "force_mae",
                "force_mae_mev_per_ang",
                "meV/Å",
                _FORCE,
                "mean absolute error of the forces",
            ),
            Quantity(
                "force_slope",
                "force_slope",
                "1",
                ("component",),
                "slope of predicted against reference forces, through the origin",
            ),
            Quantity(
                "stress_rmse",
                "stress_rmse_gpa",
                "GPa",
                ("component",),
                "root of the mean squared error of the stress",
            ),
            Quantity(
                "stress_slope",
                "stress_slope",
                "1",
                ("component",),
                "slope of predicted against reference stresses, through the origin",
            ),
            Quantity(
                "energy_worst_share",
                "energy_worst_share",
                "1",
                _WEIGHTS,
                "share of the squared energy error in the worst 1 % of the configurations",
            ),
            Quantity(
                "force_worst_share",
                "force_worst_share",
                "1",
                ("component",),
                "share of the squared force error in the worst 1 % of the configurations",
            ),
            Quantity(
                "energy_deviation_spearman",
                "energy_deviation_spearman",
                "1",
                ("total", "per_atom"),
                "how well an ensemble's spread in energy orders the errors of its mean",
                "ensemble",
            ),
            Quantity(
                "force_deviation_spearman",
                "force_deviation_spearman",
                "1",
                ("vector",),
                "how well an ensemble's spread in forces orders the errors of its mean",
                "ensemble",
            ),
            Quantity(
                "interaction_rmse",
                "interaction_rmse_mev",
                "meV",
                ("best_system", "worst_system", "all_points"),
                "root of the mean squared error of solute-defect interaction energies",
                "interactions",
            ),
            Quantity(
                "failed_configurations",
                "failed_configurations",
                "configurations",
                ("count",),
                "configurations for which the model gave no finite energy and forces",
            ),
        )
    }
)
