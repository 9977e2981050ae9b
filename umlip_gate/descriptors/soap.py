"""SOAP vectors of atoms sampled from a dataset, computed by dscribe in its own environment."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.coverage import Environments
from umlip_gate.models.environments import family_interpreter
from umlip_gate.schema import Strict

ENVIRONMENT = "descriptors"
SCRIPT = Path(__file__).with_name("compute_soap.py")

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class Soap(Strict):
    """The smooth overlap of atomic positions, Bartók et al., Phys. Rev. B 87, 184115 (2013).

    Attributes
    ----------
    r_cut_ang
        The radius of an environment.
    n_max, l_max
        Radial functions, and the highest degree of the spherical ones.
    sigma_ang
        The width of the Gaussian on each atom.
    n_environments
        How many atoms are drawn from each dataset, without replacement; all if it has fewer.
    seed
        Of numpy's default generator.
    """

    r_cut_ang: Positive
    n_max: Count
    l_max: Count
    sigma_ang: Positive
    n_environments: Count
    seed: int


def environments(configurations: Configurations, soap: Soap, species: list[int]) -> Environments:
    """Describe a sample of a dataset's atoms, each vector scaled to length 1.

    Parameters
    ----------
    configurations
        The dataset.
    soap
        What is computed.
    species
        Atomic numbers of everything that may occur, so that datasets are compared alike.

    Raises
    ------
    Unavailable
        There is no environment with dscribe.
    MeasurementError
        The computation failed.
    """
    python = family_interpreter(ENVIRONMENT, "dscribe")
    total = len(configurations.numbers)
    generator = np.random.default_rng(soap.seed)
    atoms = np.sort(generator.choice(total, min(soap.n_environments, total), replace=False))
    own = np.searchsorted(configurations.offsets, atoms, side="right") - 1
    drawn = configurations.select(np.unique(own))
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder, "given.npz"), Path(folder, "found.npy")
        np.savez(
            given,
            n_atoms=drawn.n_atoms,
            numbers=drawn.numbers,
            positions=drawn.positions,
            cells=drawn.cells,
            pbc=drawn.pbc,
            row=np.unique(own, return_inverse=True)[1],
            atom=atoms - configurations.offsets[own],
        )
        said = json.dumps({**soap.model_dump(), "species": species})
        command = [str(python), str(SCRIPT), str(given), str(found), said]
        run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our script
        if run.returncode:
            last = (run.stderr.strip() or "nothing").splitlines()[-1]
            raise MeasurementError(
                f"SOAP: {python} ended with {run.returncode}; it said: {last[:300]}"
            )
        vectors = np.load(found)
    return Environments(vectors, own, configurations.groups[own])
