"""What every model must do, tried on calculators that do not."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.selftest.builders import fakes
from umlip_gate.models.conformance import nonconformities
from umlip_gate.models.same import difference

pytestmark = pytest.mark.selftest

FORCES = np.ones((4, 3))


def candidate(folder: Path, factory: str, **arguments: float) -> Path:
    (folder / "fakes.py").write_text(Path(fakes.__file__).read_text())
    path = folder / "mine.toml"
    lines = [f"{key} = {value}" for key, value in arguments.items()]
    path.write_text(
        f'name = "mine"\ncalculator = "fakes:{factory}"\ndtype = "float64"\n'
        f"python = {json.dumps(sys.executable)}\n[arguments]\n" + "\n".join(lines)
    )
    return path


def test_an_honest_calculator_conforms(tmp_path: Path) -> None:
    assert nonconformities(candidate(tmp_path, "honest"), tmp_path) == []


@pytest.mark.parametrize("size", [1.0, 1e-5])
def test_one_that_drifts_does_not_however_small_its_numbers(tmp_path: Path, size: float) -> None:
    """Of the smaller ones, 1e-5 is 3e-10 eV/atom, which an absolute tolerance would let pass."""
    found = nonconformities(candidate(tmp_path, "drifting", size=size, share=1e-5), tmp_path)
    titles = [line.partition(":")[0] for line in found]
    assert "the same crystal again" in titles
    assert "several crystals in a batch" in titles


def test_one_without_forces_does_not(tmp_path: Path) -> None:
    (line,) = nonconformities(candidate(tmp_path, "drifting", size=0.0, share=0.0), tmp_path)
    assert line == "forces of a rattled crystal: every force on a rattled crystal is zero"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("size", "factor"), [(10.0, 1.0), (1e3, 100.0), (0.2, 0.02), (1e-5, 0.01)])
def test_tolerances_follow_the_numbers(dtype: str, size: float, factor: float) -> None:
    """1e-5 eV/atom and 1e-4 eV/Å in float32, 1e-9 and 1e-7 in float64, at 10."""
    ev, ev_per_ang = {"float32": (1e-5, 1e-4), "float64": (1e-9, 1e-7)}[dtype]
    expected = 4 * size, size * FORCES
    for share, same in ((0.9, True), (1.1, False)):
        energy = expected[0] + 4 * share * factor * ev, expected[1]
        force = expected[0], expected[1] + share * factor * ev_per_ang
        assert (difference(energy, expected, dtype) is None) is same
        assert (difference(force, expected, dtype) is None) is same


@pytest.mark.parametrize("place", ["energy", "force"])
def test_what_is_not_finite_is_not_the_same(place: str) -> None:
    forces = FORCES.copy()
    if place == "force":
        forces[2, 1] = np.nan
    found = (np.nan if place == "energy" else 1.0), forces
    assert difference(found, (1.0, FORCES), "float32")
    assert difference((1.0, FORCES), found, "float32")


@pytest.mark.parametrize("expected", [(np.inf, FORCES), (1.0, np.inf * FORCES)])
def test_nothing_is_the_same_as_an_infinite_answer(expected: tuple[float, np.ndarray]) -> None:
    assert difference((1.0, FORCES), expected, "float32")
