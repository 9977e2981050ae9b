"""Whatever changes a prediction changes its identity, and nothing else of ours does."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from umlip_gate import worker
from umlip_gate.models.environments import Environment
from umlip_gate.models.prepare import RunnableModel
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.identity import (
    brought_identity,
    digest_of,
    live_identity,
    published_identity,
    worker_digest,
)

pytestmark = pytest.mark.selftest

FOLDER = Path(worker.__file__).parent
JOB = Job(Path("python"), "chgnet", Path("weights"), {"a": 1})
ENVIRONMENT = Environment(Path("python"), "3.11.9", {"torch": "2.13.0"}, {})
LIVE = RunnableModel(JOB, ENVIRONMENT, "0" * 64, {"head": "1" * 64}, reusable=True)


def of_job(**changes: object) -> RunnableModel:
    return replace(LIVE, job=replace(JOB, **changes))  # type: ignore[arg-type]


def digest(live: RunnableModel, dataset: str = "dataset", run: str = "run") -> str:
    return digest_of(live_identity(live, dataset, run))


@pytest.mark.parametrize(
    "changed",
    [
        of_job(family="mace"),
        of_job(random_seed=0),
        of_job(random_seed=1),
        of_job(settings={"a": 2}),
        of_job(device="cuda"),
        of_job(dtype="float64"),
        of_job(checked=False),
        replace(LIVE, checkpoint_digest="2" * 64),
        replace(LIVE, files_digest={"head": "2" * 64}),
        replace(LIVE, files_digest={}),
        replace(LIVE, environment=replace(ENVIRONMENT, version="3.12.1")),
        replace(LIVE, environment=replace(ENVIRONMENT, packages={"torch": "2.13.1"})),
        replace(LIVE, environment=replace(ENVIRONMENT, packages={})),
        replace(LIVE, reusable=False),
    ],
)
def test_what_changes_a_prediction_changes_its_identity(changed: RunnableModel) -> None:
    assert digest(changed) != digest(LIVE)


def test_an_identity_names_what_it_holds() -> None:
    """Results show it, and `--umlip-against` and people compare it."""
    assert live_identity(LIVE, "the dataset's", "run") == {
        "source": "live",
        "dataset": "the dataset's",
        "family": "chgnet",
        "checkpoint": "0" * 64,
        "arguments": {"head": "1" * 64},
        "run": None,
        "random_seed": None,
        "settings": {"a": 1},
        "device": "cpu",
        "dtype": "float32",
        "checked": True,
        "n_threads": 1,
        "python": "3.11.9",
        "packages": {"torch": "2.13.0"},
        "worker": worker_digest("chgnet"),
    }
    file = {"dataset": "the dataset's", "file": "the file's"}
    assert published_identity("the file's", "the dataset's") == {"source": "published", **file}
    assert brought_identity("the file's", "the dataset's") == {"source": "brought", **file}


def test_the_order_of_an_identitys_keys_does_not_matter() -> None:
    assert digest_of({"a": 1, "b": {"c": 2, "d": 3}}) == digest_of({"b": {"d": 3, "c": 2}, "a": 1})


def test_another_dataset_is_another_identity() -> None:
    assert digest(LIVE, dataset="other") != digest(LIVE)


def test_a_model_whose_weights_are_not_known_is_another_in_each_run() -> None:
    unknown = replace(LIVE, reusable=False)
    assert digest(unknown, run="one") != digest(unknown, run="two")
    assert digest(LIVE, run="one") == digest(LIVE, run="two")


@pytest.mark.parametrize(
    "same",
    [
        of_job(python=Path("elsewhere/python")),
        of_job(checkpoint=Path("elsewhere/weights")),
        of_job(time_limit_s=1.0),
        of_job(core=1),
        of_job(gpu="1"),
        of_job(folder=Path("elsewhere")),
    ],
)
def test_where_and_how_long_a_model_runs_is_not_part_of_it(same: RunnableModel) -> None:
    assert digest(same) == digest(LIVE)


def renamed(file: Path) -> None:
    file.rename(file.with_name("other.py"))


def edited(file: Path) -> None:
    file.write_text(file.read_text() + "#\n")


@pytest.mark.parametrize("change", [renamed, edited])
@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.py")))
def test_every_module_of_the_worker_is_part_of_it(
    name: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    copy = tmp_path / "worker"
    shutil.copytree(FOLDER, copy)
    before = worker_digest("chgnet", copy)
    assert before == worker_digest("chgnet")
    change(copy / name)
    assert worker_digest("chgnet", copy) != before


def test_of_the_adapters_that_of_the_family_is_part_of_it(tmp_path: Path) -> None:
    copy = tmp_path / "worker"
    shutil.copytree(FOLDER, copy)
    before = worker_digest("chgnet", copy)
    edited(copy / "adapters" / "mace.py")
    assert worker_digest("chgnet", copy) == before
    edited(copy / "adapters" / "chgnet.py")
    assert worker_digest("chgnet", copy) != before
