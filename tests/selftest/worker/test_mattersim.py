"""MatterSim's checkpoints, in the family's own environment: random ones, saved as published ones
are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from umlip_gate.models.registry import load_models
from umlip_gate.worker.adapters import mattersim as adapter
from umlip_gate.worker.potential import EnergyForces, LoadSpec

pytestmark = pytest.mark.selftest


@pytest.fixture
def checkpoint() -> dict[str, Any]:
    pytest.importorskip("mattersim")  # at run time: collection imports no model package
    settings = load_models()["MatterSim-v1.0.0-1M"].settings
    network = adapter.load(LoadSpec(random_seed=3, settings=settings), "cpu", "float32").potential
    sizes = network.model.model_args
    state = dict(network.model.state_dict())
    return {"model_name": "m3gnet", "model_args": sizes, "model": state}


class Batched:
    """Two crystals in a batch: forces of the second one are off by a share of the largest."""

    def __init__(self, share: float) -> None:
        self.share = share

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        results = [EnergyForces(-1.0, 1e-3 * atoms.positions) for atoms in structures]
        for result in results[1:]:
            result.forces_ev_per_ang[:] += self.share * np.abs(result.forces_ev_per_ang).max()
        return results


def test_a_version_that_is_wrong_for_batches_is_refused() -> None:
    """mattersim 1.2.5 differs by 7e-3 of the largest force, 1.2.3 by 4e-7."""
    adapter._with_sound_batches(Batched(4e-7))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"this version of mattersim is wrong for batches"):
        adapter._with_sound_batches(Batched(7e-3))  # type: ignore[arg-type]


def test_a_version_without_forces_is_refused() -> None:
    with pytest.raises(ValueError, match="wrong for batches"):
        adapter._with_sound_batches(Batched(np.nan))  # type: ignore[arg-type]


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
