"""What of a dataset is computed: all of it, a sample, or what a budget of time allows."""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pytest
from ase import Atoms

from tests.selftest.builders.datasets import made_rows
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.compute import ROWS_PER_BLOCK, compute
from umlip_gate.predictions.pool import Keep, Pool
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Row, Store

pytestmark = pytest.mark.selftest

N = 5 * ROWS_PER_BLOCK + 3
JOB = Job(Path("python"), "fake", None, {}, "cpu", "float64")


class Stopwatch:
    """Ten seconds pass with every block."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class FakePool(Pool):
    """Answers with the row's number, and notes what it was asked."""

    asked: ClassVar[list[int]] = []
    stopwatch: ClassVar[Stopwatch] = Stopwatch()
    advanced: Callable[[Collection[int]], None]

    def __init__(self) -> None:
        super().__init__(JOB, [None], Path())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def evaluate(
        self, batches: Iterable[list[int]], atoms_of: Callable[[int], Atoms], keep: Keep
    ) -> dict[int, str]:
        self.stopwatch.now_s += 10
        for batch in batches:
            self.asked.extend(batch)
            part = {
                row: Row("ok", "", float(row), np.zeros((len(atoms_of(row)), 3))) for row in batch
            }
            keep(part, [])
        return {}


@pytest.fixture(autouse=True)
def _new_pool() -> None:
    FakePool.asked, FakePool.stopwatch = [], Stopwatch()


@pytest.fixture
def dataset() -> Configurations:
    return Configurations.from_rows(made_rows(N))


def run(
    folder: Path, dataset: Configurations, order: Sequence[int], budget_s: float | None = None
) -> tuple[list[int], Predictions]:
    predictions = compute(
        FakePool(),
        Store(folder, {"a": 1}),
        dataset,
        np.array(order),
        budget_s=budget_s,
        atoms_per_batch=10,
        announce=lambda _: None,
        clock=FakePool.stopwatch,
    )
    rows = predictions.rows
    assert predictions.energies.tolist() == rows.tolist()
    assert len(predictions.forces) == dataset.n_atoms[rows].sum()
    return rows.tolist(), predictions


def shuffled(seed: int = 0) -> list[int]:
    return [int(row) for row in np.random.default_rng(seed).permutation(N)]


def test_all_rows_are_computed_once(tmp_path: Path, dataset: Configurations) -> None:
    assert run(tmp_path, dataset, range(N))[0] == list(range(N))
    assert sorted(FakePool.asked) == list(range(N))
    run(tmp_path, dataset, range(N))
    assert len(FakePool.asked) == N


def test_a_sample_and_the_whole_share_what_is_stored(
    tmp_path: Path, dataset: Configurations
) -> None:
    order = shuffled()
    assert run(tmp_path, dataset, order[:40])[0] == sorted(order[:40])
    assert run(tmp_path, dataset, order[:70])[0] == sorted(order[:70])
    assert sorted(FakePool.asked) == sorted(order[:70])
    assert run(tmp_path, dataset, range(N))[0] == list(range(N))
    assert sorted(FakePool.asked) == list(range(N))  # each row once
    assert run(tmp_path, dataset, order[:40])[0] == sorted(order[:40])
    assert len(FakePool.asked) == N


def test_a_budget_ends_between_blocks_and_leaves_a_beginning_of_the_order(
    tmp_path: Path, dataset: Configurations
) -> None:
    order = shuffled()
    rows, _ = run(tmp_path, dataset, order, budget_s=25)
    assert rows == sorted(order[: 3 * ROWS_PER_BLOCK])  # begun after 0, 10 and 20 s
    more, _ = run(tmp_path, dataset, order, budget_s=5)
    assert more == sorted(order[: 4 * ROWS_PER_BLOCK])  # what is stored costs nothing
    assert sorted(FakePool.asked) == sorted(order[: 4 * ROWS_PER_BLOCK])


def test_a_budget_that_is_long_enough_leaves_the_whole(
    tmp_path: Path, dataset: Configurations
) -> None:
    assert run(tmp_path, dataset, shuffled(), budget_s=1e9)[0] == list(range(N))


def test_rows_that_are_stored_beyond_a_gap_do_not_count(
    tmp_path: Path, dataset: Configurations
) -> None:
    order = shuffled()
    run(tmp_path, dataset, order[2 * ROWS_PER_BLOCK :])
    # the budget ends before the second block: the later ones, though stored, are no beginning
    rows, _ = run(tmp_path, dataset, order, budget_s=5)
    assert rows == sorted(order[:ROWS_PER_BLOCK])


def test_a_failed_row_is_a_failure_at_its_place(tmp_path: Path, dataset: Configurations) -> None:
    order = shuffled()
    store = Store(tmp_path, {"a": 1})
    failed = sorted(order[:40])[7]
    store.write({failed: Row("error", "RuntimeError: no")})
    predictions = compute(
        FakePool(),
        store,
        dataset,
        np.array(order[:40]),
        atoms_per_batch=10,
        announce=lambda _: None,
    )
    rows = predictions.rows
    assert rows.tolist() == sorted(order[:40])
    assert predictions.failures == {7: "RuntimeError: no"}
    assert predictions.failed.tolist() == [row == failed for row in rows]


def test_predictions_are_selected_with_their_forces_and_failures(dataset: Configurations) -> None:
    energies = np.arange(float(N))
    energies[4] = np.nan
    atoms = np.repeat(np.arange(float(N)), dataset.n_atoms)
    whole = Predictions(energies, np.outer(atoms, np.ones(3)), {4: "no"})
    kept = whole.select(np.array([9, 4, 0]), dataset.n_atoms)
    assert kept.failures == {1: "no"}
    assert kept.energies[[0, 2]].tolist() == [9, 0]
    expected = np.repeat([9.0, 4.0, 0.0], dataset.n_atoms[[9, 4, 0]])
    assert kept.forces[:, 0].tolist() == expected.tolist()
