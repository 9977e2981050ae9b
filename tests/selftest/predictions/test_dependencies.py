"""What a worker has read, and whether it is still there: else nothing is reused."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from umlip_gate.errors import MeasurementError
from umlip_gate.models.worker_process import Job, Worker, worker_environment
from umlip_gate.predictions.dependencies import NONE, difference, merged, summary
from umlip_gate.worker.dependencies import digest_of

pytestmark = pytest.mark.selftest

MODEL = """
import json
import os
from pathlib import Path

from ase.calculators.emt import EMT

import helper


class Late(EMT):
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        import late


def make(head):
    Path("scratch").write_text("x")
    Path("scratch").read_text()
    weights = Path(head).with_name(json.loads(Path(head).read_text()))
    float(weights.read_text())
    os.environ.get("SCALE")
    dict(os.environ)if Path(head).with_name("greedy").exists() else None
    try:
        open(Path(head).with_name("optional"))
    except FileNotFoundError:
        pass
    return Late()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "mine.py").write_text(MODEL)
    (folder / "helper.py").write_text("")
    (folder / "late.py").write_text("")
    (folder / "head.json").write_text('"weights"')
    (folder / "weights").write_text("0.0")
    return folder


def reports(folder: Path) -> dict[str, Any]:
    from ase.build import bulk  # noqa: PLC0415 - beside its only use

    settings = {"calculator": "mine:make", "arguments": {"head": "head.json"}}
    job = Job(Path(sys.executable), "ase", settings=settings, path=(str(folder),), folder=folder)
    worker = Worker(job, folder.parent / "log")
    worker.evaluate([bulk("Cu")])
    found = NONE
    for report in worker.take_reports():
        found = merged(found, report)
    worker.close()
    return found


def changed(kept: dict[str, Any], folder: Path) -> str | None:
    return difference(kept, worker_environment(), [str(folder)])


def test_what_was_read_is_known_and_nothing_else(folder: Path) -> None:
    kept = reports(folder)
    own = {path for path in kept["files"] if path.startswith(str(folder))}
    names = {"mine.py", "helper.py", "late.py", "head.json", "weights", "optional"}
    assert own == {str(folder / name) for name in names}
    assert kept["files"][str(folder / "optional")] is None
    assert not [path for path in kept["files"] if path.endswith(("scratch", ".pyc"))]
    assert not [path for path in kept["files"] if "umlip_gate" in path]
    assert "SCALE" in kept["variables"]
    assert "ase" in {
        name.partition(os.sep)[0] for base in kept["installed"].values() for name in base
    }
    assert changed(kept, folder) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "weights").write_text("1.0"),
        lambda folder: (folder / "helper.py").write_text("x = 1"),
        lambda folder: (folder / "late.py").write_text("x = 1"),
        lambda folder: (folder / "optional").write_text(""),
        lambda folder: (folder / "weights").unlink(),
        lambda folder: (folder / "json.py").write_text(""),
        lambda folder: (folder / "numpy").mkdir(),
    ],
    ids=["weights", "helper", "late", "appeared", "gone", "hides json", "hides numpy"],
)
def test_a_change_of_what_was_read_is_noticed(
    folder: Path, change: Callable[[Path], object]
) -> None:
    kept = reports(folder)
    change(folder)
    assert changed(kept, folder)


def test_an_unrelated_file_changes_nothing(folder: Path) -> None:
    kept = reports(folder)
    (folder / "unrelated.py").write_text("x = 1")
    (folder / "notes.txt").write_text("x")
    assert changed(kept, folder) is None


@pytest.mark.parametrize("name", ["SCALE"])
def test_a_variable_that_was_read_is_noticed(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = reports(folder)
    monkeypatch.setenv(name, "2")
    assert changed(kept, folder) == f"the environment variable {name}"
    kept = reports(folder)
    assert kept["variables"][name] == digest_of("2")
    assert "2" not in kept["variables"].values()
    monkeypatch.setenv("UNRELATED", "2")
    assert changed(kept, folder) is None


def test_who_reads_every_variable_serves_no_later_run(folder: Path) -> None:
    (folder / "greedy").write_text("")
    text = changed(reports(folder), folder)
    assert text is not None
    assert text.endswith("mine.py reads every environment variable")


def test_an_installed_package_that_was_edited_is_noticed(tmp_path: Path) -> None:
    """Its version is the same; a new time of change with the same content is no change."""
    file = tmp_path / "site" / "model.py"
    file.parent.mkdir()
    file.write_text("SHIFT = 0")
    status = file.stat()
    about = [status.st_size, status.st_mtime_ns, digest_of("SHIFT = 0")]
    kept = NONE | {"installed": {str(file.parent): {"model.py": about}}}
    assert difference(kept, {}, []) is None
    os.utime(file, ns=(0, 0))
    assert difference(kept, {}, []) is None
    file.write_text("SHIFT = 1")
    assert difference(kept, {}, []) == str(file)


def test_a_change_between_two_workers_is_an_error() -> None:
    one = NONE | {"files": {"weights": "0"}}
    assert merged(one, NONE | {"files": {"head": "1"}})["files"] == {"weights": "0", "head": "1"}
    with pytest.raises(MeasurementError, match="weights was changed while"):
        merged(one, NONE | {"files": {"weights": "1"}})


def test_the_identity_has_no_place_of_this_machine(folder: Path) -> None:
    assert str(folder) not in str(summary(reports(folder)))
