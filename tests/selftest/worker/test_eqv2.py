"""What eqV2 needs beside its adapter: the stand-in for torch_scatter, and frames that stay.

Runs where torch, or fairchem-core, is installed: `tox run -e eqv2`.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from ase.build import bulk

from umlip_gate.worker.adapters import eqv2
from umlip_gate.worker.potential import LoadSpec
from umlip_gate.worker.scatter_stand_in import ABSENT, scatter, stand_in

pytestmark = pytest.mark.selftest

SMALL = {"layers": 1, "lmax": 2, "mmax": 1}


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    module: ModuleType = pytest.importorskip("torch")
    return module


@pytest.fixture
def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if neither torch_scatter nor torch_sparse were there."""
    for name in ABSENT:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))  # put back when the test ends
        del sys.modules[name]
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize(("shape", "dim"), [((40,), 0), ((40, 3), 0), ((5, 40, 2), 1)])
def test_scatter_is_the_plain_sum_or_mean(
    torch: ModuleType, reduce: str, shape: tuple[int, ...], dim: int
) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=shape).astype(np.float32)
    index = random.integers(0, 7, size=40)
    index[index == 4] = 5  # an index that nothing has
    found = scatter(torch.tensor(values), torch.tensor(index), dim=dim, reduce=reduce).numpy()
    slices = np.moveaxis(values.astype(np.float64), dim, 0)
    expected = np.zeros((index.max() + 1, *slices.shape[1:]))
    for place in range(len(expected)):
        mine = [values for values, where in zip(slices, index, strict=True) if where == place]
        if mine:
            expected[place] = sum(mine) / (len(mine) if reduce == "mean" else 1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.moveaxis(found, dim, 0), expected, rtol=1e-6, atol=1e-6)


def test_scatter_of_nothing_is_empty(torch: ModuleType) -> None:
    nothing = scatter(torch.zeros(0, 5), torch.zeros(0, dtype=torch.long), dim=0, reduce="mean")
    assert nothing.shape == (0, 5)


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize(("shape", "dim"), [((40,), 0), ((40, 25, 16), 0), ((5, 40, 2), -2)])
def test_scatter_is_bit_by_bit_what_the_package_computes(
    torch: ModuleType, reduce: str, shape: tuple[int, ...], dim: int
) -> None:
    """torch_scatter 2.1.2, without its compiled part, which does other reductions."""
    index = torch.randint(0, 7, (40,), generator=torch.Generator().manual_seed(0))
    values = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    others = [1] * len(shape)
    others[dim] = -1
    place = index.view(others).expand_as(values)
    size = [*shape]
    size[dim] = int(index.max()) + 1
    expected = torch.zeros(size).scatter_add_(dim, place, values)
    if reduce == "mean":
        expected /= index.bincount().clamp(min=1).view(others)
    assert torch.equal(scatter(values, index, dim=dim, reduce=reduce), expected)


def test_scatter_is_the_packages_own(torch: ModuleType) -> None:
    own = pytest.importorskip("torch_scatter").scatter
    if own is scatter:
        pytest.skip("torch_scatter is the stand-in here")
    values, index = torch.randn(50, 4, 3), torch.randint(0, 9, (50,))
    for reduce in ("sum", "mean"):
        expected = own(values, index, dim=0, reduce=reduce)
        assert torch.equal(scatter(values, index, dim=0, reduce=reduce), expected)


@pytest.mark.usefixtures("without_packages")
def test_the_stand_in_refuses_what_it_is_not(torch: ModuleType) -> None:
    assert stand_in() == ("torch_scatter", "torch_sparse")
    assert importlib.import_module("torch_scatter").scatter is scatter
    with pytest.raises(NotImplementedError, match=r"torch_sparse\.SparseTensor.*torch-sparse"):
        importlib.import_module("torch_sparse").SparseTensor(1, 2, value=3)
    with pytest.raises(NotImplementedError, match=r"'max'.*install torch-scatter"):
        scatter(torch.zeros(3), torch.zeros(3, dtype=torch.long), reduce="max")


@pytest.mark.usefixtures("without_packages")
def test_an_installed_package_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = ModuleType("torch_scatter")
    monkeypatch.setitem(sys.modules, "torch_scatter", installed)
    assert stand_in() == ("torch_sparse",)
    assert sys.modules["torch_scatter"] is installed


def test_frames_that_stay_change_nothing_else(tmp_path: Path) -> None:
    """PairedComparison the package's own calculator, and by no more than it differs from itself."""
    if importlib.util.find_spec("fairchem") is None:
        pytest.skip("fairchem-core is not installed here")
    potential = eqv2.load(LoadSpec(None, 0, SMALL), "cpu", "float32")
    checkpoint = tmp_path / "same.pt"
    eqv2.write_random(checkpoint, 0, SMALL)
    public = eqv2._calculator(checkpoint, "cpu")
    for seed in range(3):
        atoms = bulk("W", "bcc", a=3.165, cubic=True)
        atoms.rattle(0.1, seed=seed)
        (mine,), (again,) = potential.evaluate([atoms]), potential.evaluate([atoms])
        assert mine.energy_ev == again.energy_ev
        public.reset()
        public.calculate(atoms, ["energy", "forces"], [])
        scale = float(np.abs(public.results["forces"]).max())
        assert mine.energy_ev == pytest.approx(public.results["energy"], abs=1e-5 * scale)
        np.testing.assert_allclose(
            mine.forces_ev_per_ang, public.results["forces"], rtol=0, atol=1e-5 * scale
        )


@pytest.mark.parametrize("prefix", ["", "module.module."])
def test_a_checkpoint_that_lacks_weights(tmp_path: Path, prefix: str) -> None:
    """One that asks the package to forgive it; the package forgives none that does not."""
    if importlib.util.find_spec("fairchem") is None:
        pytest.skip("fairchem-core is not installed here")
    import torch  # noqa: PLC0415 - only where it is

    checkpoint = tmp_path / "some.pt"
    eqv2.load(LoadSpec(None, 0, SMALL), "cpu", "float32")  # sets what the package needs
    eqv2.write_random(checkpoint, 0, SMALL)
    content = torch.load(checkpoint, weights_only=False)
    content["config"]["task"] = {"strict_load": False}
    weights = content["state_dict"]
    content["state_dict"] = {prefix + name: tensor for name, tensor in weights.items()}
    torch.save(content, checkpoint)
    eqv2.load(LoadSpec(checkpoint), "cpu", "float32")
    lost = next(name for name in content["state_dict"] if "heads.forces" in name)
    del content["state_dict"][lost]
    torch.save(content, checkpoint)
    with pytest.raises(ValueError, match="1 tensors of the model are not in it, 0 of"):
        eqv2.load(LoadSpec(checkpoint), "cpu", "float32")
