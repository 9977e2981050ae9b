"""A worker that dies, hangs or never was: each is noticed, named, and not the end of the run."""

import os
import re
import signal
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from ase import Atoms

from tests.selftest.builders import fakes
from tests.selftest.builders.crystals import TRIGGER_ROW, structures
from tests.selftest.builders.fakes import honest
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.models.environments import family_interpreter, probe
from umlip_gate.models.worker_process import Job, Worker, WorkerLost
from umlip_gate.predictions.batches import packed
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.store import Row

pytestmark = pytest.mark.selftest

FAKES = str(Path(fakes.__file__).parent)


class Answering:
    """A pool, and the rows that it kept."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.parts: list[dict[int, Row]] = []

    def evaluate(self, rows: list[tuple[int, Atoms]], atoms_per_batch: int) -> dict[int, Row]:
        structures = dict(rows)
        n_atoms = np.array([len(atoms) for _, atoms in rows])
        batches = packed(np.arange(len(rows)), n_atoms, atoms_per_batch)
        faults = self.pool.evaluate(
            batches, structures.__getitem__, lambda part, _: self.parts.append(part)
        )
        kept = {row: answer for part in self.parts for row, answer in part.items()}
        return kept | {row: Row("fault", text) for row, text in faults.items()}


class MakePool(Protocol):
    def __call__(self, job: Job, size: int = 1) -> Answering: ...


def fake_job(factory: str, *, time_limit_s: float = 60.0) -> Job:
    settings = {"calculator": f"fakes:{factory}", "arguments": {}}
    return Job(
        Path(sys.executable),
        "ase",
        settings=settings,
        dtype="float64",
        time_limit_s=time_limit_s,
        path=(FAKES,),
    )


@pytest.fixture
def pool_of(tmp_path: Path) -> Iterator[MakePool]:
    pools: list[Pool] = []

    def make(job: Job, size: int = 1) -> Answering:
        pools.append(Pool(job, [None] * size, tmp_path))
        return Answering(pools[-1])

    yield make
    for pool in pools:
        pool.__exit__()


def rows(n: int = 8) -> list[tuple[int, Atoms]]:
    return list(enumerate(structures(n)))


def test_answers_in_order_as_the_calculator_itself(pool_of: MakePool) -> None:
    answers = pool_of(fake_job("honest"), 2).evaluate(rows(), 32)
    assert sorted(answers) == list(range(8))
    for row, atoms in rows():
        atoms.calc = honest()
        assert answers[row].kind == "ok"
        assert answers[row].energy_ev == pytest.approx(atoms.get_potential_energy(), abs=1e-12)
        np.testing.assert_allclose(
            answers[row].forces_ev_per_ang, atoms.get_forces(), rtol=0, atol=1e-12
        )


@pytest.mark.parametrize(
    ("factory", "text"),
    [
        ("nan_energy", "ValueError: the energy is nan"),
        ("energy_in_words", "ValueError: the energy is no number: 'low'"),
        ("nan_force", "ValueError: the force on atom 0 is not finite"),
        ("wrong_shape", r"ValueError: forces of shape \(6, 3\) for 7 atoms"),
        ("raises", "RuntimeError: no such luck"),
        ("changes_input", r"ValueError: the calculator changed its input \(positions\)"),
    ],
)
def test_an_error_is_that_configurations_alone(pool_of: MakePool, factory: str, text: str) -> None:
    answers = pool_of(fake_job(factory)).evaluate(rows(), 32)
    assert {row for row, answer in answers.items() if answer.kind != "ok"} == {TRIGGER_ROW}
    assert answers[TRIGGER_ROW].kind == "error"
    assert re.fullmatch(text, answers[TRIGGER_ROW].detail)


def test_after_an_exception_the_calculator_is_made_anew(pool_of: MakePool) -> None:
    """What it kept by then may be of no structure."""
    answers = pool_of(fake_job("stale")).evaluate(rows(), 32)
    assert answers[TRIGGER_ROW].detail == "RuntimeError: no such luck"
    for row, atoms in rows():
        if row != TRIGGER_ROW:
            atoms.calc = honest()
            assert answers[row].energy_ev == pytest.approx(atoms.get_potential_energy(), abs=1e-12)


@pytest.mark.parametrize(
    ("factory", "text"),
    [
        ("segfaults", "died of SIGSEGV"),
        ("is_killed", "died of SIGKILL (the system was out of memory, most often)"),
        ("exits", "ended with exit status 3"),
        ("out_of_memory", "MemoryError"),
        ("hangs", "did not answer within 2 s"),
    ],
)
def test_a_lost_worker_costs_one_configuration(pool_of: MakePool, factory: str, text: str) -> None:
    pool = pool_of(fake_job(factory, time_limit_s=2.0))
    answers = pool.evaluate(rows(), 32)
    assert {row for row, answer in answers.items() if answer.kind != "ok"} == {TRIGGER_ROW}
    assert answers[TRIGGER_ROW].kind == "fault"
    assert text in answers[TRIGGER_ROW].detail


def test_a_model_that_loses_every_worker_is_given_up(pool_of: MakePool) -> None:
    seven = [(row, structures(8)[TRIGGER_ROW]) for row in range(9)]
    with pytest.raises(MeasurementError, match=r"given up after 4 lost workers.*W7.*SIGSEGV"):
        pool_of(fake_job("segfaults")).evaluate(seven, 1)


@pytest.mark.parametrize(
    ("factory", "text"),
    [
        ("does_not_start", "OSError: the weights are gone"),
        ("no_such_factory", "AttributeError: module 'fakes' has no attribute 'no_such_factory'"),
    ],
)
def test_a_model_that_does_not_load(tmp_path: Path, factory: str, text: str) -> None:
    with pytest.raises(WorkerLost, match=f"the worker did not start: {text}"):
        Worker(fake_job(factory), tmp_path / "log")


def test_two_workers_are_two_processes(pool_of: MakePool) -> None:
    pool = pool_of(fake_job("honest"), 2)
    pool.evaluate(rows(40), 1)
    pids = {worker.pid for worker in pool.pool._workers if worker}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_a_closed_worker_is_gone(tmp_path: Path) -> None:
    worker = Worker(fake_job("honest"), tmp_path / "log")
    worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("python", "text"),
    [
        ("/no/such/python", "does not start: No such file"),
        ("/bin/true", "does not answer as a Python interpreter does (exit status 0"),
        ("/bin/false", "does not answer as a Python interpreter does (exit status 1"),
        ("/bin/echo", "does not answer as a Python interpreter does"),
    ],
)
def test_a_wrong_interpreter(python: str, text: str) -> None:
    with pytest.raises(MeasurementError) as raised:
        probe(Path(python))
    assert text in str(raised.value)


def test_an_interpreter_that_never_answers(tmp_path: Path) -> None:
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    silent.chmod(0o755)
    with pytest.raises(MeasurementError, match="did not answer in 1 s"):
        probe(silent, limit_s=1.0)


def test_an_interpreter_without_ase(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    with pytest.raises(MeasurementError, match="lacks ase and numpy: install it there with pip"):
        probe(tmp_path / "bare" / "bin" / "python")


def test_a_family_without_an_environment(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"no environment nosuch: `tox run -e nosuch` makes one"):
        family_interpreter("nosuch", "no-such-distribution", tmp_path)


def test_a_family_in_its_own_environment(tmp_path: Path) -> None:
    python = tmp_path / ".tox" / "nosuch" / "bin" / "python"
    venv.create(python.parent.parent, symlinks=True)
    assert family_interpreter("nosuch", "no-such-distribution", tmp_path) == python


def test_a_family_in_this_interpreter(tmp_path: Path) -> None:
    assert family_interpreter("numpy", "numpy", tmp_path) == Path(sys.executable)
