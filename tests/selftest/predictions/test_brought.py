"""Files of predictions: found by structure in a dataset, or refused with the rows that differ."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from tests.selftest.builders.crystals import labelled, structures
from tests.selftest.builders.measured import measure
from tests.selftest.builders.predicted import WRITERS, predicted
from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.errors import InputError
from umlip_gate.metrics.ensemble import stated_deviations, with_uncertainty
from umlip_gate.models.candidate import load_candidate
from umlip_gate.models.prediction_files import PredictionFile
from umlip_gate.predictions.brought import read_brought
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

N = 12
FAMILIES = {"chgnet"}


def dataset(n: int = N, *, with_forces: bool = True) -> Configurations:
    return Configurations.from_rows(
        [
            Row(atoms, atoms.get_potential_energy(), atoms.get_forces() if with_forces else None)
            for atoms in labelled(n)
        ]
    )


def read(
    folder: Path,
    images: Sequence[Atoms],
    reader: str = "npz",
    configurations: Configurations | None = None,
    **keys: object,
) -> tuple[Predictions, str | None]:
    path = folder / f"predicted.{reader}"
    WRITERS[reader](path, images)
    file = PredictionFile.model_validate(
        {"path": path, "reader": reader, "energy": "total", **keys}
    )
    return read_brought(path, file, "crystals", configurations or dataset())


@pytest.mark.parametrize("reader", WRITERS)
def test_every_format_has_the_numbers_that_were_written(reader: str, tmp_path: Path) -> None:
    images = predicted(structures(N))
    found, note = read(tmp_path, images, reader)
    energies = [atoms.get_potential_energy() for atoms in images]
    np.testing.assert_allclose(found.energies, energies, rtol=0, atol=1e-7)
    forces = np.concatenate([atoms.get_forces() for atoms in images])
    np.testing.assert_allclose(found.forces, forces, rtol=0, atol=1e-7)
    assert note is None


@pytest.mark.parametrize("reader", WRITERS)
def test_energies_per_atom_become_totals(reader: str, tmp_path: Path) -> None:
    images = predicted(structures(N))
    for atoms in images:
        atoms.calc.results["energy"] /= len(atoms)
    found, _ = read(tmp_path, images, reader, energy="per atom")
    right, _ = read(tmp_path, predicted(structures(N)), reader)
    np.testing.assert_allclose(found.energies, right.energies, rtol=1e-8)


def test_rows_are_found_in_any_order_and_others_are_told_by_number(tmp_path: Path) -> None:
    right, _ = read(tmp_path, predicted(structures(N)))
    strange = structures(N)[0]
    strange.rattle(0.1, seed=99)
    wrapped = structures(N)
    for atoms in wrapped:
        atoms.positions += atoms.cell[0]
    images = predicted([*wrapped[::-1], strange, wrapped[3]])
    found, note = read(tmp_path, images)
    np.testing.assert_allclose(found.energies, right.energies, rtol=1e-9)
    np.testing.assert_allclose(found.forces, right.forces, atol=1e-9)
    assert note is not None
    assert "2 of 14 rows (12, 13) are not of crystals" in note


def strained(images: list[Atoms]) -> list[Atoms]:
    images[4].cell[0, 0] += 0.05  # positions as they were
    return images


def moved(images: list[Atoms]) -> list[Atoms]:
    images[4].positions[1, 2] += 0.01
    return images


def renamed(images: list[Atoms]) -> list[Atoms]:
    images[4].symbols[0] = "Mo"
    return images


def isolated(images: list[Atoms]) -> list[Atoms]:
    images[4].pbc = False
    return images


def cut(images: list[Atoms]) -> list[Atoms]:
    return images[:9]


def contradicting(images: list[Atoms]) -> list[Atoms]:
    more = predicted(images[4:5])
    more[0].calc.results["energy"] += 1.0
    return [*images, *more]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (strained, "of crystals row 4 of 12 is not in it; of its own row 4 of 12 is not of"),
        (moved, "of crystals row 4 of 12 is not in it"),
        (renamed, "of crystals row 4 of 12 is not in it"),
        (isolated, "of crystals row 4 of 12 is not in it"),
        (cut, "of crystals 3 of 12 rows (9, 10, 11) are not in it"),
        (contradicting, "rows 4 and 12 are the same structure with different predictions"),
    ],
)
@pytest.mark.parametrize("reader", ["extxyz", "parquet"])
def test_predictions_of_other_structures_are_refused_by_row(
    change: Callable[[list[Atoms]], list[Atoms]], text: str, reader: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, change(predicted(structures(N))), reader)
    assert text in str(caught.value)
    assert f"predicted.{reader}" in str(caught.value)


def test_a_row_without_a_number_stays_so(tmp_path: Path) -> None:
    images = predicted(structures(N))
    images[2].calc.results["energy"] = float("nan")
    found, _ = read(tmp_path, images, "extxyz")
    assert np.flatnonzero(found.failed).tolist() == [2]


def test_energies_alone_are_enough_where_the_reference_has_no_forces(tmp_path: Path) -> None:
    whole = dataset(with_forces=False)
    found, _ = read(tmp_path, predicted(structures(N)), "npz", whole, keys={"forces": "absent"})
    assert np.isfinite(found.energies).all()
    assert np.isfinite(found.forces).all()
    with pytest.raises(InputError, match="no 'absent'"):
        read(tmp_path, predicted(structures(N)), "npz", keys={"forces": "absent"})


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    WRITERS["extxyz"](tmp_path / "right.xyz", predicted(structures(N)))
    path = tmp_path / "right.xyz"
    for reader, text in (("npz", "npz archive"), ("parquet", "Parquet"), ("pickle", "pickle")):
        table = {"path": path, "reader": reader, "energy": "total"}
        file = PredictionFile.model_validate(table)
        with pytest.raises(InputError, match=f"right.xyz.*{text}"):
            read_brought(path, file, "crystals", dataset())


TABLE = '[predictions.crystals]\npath = "a"\nreader = "npz"\nenergy = "total"\n'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (TABLE.replace("energy =", "energi ="), "unknown key; did you mean 'energy'?"),
        (TABLE.replace('path = "a"', 'path = "b"'), "b is not there"),
        (TABLE.replace('energy = "total"', ""), "energy: is missing"),
        (TABLE.replace("npz", "xyz"), "did you mean 'extxyz'?"),
        (TABLE.replace(".crystals", ""), "name the dataset that they are of"),
        (f'calculator = "a:b"\n{TABLE}', "either a calculator or a family or [predictions]"),
        ("", "either a calculator or a family or [predictions]"),
        (f'device = "cuda"\n{TABLE}', "device: [predictions] stand for the model"),
    ],
)
def test_a_wrong_table_is_one_error(text: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "mine.toml").write_text(f'name = "mine"\n{text}')
    with pytest.raises(InputError) as caught:
        load_candidate(tmp_path / "mine.toml", FAMILIES, set())
    assert wanted in str(caught.value)
    assert "mine.toml" in str(caught.value)


SPREAD = np.linspace(0.1, 1.2, N)
"""What is stated of each energy, eV."""


def with_spread(images: list[Atoms], *, forces: bool = True) -> list[Atoms]:
    """State an uncertainty of each energy, and of each force as many eV/Å as the atom's index."""
    for atoms, spread in zip(images, SPREAD, strict=True):
        atoms.info["energy_uncertainty"] = spread
        if forces:
            atoms.set_array("force_uncertainty", np.arange(len(atoms), dtype=float))
    return images


