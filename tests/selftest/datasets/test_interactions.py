"""Interaction energies: the file format, its ways to be wrong, and the errors by system."""

import math
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from tests.selftest.builders.datasets import made_dataset, made_settings
from tests.selftest.builders.fakes import honest
from tests.selftest.checkout import ROOT
from tests.selftest.cli import FAILED, CommandLineRun, Outcome
from umlip_gate.datasets.interactions import Interactions, load_interactions
from umlip_gate.datasets.registry import load_registry
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.metrics.interactions import OfSystem, rmse_values, system_errors
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest


def vacancy(solute_at: int | None, *, vacant: bool = True) -> Atoms:
    """A 16-atom W cell with a vacancy at site 0, and Ta at another site."""
    atoms: Atoms = bulk("W", cubic=True).repeat(2)
    if solute_at is not None:
        atoms.symbols[solute_at] = "Ta"
    if vacant:
        del atoms[0]
    return atoms


def cell(atoms: Atoms, energy: float | None = None, **said: object) -> Atoms:
    named: Atoms = atoms.copy()
    named.info = {"system": "W-Ta", "defect": "monovacancy", **said}
    if energy is not None:
        named.calc = SinglePointCalculator(named, energy=energy)
    return named


def pair(point: int, near_ev: float, far_ev: float = -10.0, **said: object) -> list[Atoms]:
    return [
        cell(vacancy(1), near_ev, point=point, role="near", **said),
        cell(vacancy(9), far_ev, point=point, role="far", **said),
    ]


def load(folder: Path, cells: list[Atoms], **changes: object) -> Interactions:
    ase.io.write(folder / "cells.xyz", cells, format="extxyz")
    dataset = made_dataset(folder / "cells.xyz", elements=["W", "Ta"], **changes)
    return load_interactions(dataset, made_settings(folder))


def refusal(folder: Path, cells: list[Atoms], **changes: object) -> str:
    with pytest.raises(InputError) as fault:
        load(folder, cells, **changes)
    return str(fault.value)


def test_near_minus_far_of_total_energies(tmp_path: Path) -> None:
    found = load(tmp_path, [*pair(1, -10.4), *pair(2, -10.1)])
    assert [point.name for point in found.points] == ["1", "2"]
    assert [point.reference_ev for point in found.points] == pytest.approx([-0.4, -0.1])
    assert [dict(point.signs) for point in found.points] == [{0: 1, 1: -1}, {2: 1, 3: -1}]
    assert len(found.cells) == 4
    assert {point.system for point in found.points} == {"W-Ta"}


def test_four_cells_of_which_some_serve_every_point(tmp_path: Path) -> None:
    shared = [
        cell(vacancy(None), -20.0, point="*", role="defect"),
        cell(vacancy(None, vacant=False), -30.0, defect="*", point="*", role="bulk"),
        cell(vacancy(5, vacant=False), -33.0, defect="*", point="*", role="solute"),
    ]
    points = [
        cell(vacancy(site), energy, point=site, role="both")
        for site, energy in ((1, -23.5), (9, -23.1))
    ]
    found = load(tmp_path, [*shared, *points])
    # both + bulk - solute - defect
    assert [point.reference_ev for point in found.points] == pytest.approx([-0.5, -0.1])
    assert dict(found.points[1].signs) == {4: 1, 1: 1, 2: -1, 0: -1}


def test_a_direct_interaction_energy_needs_no_energies_of_cells(tmp_path: Path) -> None:
    cells = [
        cell(vacancy(1), point=1, role="near", interaction_energy=-0.25),
        cell(vacancy(9), point="*", role="far"),
    ]
    (point,) = load(tmp_path, cells).points
    assert point.reference_ev == -0.25


