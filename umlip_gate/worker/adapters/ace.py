"""ACE (Drautz 2019) in python-ace, on a CPU in float64.

A structure that is not periodic in every direction is evaluated in a periodic cell with vacuum
beyond the cutoff, which is the same: python-ace refuses mixed periodicity.
"""

import numpy as np
from ase.data import atomic_numbers

from umlip_gate.worker.potential import ANSWERS, LoadSpec
from umlip_gate.worker.vacuum import PeriodicPotential

PACKAGES = ("python-ace", "numpy", "scipy", "ase")
ENVIRONMENT = "classical"
DTYPES = ("float64",)
ATOMS_PER_BATCH = {"cpu": 1}
"""A calculator takes one structure at a time, and computes on a CPU."""

ABILITIES = ANSWERS
"""An atom without neighbours has the energy of a free atom, which the potential defines."""


def load(spec: LoadSpec, device: str, dtype: str) -> PeriodicPotential:  # noqa: ARG001 - CPU, float64
    """Load an ACE potential, or its basis with random coefficients.

    Parameters
    ----------
    spec
        The checkpoint, a YAML file of python-ace; setting `architecture` for random coefficients.
    device
        `cpu`.
    dtype
        It computes in float64.
    """
    from pyace import (  # noqa: PLC0415 - packages are imported in a worker only
        ACEBBasisSet,
        PyACECalculator,
        create_multispecies_basis_config,
    )

    if spec.random_seed is None:
        basis = ACEBBasisSet(str(spec.checkpoint))
    else:
        architecture = spec.settings["architecture"]
        bonds = {"ALL": {**architecture["bonds"], "core-repulsion": [0.0, 0.0]}}
        basis = ACEBBasisSet(
            create_multispecies_basis_config(
                {
                    "deltaSplineBins": 0.001,
                    "elements": architecture["elements"],
                    "embeddings": {"ALL": architecture["embeddings"]},
                    "bonds": bonds,
                    "functions": {"ALL": architecture["functions"]},
                }
            )
        )
        rng = np.random.default_rng(spec.random_seed)
        basis.all_coeffs = (0.1 * rng.normal(size=len(basis.all_coeffs))).tolist()
    calculator = PyACECalculator(basis)
    calculator.compute_projections = False  # not needed for energies and forces
    elements = frozenset(atomic_numbers[symbol] for symbol in basis.elements_name)
    return PeriodicPotential(calculator, float(basis.cutoffmax), elements, len(basis.all_coeffs))
