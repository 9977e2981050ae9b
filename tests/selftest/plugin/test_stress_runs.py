"""Stresses of brought data: measured and judged where the model predicts them, else told."""

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator

from tests.selftest.builders.crystals import structures
from tests.selftest.builders.fakes import SoftUnderStrain, honest
from tests.selftest.cli import ENERGY, CommandLineRun

pytestmark = pytest.mark.selftest

LIMIT = """
[[limit]]
name = "stress"
dataset = "crystals"
quantity = "{quantity}"
convention = "component"
unit = "{unit}"
max = {limit}
rationale = "a self-test's"
"""
ROOT_MEAN_SQUARE = "stress_rmse", "GPa", 0.5


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    run = CommandLineRun(tmp_path)
    images = structures(12)
    for atoms in images:
        atoms.calc = honest()
        known = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
        atoms.calc = SinglePointCalculator(atoms, **known, stress=atoms.get_stress())
    ase.io.write(tmp_path / "crystals.xyz", images, format="extxyz")
    data = tmp_path / "data.toml"
    data.write_text(data.read_text() + 'keys = { stress = "stress" }\n')
    limited(run, *ROOT_MEAN_SQUARE)
    return run


def limited(run: CommandLineRun, quantity: str, unit: str, limit: float) -> None:
    run.gate(ENERGY)
    gate = run.folder / "own-gate.toml"
    limits = LIMIT.format(quantity=quantity, unit=unit, limit=limit)
    gate.write_text(gate.read_text() + limits)


def stresses(factor: float) -> np.ndarray:
    found = []
    for atoms in structures(12):
        atoms.calc = SoftUnderStrain(factor)
        found.append(160.2176634 * atoms.get_stress())
    return np.array(found)


def test_a_stress_is_measured_and_judged(cli: CommandLineRun) -> None:
    cli.candidate("fakes:SoftUnderStrain")
    outcome = cli.judge("-vv")
    expected = np.sqrt(np.mean((0.1 * stresses(1.0)) ** 2))
    (measurement,) = outcome.results["measurements"]
    assert measurement["stress_rmse_gpa"]["component"] == pytest.approx(expected, rel=1e-6)
    assert measurement["stress_slope"]["component"] == pytest.approx(0.9, rel=1e-6)
    assert outcome.verdicts["stress"]["outcome"] == ("passed" if expected <= 0.5 else "failed")
    assert "stress RMSE, GPa" in outcome.output


def test_a_stress_in_another_unit_is_suspected(cli: CommandLineRun) -> None:
    cli.candidate("fakes:SoftUnderStrain", "[arguments]\nfactor = -1.0\n")
    outcome = cli.judge()
    said = " ".join(outcome.output.split())
    assert "stress_slope -1 is near -1: is the reference in eV/Å³ of the opposite sign" in said


def test_a_model_without_stresses_is_told_and_passes_no_limit_on_them(cli: CommandLineRun) -> None:
    cli.candidate("fakes:Stressless")
    outcome = cli.judge()
    assert outcome.code == 6, outcome.output
    assert outcome.verdicts["energy"]["outcome"] == "passed"
    assert outcome.verdicts["stress"]["outcome"] == "error"
    said = " ".join(outcome.output.split())
    assert "mine on crystals: it predicts no stress, so none is compared" in said


def test_predictions_of_stresses_are_brought_too(cli: CommandLineRun) -> None:
    images = structures(12)
    for atoms in images:
        atoms.calc = SoftUnderStrain()
        known = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
        atoms.calc = SinglePointCalculator(atoms, **known, stress=atoms.get_stress())
    ase.io.write(cli.folder / "predicted.xyz", images, format="extxyz")
    n_atoms = [len(atoms) for atoms in images]
    np.savez(
        cli.folder / "predicted.npz",
        n_atoms=n_atoms,
        numbers=np.concatenate([atoms.numbers for atoms in images]),
        positions=np.concatenate([atoms.positions for atoms in images]),
        cell=[atoms.cell.array for atoms in images],
        pbc=[atoms.pbc for atoms in images],
        energy=[atoms.get_potential_energy() for atoms in images],
        forces=np.concatenate([atoms.get_forces() for atoms in images]),
        sigma=[atoms.get_stress(voigt=False) for atoms in images],
    )
    for name, reader, key in (
        ("predicted.xyz", "extxyz", "stress"),
        ("predicted.npz", "npz", "sigma"),
    ):
        (cli.folder / "mine.toml").write_text(
            f'name = "mine"\n[predictions.crystals]\npath = "{name}"\n'
            f'reader = "{reader}"\nenergy = "total"\nkeys = {{ stress = "{key}" }}\n'
        )
        outcome = cli.judge()
        assert outcome.results, outcome.output
        (measurement,) = outcome.results["measurements"]
        assert measurement["stress_slope"]["component"] == pytest.approx(0.9, rel=1e-6)