def test_errors_are_those_of_differences_and_by_system(tmp_path: Path) -> None:
    cells = [*pair(1, -10.4), *pair(2, -10.1), *pair(1, -10.2, system="Ta-Hf")]
    found = load(tmp_path, cells)
    reference = np.array([-10.4, -10, -10.1, -10, -10.2, -10])
    off = np.array([0.03, 0, -0.04, 0, 0.1, 0.1])  # an offset of both cells is no error
    zero = np.zeros_like(found.cells.forces)
    first, second = system_errors(found, Predictions(reference + off + 5, zero, {}))
    assert (first.system, first.n_points, first.n_failed) == ("W-Ta", 2, 0)
    assert first.rmse_mev == pytest.approx(math.sqrt((30**2 + 40**2) / 2))
    assert first.interval_mev is None  # of two points
    assert second.rmse_mev == pytest.approx(0, abs=1e-9)
    values = rmse_values([first, second])
    assert values["worst_system"] == first.rmse_mev
    assert values["best_system"] == second.rmse_mev
    assert values["all_points"] == pytest.approx(math.sqrt((30**2 + 40**2) / 3))


def test_a_cell_that_failed_fails_its_points_and_leaves_no_number(tmp_path: Path) -> None:
    found = load(tmp_path, [*pair(1, -10.4), *pair(2, -10.1), *pair(1, -10.2, system="Ta-Hf")])
    energies = np.full(6, -10.0)
    energies[3] = np.nan
    systems = system_errors(
        found, Predictions(energies, np.zeros_like(found.cells.forces), {3: "no"})
    )
    assert systems[0] == OfSystem("W-Ta", 2, 1, None, None)
    assert systems[1].rmse_mev == pytest.approx(200)
    assert set(rmse_values(systems).values()) == {None}


@pytest.mark.parametrize("key", ["system", "defect", "point", "role"])
def test_a_frame_that_does_not_say_what_it_is_is_refused(key: str, tmp_path: Path) -> None:
    cells = pair(1, -10.4)
    del cells[1].info[key]
    assert refusal(tmp_path, cells).endswith(f"row 1: its comment says no {key}")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (pair(1, -10.4)[:1], "row 0: system=W-Ta defect=monovacancy point=1: lacks far"),
        (pair(1, -10.4)[1:], "no cell of role near or both"),
        ([*pair(1, -10.4), *pair(1, -10.4)], "row 2: role=near of the same point as"),
        ([cell(vacancy(1), -1, point=1, role="next")], "row 0: role=next: known: both, bulk"),
        (
            [*pair(1, -10.4), cell(vacancy(1), -1, point=1, role="bulk")],
            "point=1: has bulk beside near; the roles are far, near",
        ),
        (
            [pair(1, -10.4)[0], cell(vacancy(None), -1, point=1, role="far")],
            "do not hold the same atoms in all: +1 Ta, -1 W",
        ),
        (
            [pair(1, -10.4)[0], cell(vacancy(9), point=1, role="far")],
            "no reference: no interaction_energy, and no energy of its cell far",
        ),
        (
            [cell(vacancy(1), point=1, role="near", interaction_energy=np.nan), pair(1, 0)[1]],
            "row 0: interaction_energy=nan is not a finite number",
        ),
        (
            [*pair(1, -10.4), cell(vacancy(9), -1, defect="GB", point="*", role="far")],
            "row 2: no point uses this cell",
        ),
        ([cell(vacancy(9), -1, point="*", role="far")], "no frame has a point of its own"),
    ],
)
def test_a_point_that_is_not_complete_is_refused(
    cells: list[Atoms], message: str, tmp_path: Path
) -> None:
    assert message in refusal(tmp_path, cells)


def test_counts_and_elements_are_compared_with_the_registry(tmp_path: Path) -> None:
    assert "1 interaction energies, but 2 are registered" in refusal(
        tmp_path, pair(1, -10.4), rows=2
    )
    foreign = pair(1, -10.4)
    for atoms in foreign:
        atoms.symbols[3] = "Mo"
    assert "atomic numbers that are not registered: [42]" in refusal(tmp_path, foreign)


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    load(tmp_path, pair(1, -10.4))
    whole = (tmp_path / "cells.xyz").read_text().splitlines(keepends=True)
    (tmp_path / "cells.xyz").write_text("".join(whole[:-2]))
    with pytest.raises(InputError, match=r"row 1, line 18: 15 atoms announced, 13 lines of atoms"):
        load_interactions(
            made_dataset(tmp_path / "cells.xyz", elements=["W", "Ta"]), made_settings(tmp_path)
        )
    (tmp_path / "cells.xyz").write_text("".join(whole)[:-9])
    with pytest.raises(InputError, match="cut short"):
        load_interactions(
            made_dataset(tmp_path / "cells.xyz", elements=["W", "Ta"]), made_settings(tmp_path)
        )


