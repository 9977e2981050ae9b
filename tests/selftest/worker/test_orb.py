"""Orb's checkpoints, in the family's own environment: random ones, saved as published ones are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from umlip_gate.models.registry import load_models
from umlip_gate.worker.adapters import orb as adapter
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest


@pytest.fixture(autouse=True, scope="module")
def _where_it_is_installed() -> None:
    """At run time: collection imports no model package."""
    pytest.importorskip("orb_models")


MODELS = {name: model for name, model in load_models().items() if model.family == "orb"}
SETTINGS = MODELS["Orb-d3-xs-v2"].settings


def random(name: str = "Orb-d3-xs-v2") -> adapter.OrbPotential:
    return adapter.load(LoadSpec(random_seed=1, settings=MODELS[name].settings), "cpu", "float32")


def written(folder: Path, state: dict[str, Any]) -> LoadSpec:
    path = folder / "checkpoint.ckpt"
    import torch  # noqa: PLC0415 - only where it is

    torch.save(state, path)
    return LoadSpec(path, settings=SETTINGS)


def crystal() -> Atoms:
    atoms: Atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    atoms.rattle(0.1, seed=1)
    return atoms


@pytest.mark.parametrize("dtype", adapter.DTYPES)
def test_a_checkpoint_answers_as_the_packages_calculator(tmp_path: Path, dtype: str) -> None:
    from orb_models.forcefield import pretrained  # noqa: PLC0415 - only where it is
    from orb_models.forcefield.calculator import ORBCalculator  # noqa: PLC0415

    spec = written(tmp_path, random().model.state_dict())
    (found,) = adapter.load(spec, "cpu", dtype).evaluate([crystal()])
    assert found.forces_ev_per_ang.dtype == dtype
    model = pretrained.orb_d3_xs_v2(
        weights_path=str(spec.checkpoint),
        device="cpu",
        precision=adapter.PRECISION[dtype],
        compile=False,
    )
    atoms = crystal()
    atoms.calc = ORBCalculator(model, device="cpu")
    accuracy = 1e-4 if dtype == "float32" else 1e-10
    assert found.energy_ev == pytest.approx(float(atoms.get_potential_energy()), abs=accuracy)
    np.testing.assert_allclose(found.forces_ev_per_ang, atoms.get_forces(), atol=accuracy)


@pytest.mark.parametrize("name", ["Orb-v3-conservative-inf-omat", "Orb-v3-direct-20-omat"])
def test_orb_v3_answers_as_the_packages_calculator(tmp_path: Path, name: str) -> None:
    from orb_models.forcefield import pretrained  # noqa: PLC0415 - only where it is
    from orb_models.forcefield.calculator import ORBCalculator  # noqa: PLC0415

    made = random(name)
    spec = replace(written(tmp_path, made.model.state_dict()), settings=MODELS[name].settings)
    (found,) = adapter.load(spec, "cpu", "float32").evaluate([crystal()])
    load = getattr(pretrained, str(MODELS[name].settings["architecture"]))
    model = load(
        weights_path=str(spec.checkpoint), device="cpu", precision="float32-high", compile=False
    )
    atoms = crystal()
    atoms.calc = ORBCalculator(model, device="cpu")
    assert found.energy_ev == pytest.approx(float(atoms.get_potential_energy()), abs=1e-4)
    np.testing.assert_allclose(found.forces_ev_per_ang, atoms.get_forces(), atol=1e-4)
    assert made.cutoff_ang == MODELS[name].cutoff_ang


@pytest.mark.parametrize("head", adapter.USED_HEADS)
def test_a_checkpoint_that_lacks_a_head(tmp_path: Path, head: str) -> None:
    state = random().model.state_dict()
    kept = {key: value for key, value in state.items() if not key.startswith(head)}
    assert len(kept) < len(state)
    with pytest.raises(ValueError, match=f"not in it, the first {head}.*would stay random"):
        adapter.load(written(tmp_path, kept), "cpu", "float32")


def test_a_checkpoint_without_the_stress_is_enough(tmp_path: Path) -> None:
    state = random().model.state_dict()
    kept = {key: value for key, value in state.items() if not key.startswith("heads.stress.")}
    assert len(kept) < len(state)
    adapter.load(written(tmp_path, kept), "cpu", "float32")


def test_a_checkpoint_of_another_size(tmp_path: Path) -> None:
    state = random("Orb-d3-sm-v2").model.state_dict()
    with pytest.raises(RuntimeError, match="Unexpected key"):
        adapter.load(written(tmp_path, state), "cpu", "float32")


@pytest.mark.parametrize("settings", [{}, {"architecture": "orb_v3_direct_inf_mpa"}])
def test_only_what_is_asked_in_the_right_way(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="architecture is one of orb_v2, "):
        adapter.load(LoadSpec(tmp_path, settings=settings), "cpu", "float32")


def test_the_twenty_neighbours_cut_a_shell_of_bcc() -> None:
    perfect: Atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    moved = perfect.copy()
    moved.positions += (0.37, 0.61, 0.13)
    here, there = random().evaluate([perfect, moved])
    assert np.abs(here.forces_ev_per_ang).max() > 1e-4
    assert here.energy_ev != pytest.approx(there.energy_ev, abs=1e-4)
