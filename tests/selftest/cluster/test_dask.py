"""A LocalCluster of Dask: what goes wrong with a model is one row's, and the others complete."""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.selftest.builders import fakes
from tests.selftest.builders.crystals import TRIGGER_ROW, structures
from tests.selftest.cli import CommandLineRun
from umlip_gate.errors import InputError, MeasurementError
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.batches import packed
from umlip_gate.predictions.executors.cluster import Cluster
from umlip_gate.predictions.executors.part import gpu_number
from umlip_gate.predictions.executors.site import (
    LocalSite,
    SchedulerSite,
    SlurmSite,
    read_site,
)
from umlip_gate.predictions.store import Store

pytestmark = pytest.mark.selftest

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None
    and not os.environ.get("UMLIP_GATE_REQUIRE_CLUSTER"),
    reason="Dask is not installed: pip install 'umlip-gate[cluster]'",
)
N_ROWS = 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster(LocalSite(kind="local", workers=2))
    yield cluster
    cluster.close()


def fake_job(calculator: str, **settings: float) -> Job:
    path = (str(Path(fakes.__file__).parent),)
    about = {"calculator": f"fakes:{calculator}", "arguments": settings}
    return Job(Path(sys.executable), "ase", settings=about, path=path, time_limit_s=5)


def evaluate(cluster: Cluster, store: Store, job: Job) -> dict[int, str]:
    atoms = structures(N_ROWS)
    n_atoms = np.array([len(each) for each in atoms])
    with cluster.pool(job, json.dumps(job.settings), 1.0) as pool:
        return pool.evaluate(packed(np.arange(N_ROWS), n_atoms, 16), atoms.__getitem__, store.keep)


@needs_dask
@pytest.mark.parametrize(
    ("calculator", "why"),
    [
        ("segfaults", "the worker died of SIGSEGV"),
        ("hangs", "the worker did not answer within 5 s"),
        ("out_of_memory", "Unable to allocate 256. TiB"),
        ("is_killed", "the worker died of SIGKILL (the system was out of memory, most often)"),
        ("kills_what_started_it", "it ended its Dask worker, tcp://127.0.0.1:"),
    ],
)
def test_what_kills_hangs_or_eats_memory_is_one_row(
    cluster: Cluster, tmp_path: Path, calculator: str, why: str
) -> None:
    store = Store(tmp_path, {"dataset": "made"})
    faults = evaluate(cluster, store, fake_job(calculator))
    assert list(faults) == [TRIGGER_ROW]
    assert why in faults[TRIGGER_ROW]
    atoms = structures(N_ROWS)
    n_atoms = np.array([len(each) for each in atoms])
    rows = np.delete(np.arange(N_ROWS), TRIGGER_ROW)
    assert np.flatnonzero(store.done(n_atoms)).tolist() == rows.tolist()
    kept = store.read(rows, n_atoms)
    for place, row in enumerate(rows.tolist()):
        atoms[row].calc = fakes.Fake()
        energy = atoms[row].get_potential_energy()
        assert kept.energies[place] == pytest.approx(energy, abs=1e-9)
    assert json.loads((store.folder / "dependencies.json").read_text())["names"]


@needs_dask
def test_a_model_that_does_not_start_is_an_error(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="the weights are gone"):
        evaluate(cluster, Store(tmp_path, {}), fake_job("does_not_start"))


@needs_dask
def test_a_loaded_model_stays_loaded(cluster: Cluster, tmp_path: Path) -> None:
    """And what it read when it was loaded is kept beside the predictions of each dataset."""
    os.environ["FAKE_NOTES"] = str(tmp_path / "notes")
    stores = [Store(tmp_path, {"dataset": name}) for name in "ab"]
    (tmp_path / "weights").touch()
    (tmp_path / "go").touch()
    job = fake_job("honest")
    evaluate(cluster, stores[0], job)
    before = cluster._client.run(children)
    evaluate(cluster, stores[1], job)
    assert cluster._client.run(children) == before
    one, other = (json.loads((s.folder / "dependencies.json").read_text()) for s in stores)
    assert one["files"] == other["files"]
    assert any(name.endswith("fakes.py") for name in one["files"])


def children() -> list[int]:
    """The processes that a Dask worker has started for models."""
    from umlip_gate.predictions.executors import part  # noqa: PLC0415

    workers = [
        worker
        for waiting in part._idle.values()
        for child in waiting
        for worker in child.pool._workers
    ]
    return sorted(worker.pid for worker in workers if worker)


@needs_dask
def test_pytest_judges_with_dask_as_without(tmp_path: Path) -> None:
    desk = CommandLineRun(tmp_path)
    desk.candidate()
    here = desk.judge()
    there = desk.judge("--umlip-executor=dask")
    assert here.code == there.code == 0, there.output
    assert there.leaves() == here.leaves()


def test_gpus_of_a_job_have_a_dask_worker_each() -> None:
    assert [gpu_number(name) for name in ("SLURMCluster-3-0", "SLURMCluster-3-2")] == [0, 2]
    assert gpu_number("tcp://127.0.0.1:1") == 0


def write(folder: Path, text: str) -> str:
    (folder / "site.toml").write_text(text)
    return "site.toml"


SLURM = 'kind = "slurm"\ncores = 2\nmemory_gb = 1\nwalltime = "00:10:00"\n'


def test_a_site_is_read(tmp_path: Path) -> None:
    assert isinstance(read_site("dask", tmp_path), LocalSite)
    address = read_site("tcp://127.0.0.1:8786", tmp_path)
    assert isinstance(address, SchedulerSite)
    assert address.address == "tcp://127.0.0.1:8786"
    slurm = read_site(write(tmp_path, SLURM + "jobs = [0, 4]\n"), tmp_path)
    assert isinstance(slurm, SlurmSite)
    assert slurm.bounds == (0, 4)
    assert slurm.most_workers == 8
    fixed = read_site(write(tmp_path, SLURM + "jobs = 3\n"), tmp_path)
    assert isinstance(fixed, SlurmSite)
    assert fixed.bounds == (3, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "slrum"\n', r"site.toml: kind = 'slrum': one of local, scheduler, slurm"),
        ("", r"site.toml: kind = None"),
        (SLURM + "jobs = [4, 1]\n", "the least is more than the most"),
        (SLURM + "gpus = 1\n", "gpu_memory_gib"),
        (SLURM + "gpu_memory_gib = 80\n", "gpu_memory_gib"),
        (SLURM + "partiton = 'x'\n", "partiton"),
        ('kind = "scheduler"\naddress = "here"\n', "address"),
        (SLURM.replace("00:10:00", "10 min"), "walltime"),
    ],
)
def test_a_wrong_site_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_site(write(tmp_path, text), tmp_path)


def test_what_is_no_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--umlip-executor dusk: dask, a scheduler's address"):
        read_site("dusk", tmp_path)
