"""Published predictions are those of the dataset's own structures, row for row, or are refused."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.selftest.builders.crystals import labelled
from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.errors import InputError
from umlip_gate.predictions import published as module
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.published import read_published
from umlip_gate.predictions.store import Store

pytestmark = pytest.mark.selftest

FIRST, N = 2, 6

OTHER = (
    f"^file: row {FIRST + N - 1}: its structure or the shape of its forces is not that of the "
    "dataset's row; it predicts other configurations$"
)


def configurations() -> Configurations:
    return Configurations.from_rows(
        [Row(atoms, atoms.get_potential_energy(), atoms.get_forces()) for atoms in labelled(N)]
    )


def frame() -> pd.DataFrame:
    """Two rows of no account, and then the dataset's, which are wrong by 1 eV/atom."""
    structures = [*labelled(N)[:FIRST], *labelled(N)]
    return pd.DataFrame(
        {
            "ase_atoms": structures,
            "energy": [atoms.get_potential_energy() / len(atoms) + 1 for atoms in structures],
            "forces": [2 * atoms.get_forces() for atoms in structures],
        }
    )


def read(monkeypatch: pytest.MonkeyPatch, content: pd.DataFrame) -> Predictions:
    monkeypatch.setattr(module, "read_frame", lambda _: content)
    return read_published(Path("file"), configurations(), FIRST)


def test_rows_are_counted_as_in_the_datasets_file(monkeypatch: pytest.MonkeyPatch) -> None:
    found, whole = read(monkeypatch, frame()), configurations()
    np.testing.assert_allclose(found.energies, whole.energies + whole.n_atoms, atol=1e-9)
    np.testing.assert_array_equal(found.forces, 2 * whole.forces)


def test_rows_after_the_datasets_own_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, pd.concat([frame(), frame()[:3]]))
    assert len(found.energies) == N


def test_a_column_that_ends_before_the_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {name: list(values) for name, values in frame().items()}
    columns["forces"].pop()
    monkeypatch.setattr(module, "read_frame", lambda _: columns)
    with pytest.raises(ValueError, match=r"zip\(\)"):
        read_published(Path("file"), configurations(), FIRST)


def test_rounded_structures_are_the_same_and_moved_ones_far_away_are_not() -> None:
    """By an absolute distance: 40 Å from the origin as well as beside it."""
    expected = labelled(1)[0]
    expected.positions += 40
    expected.cell[:] += 40
    for part in ("positions", "cell"):
        for by, same in ((9e-7, True), (2e-6, False), (1e-4, False)):
            other = expected.copy()
            getattr(other, part)[0] += by
            assert module._same(other, expected) is same


def moved(content: pd.DataFrame) -> pd.DataFrame:
    content["ase_atoms"].iloc[-1].positions[0, 0] += 1e-3
    return content


def strained(content: pd.DataFrame) -> pd.DataFrame:
    content["ase_atoms"].iloc[-1].cell[0, 0] += 1e-3
    return content


def renamed(content: pd.DataFrame) -> pd.DataFrame:
    content["ase_atoms"].iloc[-1].symbols[0] = "Mo"
    return content


def opened(content: pd.DataFrame) -> pd.DataFrame:
    content["ase_atoms"].iloc[-1].pbc = False
    return content


@pytest.mark.parametrize("change", [moved, strained, renamed, opened])
def test_other_structures_of_the_same_size_are_refused(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    with pytest.raises(InputError, match=OTHER):
        read(monkeypatch, change(frame()))


def test_too_few_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=f"{N - 1} rows, the dataset has {N}"):
        read(monkeypatch, frame().iloc[:-1])


def test_what_is_kept_depends_on_all_that_decides_how_the_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identities = []

    def store(folder: Path, identity: dict[str, Any]) -> Store:
        identities.append(identity)
        return Store(folder, identity)

    monkeypatch.setattr(module, "read_frame", lambda _: frame())
    monkeypatch.setattr(module, "Store", store)
    file = tmp_path / "file"
    file.write_bytes(b"published")
    module.published(file, configurations(), FIRST, tmp_path)
    assert identities == [
        {
            "source": "published",
            "dataset": configurations().digest,
            "file": hashlib.sha256(b"published").hexdigest(),
            "first_row": FIRST,
            "code": module._code_digest(),
        }
    ]


def test_a_file_is_read_once_as_long_as_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is kept is what was read, to the last bit, a row without a number among it."""
    content = frame()
    content.loc[FIRST + 1, "energy"] = np.nan
    asked: list[Path] = []

    def read_frame(path: Path) -> pd.DataFrame:
        asked.append(path)
        return content

    monkeypatch.setattr(module, "read_frame", read_frame)
    file = tmp_path / "file"
    file.write_bytes(b"published")
    first, again = (module.published(file, configurations(), FIRST, tmp_path) for _ in range(2))
    assert asked == [file]
    np.testing.assert_array_equal(again.energies, first.energies)
    np.testing.assert_array_equal(again.forces, first.forces)
    assert again.failures == first.failures
    assert np.isnan(again.energies[1])
    file.write_bytes(b"published again")
    module.published(file, configurations(), FIRST, tmp_path)
    assert asked == [file, file]
    with pytest.raises(InputError, match="predicts other configurations"):
        module.published(file, configurations(), 0, tmp_path)
