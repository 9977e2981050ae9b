"""A checkpoint that is a program is loaded without network and token, where the system allows it.

Its family's package is one of ours, which unpickles the checkpoint as the real one does.
"""

import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from umlip_gate.models.worker_process import (
    SECRETS,
    Job,
    Worker,
    WorkerLost,
    can_leave_network,
)
from umlip_gate.worker import network

pytestmark = pytest.mark.selftest

PACKAGE = """
import pickle


def MACECalculator(model_paths, **_):
    with open(model_paths, "rb") as file:
        pickle.load(file)
    raise ValueError("it was only a program")
"""

PROGRAM = """
import json, os, socket
found = {{"secrets": sorted(set(os.environ) & set({secrets})), "uid": os.getuid()}}
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5).close()
    found["connected"] = True
except OSError as error:
    found["connected"] = False
with socket.create_server(("127.0.0.1", 0)) as own:
    socket.create_connection(own.getsockname(), timeout=5).close()
open({notes!r}, "w").write(json.dumps(found))
"""


class Program:
    """Runs Python when it is unpickled."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return exec, (self.text,)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Have a family load a program, and return what the program noted."""
    for name in SECRETS:
        monkeypatch.setenv(name, "hf_secret")
    (tmp_path / "mace").mkdir()
    (tmp_path / "mace" / "__init__.py").touch()
    (tmp_path / "mace" / "calculators.py").write_text(PACKAGE)
    (tmp_path / "programs.py").write_text(
        "import pickle\n\n\ndef make(file):\n    pickle.load(open(file, 'rb'))\n"
        "    raise ValueError('it was only a program')\n"
    )

    def load(family: str) -> dict[str, Any]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            notes = tmp_path / "notes"
            program = PROGRAM.format(
                port=server.getsockname()[1], notes=str(notes), secrets=list(SECRETS)
            )
            checkpoint = tmp_path / "checkpoint"
            checkpoint.write_bytes(pickle.dumps(Program(program)))
            settings = {"calculator": "programs:make", "arguments": {"file": str(checkpoint)}}
            job = Job(
                Path(sys.executable),
                family,
                checkpoint,
                settings=settings if family == "ase" else {},
                path=(str(tmp_path),),
            )
            with pytest.raises(WorkerLost, match="it was only a program"):
                Worker(job, tmp_path / "log")
        found: dict[str, Any] = json.loads(notes.read_text())
        return found

    return load


def test_a_checkpoint_that_is_a_program_reaches_nothing_and_sees_no_token(
    hostile: Callable[[str], dict[str, Any]],
) -> None:
    found = hostile("mace")
    assert found == {
        "secrets": [],
        "uid": os.getuid(),
        "connected": not can_leave_network(),
    }


def test_a_persons_own_factory_keeps_the_network(
    hostile: Callable[[str], dict[str, Any]],
) -> None:
    """It may download its weights; that the program above could connect is shown by this one."""
    assert hostile("ase") == {"secrets": [], "uid": os.getuid(), "connected": True}


CHECK = """
import os, sys
sys.path.insert(0, sys.argv[1])
import network
before = os.readlink("/proc/self/ns/net")
left = network.leave()
assert left == (os.readlink("/proc/self/ns/net") != before)
print(left)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_what_is_told_is_what_happens_and_to_the_worker_alone() -> None:
    before = Path("/proc/self/ns/net").readlink()
    told = can_leave_network()
    assert Path("/proc/self/ns/net").readlink() == before
    folder = Path(network.__file__).parent
    done = subprocess.run(
        [sys.executable, "-I", "-c", CHECK, folder], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(told)


def test_a_system_without_namespaces_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: SimpleNamespace())
    assert not network.leave()
