"""Torch-sim's interfaces in an environment that has them: SevenNet's, and one without weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from umlip_gate.models.registry import load_models
from umlip_gate.worker.adapters import torchsim as adapter
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest

LENNARD_JONES: dict[str, Any] = {
    "interface": "torch_sim.models.lennard_jones:LennardJonesModel",
    "arguments": {
        "device": "{device}",
        "dtype": "{dtype}",
        "sigma": 2.5,
        "epsilon": 0.2,
        "cutoff": 6.0,
    },
}


@pytest.fixture(autouse=True, scope="module")
def _where_it_is_installed() -> None:
    """At run time: collection imports no model package."""
    pytest.importorskip("torch_sim")


def structures() -> list[Atoms]:
    metal = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    slab = bulk("W", "bcc", a=3.165, cubic=True).repeat((2, 2, 1))
    slab.pbc = (True, True, False)
    for seed, atoms in enumerate((metal, salt, slab)):
        atoms.rattle(0.08, seed=seed)
    return [metal, salt, slab, Atoms("W3", positions=[(0, 0, 0), (2.6, 0, 0), (0, 2.7, 0.3)])]


def test_a_batch_answers_as_sevennets_own_calculator() -> None:
    import sevenn  # noqa: PLC0415 - only where it is
    from sevenn.calculator import SevenNetCalculator  # noqa: PLC0415

    model = load_models()["SevenNet-0_torch-sim"]
    assert model.checkpoint is not None
    weights = Path(sevenn.__file__).parent / str(model.checkpoint.member)
    potential = adapter.load(LoadSpec(weights, settings=model.settings), "cpu", "float32")
    calculator = SevenNetCalculator(str(weights), device="cpu")
    found = potential.evaluate(structures())
    for result, atoms in zip(found, structures(), strict=True):
        atoms.calc = calculator
        assert result.energy_ev == pytest.approx(
            atoms.get_potential_energy(), abs=1e-5 * len(atoms)
        )
        np.testing.assert_allclose(result.forces_ev_per_ang, atoms.get_forces(), atol=1e-4)
    periodic = structures()[:2]
    for stress, atoms in zip(potential.stresses(periodic), periodic, strict=True):
        atoms.calc = calculator
        np.testing.assert_allclose(stress, atoms.get_stress(voigt=False), atol=1e-5)


def test_any_interface_is_named_by_its_class() -> None:
    potential = adapter.load(LoadSpec(settings=LENNARD_JONES), "cpu", "float64")
    assert (potential.cutoff_ang, potential.elements, potential.n_parameters) == (6.0, None, 0)
    together = potential.evaluate(structures())
    for result, atoms in zip(together, structures(), strict=True):
        (alone,) = potential.evaluate([atoms])
        assert result.energy_ev == pytest.approx(alone.energy_ev, abs=1e-9)
        assert np.abs(result.forces_ev_per_ang).max() > 0


def test_an_interface_of_another_dtype_is_refused() -> None:
    arguments = {key: LENNARD_JONES["arguments"][key] for key in ("device", "cutoff")}
    settings = {**LENNARD_JONES, "arguments": arguments}
    with pytest.raises(ValueError, match=r"computes in torch.float64, not in float32"):
        adapter.load(LoadSpec(settings=settings), "cpu", "float32")


def test_the_cutoff_must_be_known() -> None:
    settings = {**LENNARD_JONES, "interface": f"{__name__}:WithoutCutoff", "arguments": {}}
    with pytest.raises(ValueError, match="settings: cutoff_ang"):
        adapter.load(LoadSpec(settings=settings), "cpu", "float32")


class WithoutCutoff:
    """An interface that does not tell how far it sees."""

    @property
    def dtype(self) -> object:
        import torch  # noqa: PLC0415

        return torch.float32
