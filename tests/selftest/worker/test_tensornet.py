"""TensorNet in its own environment: random weights, saved as published ones are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from umlip_gate.models.registry import load_models
from umlip_gate.worker.adapters import tensornet as adapter
from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest

MODELS = load_models()
SETTINGS = MODELS["TensorNet-MatPES-PBE"].settings


@pytest.fixture(autouse=True, scope="module")
def _where_it_is_installed() -> None:
    """At run time: collection imports no model package."""
    pytest.importorskip("matgl")


def random(seed: int = 0) -> adapter.TensornetPotential:
    return adapter.load(LoadSpec(random_seed=seed, settings=SETTINGS), "cpu", "float32")


def saved(folder: Path, seed: int = 0) -> Path:
    """Weights with reference energies of the elements, as `state.pt` holds them."""
    import torch  # noqa: PLC0415 - only where it is
    from matgl.apps.pes import Potential  # noqa: PLC0415

    references = -torch.arange(len(MPTRJ), dtype=torch.float32) / 10
    whole = Potential(random(seed).potential.model, element_refs=references, calc_stresses=False)
    torch.save(whole.state_dict(), folder / "state.pt")
    return folder / "state.pt"


def loaded(path: Path, **settings: Any) -> adapter.TensornetPotential:  # noqa: ANN401 - TOML values
    spec = LoadSpec(path, settings={"architecture": SETTINGS["architecture"], **settings})
    return adapter.load(spec, "cpu", "float32")


def structures() -> list[Atoms]:
    metal = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    cluster = Atoms("W3", positions=[(0, 0, 0), (2.6, 0, 0), (0, 2.7, 0.3)])
    for seed, atoms in enumerate((metal, salt)):
        atoms.rattle(0.08, seed=seed)
    return [metal, salt, cluster]


def test_a_batch_answers_as_the_packages_calculator(tmp_path: Path) -> None:
    from matgl.ext.ase import PESCalculator  # noqa: PLC0415 - only where it is

    potential = loaded(saved(tmp_path))
    calculator = PESCalculator(potential.potential)
    for result, atoms in zip(potential.evaluate(structures()), structures(), strict=True):
        atoms.calc = calculator
        assert result.energy_ev == pytest.approx(
            atoms.get_potential_energy(), abs=1e-5 * len(atoms)
        )
        np.testing.assert_allclose(result.forces_ev_per_ang, atoms.get_forces(), atol=1e-4)


def known(energy_ev_per_atom: float) -> dict[str, Any]:
    salt = {"formula": "NaCl", "crystal": "rocksalt", "a_ang": 5.69}
    return {**salt, "energy_ev_per_atom": energy_ev_per_atom, "tolerance_ev_per_atom": 1e-4}


def test_a_package_that_mistakes_the_elements_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As matgl 4.1.2 does: the weights load, one element is right, several are not."""
    path = saved(tmp_path)
    salt = bulk("NaCl", "rocksalt", a=5.69)
    (right,) = loaded(path).evaluate([salt])
    reference = known(right.energy_ev / 2)
    loaded(path, reference=reference)

    convert = adapter.TensornetPotential._graph

    def all_alike(self: adapter.TensornetPotential, atoms: Atoms) -> Any:  # noqa: ANN401
        graph, cell = convert(self, atoms)
        graph.node_type[:] = graph.node_type[0]
        return graph, cell

    monkeypatch.setattr(adapter.TensornetPotential, "_graph", all_alike)
    with pytest.raises(ValueError, match=r"NaCl: .* eV/atom, where these weights give"):
        loaded(path, reference=reference)


def test_an_energy_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="where these weights give nan"):
        loaded(saved(tmp_path), reference=known(float("nan")))


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    import torch  # noqa: PLC0415 - only where it is

    path = saved(tmp_path)
    state = torch.load(path, weights_only=True)
    del state["model.out_norm.bias"]
    torch.save(state, path)
    with pytest.raises(RuntimeError, match=r"model\.out_norm\.bias"):
        loaded(path)


def test_every_registered_model_has_a_reference_of_several_elements() -> None:
    entries = [model for model in MODELS.values() if model.family == "tensornet"]
    assert entries
    for model in entries:
        reference: Any = model.settings["reference"]
        atoms = bulk(reference["formula"], reference["crystal"], a=reference["a_ang"])
        assert len(set(atoms.numbers)) > 1
