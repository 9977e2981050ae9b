"""The tutorials, done word for word in an empty folder; what is installed is taken as it is."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.docs.pages import blocks

pytestmark = pytest.mark.selftest

TUTORIALS = ROOT / "docs" / "tutorials"
INSTALLS = re.compile(r"^(python -m venv|\. environment|pip install)")
MINUTES = "# takes minutes"


def do(page: str, folder: Path) -> list[str]:
    """Follow a page; return the commands that were run."""
    run = []
    for block in blocks(TUTORIALS / page):
        if block.file:
            (folder / block.file).write_text(block.text)
        elif block.language == "sh":
            for line in block.text.splitlines():
                if not INSTALLS.match(line) and MINUTES not in line:
                    give(line, folder)
                    run.append(line)
        else:
            pytest.fail(f"{page}: a {block.language} block that nothing is done with")
    return run


def give(line: str, folder: Path) -> None:
    """Run one command line as in a shell whose Python is this one."""
    words = shlex.split(line, comments=True)
    words = words[2:] if words[:2] == ["python", "-m"] else words
    given = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_PLUGINS": "umlip_gate.plugin"}
    given["UMLIP_GATE_CACHE"] = str(folder / "cache")
    ended = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    expected = re.search(r"# exit code (\d)", line)
    assert ended.returncode == int(expected[1] if expected else 0), ended.stdout + ended.stderr


def test_a_model_of_ones_own_and_its_report(tmp_path: Path) -> None:
    assert len(do("your-model.md", tmp_path)) == 3
    do("read-a-report.md", tmp_path)
    assert "<html" in (tmp_path / "report.html").read_text()
    assert "<html" in (tmp_path / "changes.html").read_text()


@pytest.mark.slow  # the quick gate on CHGNet
def test_the_first_gate(tmp_path: Path) -> None:
    pytest.importorskip("chgnet")
    assert len(do("first-gate.md", tmp_path)) == 1
