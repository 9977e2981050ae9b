"""What a stopped run says of what it was computing, also where other processes computed it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from umlip_gate.errors import MeasurementError
from umlip_gate.predictions.store import Row, Store
from umlip_gate.predictions.unfinished import computing, unfinished

pytestmark = pytest.mark.selftest

WHAT = "mine on crystals"


def row() -> Row:
    return Row("ok", "", -1.0, np.zeros((1, 3)))


def interrupted(
    run: Path,
    kept_in: Path | None,
    compute: Callable[[], object],
    by: type[BaseException] = KeyboardInterrupt,
) -> list[str]:
    """Return what is said of a computation that is stopped after some of its work."""

    def compute_and_stop() -> None:
        with computing(run, WHAT, 9, kept_in):
            compute()
            raise by

    with pytest.raises(by):
        compute_and_stop()
    return unfinished(run)


@pytest.mark.parametrize("by", [KeyboardInterrupt, pytest.exit.Exception])
def test_an_interrupted_computation_says_how_many_rows_are_kept(
    tmp_path: Path, by: type[BaseException]
) -> None:
    store = Store(tmp_path / "predictions", {"model": "mine"})

    def compute() -> None:
        store.write({0: row(), 1: row()})
        store.write({5: row()})

    said = interrupted(tmp_path, store.folder, compute, by)
    assert said == [f"{WHAT}: 3 rows are kept; 9 were asked for"]


def test_rows_of_another_state_of_the_model_do_not_count(tmp_path: Path) -> None:
    store = Store(tmp_path / "predictions", {"model": "mine"})
    store.write({0: row(), 1: row()})

    def compute() -> None:
        store.folder = store.folder.with_name(f"{store.folder.name}-1")
        store.folder.mkdir()
        store.write({0: row()})

    said = interrupted(tmp_path, store.folder, compute)
    assert said == [f"{WHAT}: 1 rows are kept; 9 were asked for"]


def test_a_damaged_part_does_not_count(tmp_path: Path) -> None:
    store = Store(tmp_path / "predictions", {"model": "mine"})
    store.write({0: row()})
    (store.folder / "part-0.parquet").write_bytes(b"PAR1")
    said = interrupted(tmp_path, store.folder, lambda: None)
    assert said == [f"{WHAT}: 1 rows are kept; 9 were asked for"]


@pytest.mark.parametrize(
    ("kept_in", "kept"),
    [("predictions", "0 rows are kept"), (None, "no row is kept")],
    ids=["before the first part", "no later run can use them"],
)
def test_nothing_is_kept(tmp_path: Path, kept_in: str | None, kept: str) -> None:
    said = interrupted(tmp_path, tmp_path / kept_in if kept_in else None, lambda: None)
    assert said == [f"{WHAT}: {kept}; 9 were asked for"]


def test_what_came_to_its_end_or_failed_is_not_unfinished(tmp_path: Path) -> None:
    with computing(tmp_path, WHAT, 9, None):
        pass
    with pytest.raises(MeasurementError), computing(tmp_path, WHAT, 9, None):
        raise MeasurementError
    assert unfinished(tmp_path) == []
    assert unfinished(tmp_path / "another run") == []