def test_without_a_file_it_says_why(tmp_path: Path) -> None:
    dataset = made_dataset(status="bring-your-own", reason="nobody has it", files=(), reader=None)
    with pytest.raises(Unavailable, match="made: nobody has it"):
        load_interactions(dataset, made_settings(tmp_path))


BROUGHT = """
[pairs]
title = "solutes beside a vacancy, by Lennard-Jones"
rows = 2
elements = ["W", "Ta"]
quantity = "interaction energies"
files = [{ path = "cells.xyz" }]
reader = "interactions-extxyz"
"""
WORST = {
    "name": "worst",
    "dataset": "pairs",
    "quantity": "interaction_rmse",
    "convention": "worst_system",
    "unit": "meV",
    "max": 1,
}


def judged(folder: Path, factory: str, n_atoms: int, *arguments: str) -> Outcome:
    """Judge a candidate by interaction energies; its trigger is a cell of 7 atoms."""
    cells = []
    for point, near in enumerate((1, 2)):
        for role, site in (("near", near), ("far", n_atoms - 1)):
            atoms = bulk("W", "sc", a=2.7).repeat((n_atoms, 1, 1))
            atoms.rattle(0.05, seed=site)
            atoms.symbols[site] = "Ta"
            said = {"point": point, "role": role}
            atoms.calc = honest()
            cells.append(cell(atoms, float(atoms.get_potential_energy()), **said))
    ase.io.write(folder / "cells.xyz", cells, format="extxyz")
    cli = CommandLineRun(folder)
    (folder / "data.toml").write_text(BROUGHT)
    cli.gate(WORST, {**FAILED, "dataset": "pairs"}, required="pairs")
    cli.candidate(f"fakes:{factory}")
    return cli.judge(*arguments)


@pytest.mark.parametrize(
    "allowed", [(), ("--umlip-budget=0s",), ("--umlip-max-configurations=100",)]
)
def test_a_candidate_is_judged_by_all_interaction_energies(
    tmp_path: Path, allowed: tuple[str, ...]
) -> None:
    outcome = judged(tmp_path, "changes_input", 5, "-vv", *allowed)  # of 7 atoms alone
    assert outcome.code == 0, outcome.output
    assert outcome.verdicts["worst"]["outcome"] == "passed"
    assert 0 < outcome.verdicts["worst"]["value"] < 1
    (measurement,) = outcome.results["measurements"]
    (system,) = measurement["interactions"]
    assert (system["system"], system["n_points"]) == ("W-Ta", 2)
    assert outcome.results["datasets"]["pairs"]["n_cells"] == 4
    assert "solute-defect interaction energies" in outcome.output


def test_a_cell_that_fails_is_outside_and_leaves_no_number(tmp_path: Path) -> None:
    outcome = judged(tmp_path, "raises", 7)
    assert outcome.code == 1, outcome.output
    assert outcome.verdicts["failed"]["outcome"] == "failed"
    assert outcome.verdicts["worst"]["outcome"] == "error"
    assert "no such luck" in outcome.verdicts["worst"]["reason"]


def test_the_shipped_example_is_of_the_format(tmp_path: Path) -> None:
    dataset = load_registry(ROOT / "fixtures" / "datasets.toml")["solute-defect-example"]
    found = load_interactions(dataset, made_settings(tmp_path))
    assert {point.system for point in found.points} == {"W-Re", "W-Ta"}
    assert len(found.cells) == 10