def test_an_uncertainty_is_of_the_row_that_states_it(tmp_path: Path) -> None:
    images = with_spread(predicted(structures(N)))
    n_atoms = np.array([len(atoms) for atoms in images])
    found, _ = read(tmp_path, images[::-1], "extxyz")
    assert found.uncertainty is not None
    np.testing.assert_allclose(found.uncertainty.energies, SPREAD)
    np.testing.assert_allclose(
        found.uncertainty.forces, np.concatenate([np.arange(n) for n in n_atoms])
    )
    per_atom, _ = read(tmp_path, images, "extxyz", energy="per atom")
    assert per_atom.uncertainty is not None
    np.testing.assert_allclose(per_atom.uncertainty.energies, SPREAD * n_atoms)
    chosen = found.select(np.array([4, 1]), n_atoms)
    assert chosen.uncertainty is not None
    np.testing.assert_allclose(chosen.uncertainty.energies, SPREAD[[4, 1]])
    assert len(chosen.uncertainty.forces) == n_atoms[4] + n_atoms[1]


def test_columns_state_an_uncertainty_under_any_name(tmp_path: Path) -> None:
    images = predicted(structures(N))
    path = tmp_path / "predicted.npz"
    WRITERS["npz"](path, images)
    with np.load(path) as archive:
        arrays: dict[str, Any] = dict(archive)
    total = int(arrays["n_atoms"].sum())
    np.savez(path, **arrays, gamma=SPREAD, spread=np.ones(total))
    keys = {"energy_uncertainty": "gamma", "force_uncertainty": "spread"}
    table = {"path": path, "reader": "npz", "energy": "total", "keys": keys}
    file = PredictionFile.model_validate(table)
    found, _ = read_brought(path, file, "crystals", dataset())
    assert found.uncertainty is not None
    np.testing.assert_allclose(found.uncertainty.energies, SPREAD)
    assert found.uncertainty.forces.tolist() == [1.0] * total


def test_a_wrong_uncertainty_is_refused_by_row(tmp_path: Path) -> None:
    images = with_spread(predicted(structures(N)))
    images[3].info["energy_uncertainty"] = -1.0
    with pytest.raises(InputError, match="row 3: energy_uncertainty is negative"):
        read(tmp_path, images, "extxyz")
    keys = {"energy_uncertainty": "gamma"}
    with pytest.raises(InputError, match=r"row 0: .*no gamma, which keys\.energy_unc"):
        read(tmp_path, predicted(structures(N)), "extxyz", keys=keys)
    with pytest.raises(ValueError, match="extxyz, parquet and npz"):
        read(tmp_path, predicted(structures(N)), "pickle", keys=keys)


@pytest.mark.parametrize("forces", [True, False])
def test_what_is_stated_is_judged_as_an_ensembles_spread(*, forces: bool, tmp_path: Path) -> None:
    images = with_spread(predicted(structures(N)), forces=forces)
    for atoms, spread in zip(images, SPREAD, strict=True):
        atoms.calc.results["energy"] += spread  # errors that the uncertainty orders rightly
    whole = dataset()
    found, _ = read(tmp_path, images, "extxyz", whole)
    metrics = with_uncertainty(measure(whole, found), stated_deviations(whole, found))
    assert metrics.values["energy_deviation_spearman"]["total"] == pytest.approx(1.0)
    assert (metrics.values["force_deviation_spearman"]["vector"] is not None) == forces
    shares = metrics.details["uncertainty"]["share_of_errors_above_multiples_of_the_deviation"]
    assert shares["energy"]["2"] == 0.0
    assert ("force" in shares) == forces
