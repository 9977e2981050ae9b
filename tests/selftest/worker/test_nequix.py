"""Nequix in its own environment: random weights, saved as published ones are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from umlip_gate.models.registry import load_models
from umlip_gate.worker.adapters import nequix as adapter
from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest

SIZES = load_models()["Nequix-OAM-1"].settings["architecture"]


@pytest.fixture(autouse=True, scope="module")
def _where_it_is_installed() -> None:
    """At run time: collection imports no model package."""
    pytest.importorskip("nequix")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file such as the published ones, alone in its folder."""
    import jax  # noqa: PLC0415 - only where it is
    from nequix.model import Nequix, save_model  # noqa: PLC0415

    assert isinstance(SIZES, dict)
    sizes: dict[str, Any] = {**SIZES, "index_weights": False}
    elements = sorted(MPTRJ)
    model = Nequix(key=jax.random.key(0), n_species=len(elements), **sizes)
    config = {
        **sizes,
        "atomic_numbers": elements,
        "atom_energies": {str(z): -z / 10 for z in elements},
    }
    path = tmp_path_factory.mktemp("nequix") / "weights.nqx"
    save_model(path, model, json.loads(json.dumps(config)))
    return path


def structures() -> list[Atoms]:
    metal = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    cluster = Atoms("W3", positions=[(0, 0, 0), (2.6, 0, 0), (0, 2.7, 0.3)])
    for seed, atoms in enumerate((metal, salt)):
        atoms.rattle(0.08, seed=seed)
    return [metal, salt, cluster]


def test_a_batch_answers_as_the_packages_calculator(checkpoint: Path, tmp_path: Path) -> None:
    from nequix.calculator import NequixCalculator  # noqa: PLC0415 - only where it is

    copied = tmp_path / "copy.nqx"  # its calculator writes beside the file
    copied.write_bytes(checkpoint.read_bytes())
    calculator = NequixCalculator("copy", str(copied), backend="torch", use_kernel=False)
    found = adapter.load(LoadSpec(checkpoint), "cpu", "float32").evaluate(structures())
    for result, atoms in zip(found, structures(), strict=True):
        atoms.calc = calculator
        assert result.energy_ev == pytest.approx(
            atoms.get_potential_energy(), abs=1e-5 * len(atoms)
        )
        np.testing.assert_allclose(result.forces_ev_per_ang, atoms.get_forces(), atol=1e-4)


def test_nothing_is_written_beside_the_verified_file(checkpoint: Path) -> None:
    before = checkpoint.read_bytes()
    adapter.load(LoadSpec(checkpoint), "cpu", "float32")
    assert [file.name for file in checkpoint.parent.iterdir()] == [checkpoint.name]
    assert checkpoint.read_bytes() == before
