from pathlib import Path

import numpy as np
import pytest

from tests.selftest.builders.datasets import made_dataset, made_rows, made_settings, write_extxyz
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.notices import notices

pytestmark = pytest.mark.selftest


def datasets(folder: Path) -> DatasetCache:
    write_extxyz(folder / "made.xyz", made_rows(20))
    entry = {"title": "made up", "elements": ["W", "Ta", "Mo"], "id": "two-atoms"}
    subset = Dataset.model_validate(entry | {"subset": {"of": "made", "n_atoms": 2}})
    reason = {"id": "away", "subset": None, "status": "bring-your-own", "reason": "no address"}
    away = Dataset.model_validate(entry | reason)
    made = made_dataset(folder / "made.xyz")
    return DatasetCache({each.id: each for each in (made, subset, away)}, made_settings(folder))


def test_a_dataset_is_its_own_parent(tmp_path: Path) -> None:
    view = datasets(tmp_path).view("made")
    assert (view.id, view.parent, view.interactions) == ("made", "made", None)
    np.testing.assert_array_equal(view.rows_in_parent, np.arange(20))
    assert len(view.configurations) == 20


def test_a_subset_has_its_rows_in_its_parent(tmp_path: Path) -> None:
    cache = datasets(tmp_path)
    view, parent = cache.view("two-atoms"), cache.view("made").configurations
    assert (view.id, view.parent) == ("two-atoms", "made")
    assert set(parent.n_atoms[view.rows_in_parent].tolist()) == {2}
    assert (parent.n_atoms == 2).sum() == len(view.rows_in_parent) > 0
    assert view.configurations.digest == parent.select(view.rows_in_parent).digest


def test_a_dataset_is_read_once_and_its_error_is_repeated(tmp_path: Path) -> None:
    cache = datasets(tmp_path)
    assert cache.view("made") is cache.view("made")
    first, second = (_fault(cache, "away") for _ in range(2))
    assert first is second
    assert isinstance(first, Unavailable)


def test_a_subset_of_a_damaged_dataset_has_its_error(tmp_path: Path) -> None:
    cache = datasets(tmp_path)
    (tmp_path / "made.xyz").write_text("no structures\n")
    assert isinstance(_fault(cache, "two-atoms"), InputError)
    assert _fault(cache, "two-atoms") is _fault(cache, "made")


def _fault(cache: DatasetCache, id_: str) -> Exception:
    with pytest.raises((InputError, Unavailable)) as fault:
        cache.view(id_)
    return fault.value


def test_what_a_person_should_know_of_a_dataset_is_a_notice_of_the_run(tmp_path: Path) -> None:
    rows = made_rows(4)
    write_extxyz(tmp_path / "made.xyz", [*rows, rows[2]])
    for _ in range(2):  # read, and then taken from its table
        settings = made_settings(tmp_path)
        view = DatasetCache({"made": made_dataset(tmp_path / "made.xyz")}, settings).view("made")
        assert len(view.configurations) == 4
        where = tmp_path / "made.xyz"
        expected = f"{where} row 4: bitwise equal to {where} row 2; counted once"
        assert expected in view.notes
        assert f"made: {expected}" in notices(settings.run)
        for notice in (settings.run / "notices").iterdir():
            notice.unlink()
