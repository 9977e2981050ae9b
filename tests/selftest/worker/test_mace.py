"""MACE's checkpoints, in the family's own environment: random ones, saved as published ones are."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from umlip_gate.worker.adapters import mace as adapter
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest


@pytest.fixture(autouse=True, scope="module")
def _where_it_is_installed() -> None:
    """At run time: collection imports no model package."""
    pytest.importorskip("mace")


SMALL = {
    "hidden_irreps": "8x0e + 8x1o",
    "interaction_cls_first": "RealAgnosticResidualInteractionBlock",
    "interaction_cls": "RealAgnosticResidualInteractionBlock",
    "num_interactions": 2,
    "r_max": 4.5,
    "num_bessel": 6,
    "num_polynomial_cutoff": 5,
    "max_ell": 2,
    "correlation": 2,
    "MLP_irreps": "16x0e",
    "gate": "silu",
    "radial_MLP": [16, 16],
    "avg_num_neighbors": 30.0,
    "element_ranges": [[1, 3], [74, 74]],
}


def checkpoint(folder: Path, heads: tuple[str, ...] = ("Default",)) -> Path:
    shifts = [0.1 * number for number in range(len(heads))]
    scales = [0.8] * len(heads)
    architecture = SMALL | {
        "heads": list(heads),
        "atomic_inter_scale": scales if len(heads) > 1 else scales[0],
        "atomic_inter_shift": shifts if len(heads) > 1 else shifts[0],
    }
    settings = {"architecture": architecture, "head": heads[0]}
    spec = LoadSpec(random_seed=1, settings=settings)
    path = folder / "a [1].model"  # the package takes a string for a pattern
    import torch  # noqa: PLC0415 - only where it is

    torch.save(adapter.load(spec, "cpu", "float32").model, path)
    return path


def crystal() -> Atoms:
    atoms: Atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    atoms.rattle(0.1, seed=1)
    return atoms


@pytest.mark.parametrize("dtype", adapter.DTYPES)
def test_a_checkpoint_answers_as_the_packages_calculator(tmp_path: Path, dtype: str) -> None:
    from mace.calculators import MACECalculator  # noqa: PLC0415 - only where it is

    path = checkpoint(tmp_path)
    potential = adapter.load(LoadSpec(path), "cpu", dtype)
    assert potential.elements == {1, 2, 3, 74}
    assert potential.cutoff_ang == 4.5
    (found,) = potential.evaluate([crystal()])
    assert found.forces_ev_per_ang.dtype == dtype
    atoms = crystal()
    atoms.calc = MACECalculator(model_paths=[path], device="cpu", default_dtype=dtype)
    accuracy = 1e-4 if dtype == "float32" else 1e-10
    assert found.energy_ev == pytest.approx(atoms.get_potential_energy(), abs=accuracy)
    np.testing.assert_allclose(found.forces_ev_per_ang, atoms.get_forces(), atol=accuracy)


def test_a_model_with_several_heads(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, ("pt_head", "omat_pbe"))
    energies = [
        adapter.load(LoadSpec(path, settings={"head": head}), "cpu", "float64")
        .evaluate([crystal()])[0]
        .energy_ev
        for head in ("pt_head", "omat_pbe")
    ]
    assert energies[0] != energies[1]
    with pytest.raises(ValueError, match="no head 'omat'; the model has pt_head, omat_pbe"):
        adapter.load(LoadSpec(path, settings={"head": "omat"}), "cpu", "float64")
    with pytest.raises(ValueError, match="Available heads are"):
        adapter.load(LoadSpec(path), "cpu", "float64")
