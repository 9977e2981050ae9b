"""The worker that `tests/cost/test_worker.py` starts, which needs no checkout."""

import sys
from pathlib import Path

import pytest
from ase.build import bulk

from tests.selftest.builders import fakes
from umlip_gate.models import worker_process
from umlip_gate.models.worker_process import Job, Worker
from umlip_gate.plugin import SUITE

pytestmark = pytest.mark.selftest

NUMBERS = {"temperature_k": 300, "seed": 0, "timestep_fs": 1.0, "most_displacement_ang": 1.0}
NOTHING_ELSE_OF_OURS = """
import importlib.util, sys
import fakes
def make():
    assert not any("both_md_loops" in each or each.endswith("cost") for each in sys.path), sys.path
    try:
        importlib.util.find_spec("umlip_gate.settings")
    except ModuleNotFoundError:
        return fakes.honest()
    raise AssertionError("all of ours is importable")
"""


def test_it_times_the_suites_step_and_a_bare_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(NOTHING_ELSE_OF_OURS)
    monkeypatch.setattr(worker_process, "START", SUITE / "cost" / "both_md_loops.py")
    path = (str(tmp_path), str(Path(fakes.__file__).parent))
    settings = {"calculator": "mine:make", "arguments": {}}
    worker = Worker(Job(Path(sys.executable), "ase", None, settings, path=path), tmp_path / "log")

    def ask(verb: str) -> float:
        (kind, answer), _ = worker._ask(verb, None)
        assert kind == "ok"
        return float(answer)

    try:
        kind, about = worker.build(bulk("W", "bcc", a=3.2, cubic=True).repeat(2), NUMBERS)
        assert kind == "ok", about
        after_build_s = ask("inside")
        _, timed = worker.time_steps(1)
        after_suite_s = ask("inside")
        bare_s = ask("bare")
        after_bare_s = ask("inside")
    finally:
        worker.close()
    assert 0 < after_build_s < after_suite_s < after_bare_s
    assert after_suite_s - after_build_s < timed["cpu_s"]
    assert after_bare_s - after_suite_s < bare_s
