"""MatterSim's checkpoints, in the family's own environment: random ones, saved as published ones
are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from umlip_gate.models.registry import load_models
from umlip_gate.worker.adapters import mattersim as adapter
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest


@pytest.fixture(autouse=True, scope="module")
def _where_it_is_installed() -> None:
    """At run time: collection imports no model package."""
    pytest.importorskip("mattersim")


@pytest.fixture
def checkpoint() -> dict[str, Any]:
    settings = load_models()["MatterSim-v1.0.0-1M"].settings
    network = adapter.load(LoadSpec(random_seed=3, settings=settings), "cpu", "float32").potential
    sizes = network.model.model_args
    state = dict(network.model.state_dict())
    return {"model_name": "m3gnet", "model_args": sizes, "model": state}


def loaded(folder: Path, checkpoint: dict[str, Any]) -> adapter.MattersimPotential:
    path = folder / "checkpoint.pth"
    import torch  # noqa: PLC0415 - only where it is

    torch.save(checkpoint, path)
    return adapter.load(LoadSpec(path), "cpu", "float32")


def test_a_checkpoint_answers_as_the_packages_calculator(
    tmp_path: Path, checkpoint: dict[str, Any]
) -> None:
    from mattersim.forcefield import MatterSimCalculator  # noqa: PLC0415 - only where it is

    atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    atoms.rattle(0.1, seed=1)
    (found,) = loaded(tmp_path, checkpoint).evaluate([atoms])
    atoms.calc = MatterSimCalculator.from_checkpoint(str(tmp_path / "checkpoint.pth"), device="cpu")
    assert found.energy_ev == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
    np.testing.assert_allclose(found.forces_ev_per_ang, atoms.get_forces(), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("graph_conv.1.gated_mlp_atom", "are not in it, 0 of"),
        ("normalizer.shift", "1 tensors of the model are not in it, 0 of"),
    ],
)
def test_a_checkpoint_that_lacks_weights(
    tmp_path: Path, checkpoint: dict[str, Any], name: str, counts: str
) -> None:
    kept = {key: value for key, value in checkpoint["model"].items() if not key.startswith(name)}
    with pytest.raises(ValueError, match=counts):
        loaded(tmp_path, checkpoint | {"model": kept})


def test_a_checkpoint_of_a_larger_model(tmp_path: Path, checkpoint: dict[str, Any]) -> None:
    fewer = checkpoint["model_args"] | {"num_blocks": 2}
    with pytest.raises(ValueError, match=r"0 tensors of the model are not in it, [1-9]"):
        loaded(tmp_path, checkpoint | {"model_args": fewer})


def test_a_checkpoint_without_the_fixed_bases(tmp_path: Path, checkpoint: dict[str, Any]) -> None:
    kept = {key: value for key, value in checkpoint["model"].items() if "bf." not in key}
    assert len(kept) < len(checkpoint["model"])
    assert loaded(tmp_path, checkpoint | {"model": kept}).n_parameters == 890_034
