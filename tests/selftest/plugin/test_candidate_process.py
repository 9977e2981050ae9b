"""A candidate's process as a person meets it: what it reads, where it works, how it is started."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.selftest.cli import CommandLineRun

pytestmark = pytest.mark.selftest

OUTSIDE, USAGE, NOT_MEASURED = 1, 4, 6
CHECKPOINT = '[arguments]\nfile = "{checkpoint}"\n'


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    (tmp_path / "weights").write_text("any")
    return CommandLineRun(tmp_path)


def test_weights_that_the_checkpoint_names_are_part_of_the_model(cli: CommandLineRun) -> None:
    (cli.folder / "mine.py").write_text(
        "import fakes\nfrom pathlib import Path\n\n"
        "def make(file):\n"
        "    return fakes.reads_shift(Path(file).with_name(Path(file).read_text()))\n"
    )
    (cli.folder / "weights").write_text("shift")
    (cli.folder / "shift").write_text("0.0")
    cli.candidate("mine:make", CHECKPOINT, checkpoint="weights")
    assert cli.judge().code == 0
    (cli.folder / "unrelated.py").write_text("x = 1\n")
    reused = cli.judge()
    assert reused.code == 0
    assert "12 predictions of " in reused.output
    assert "configurations to compute" not in reused.output
    (cli.folder / "shift").write_text("0.007")
    changed = cli.judge()
    assert changed.code == OUTSIDE
    assert "12 configurations to compute" in changed.output


def test_a_helper_on_the_python_path_is_part_of_the_model(
    cli: CommandLineRun, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "helper.py").write_text("SHIFT = 0.0\n")
    (cli.folder / "mine.py").write_text(
        "import fakes, helper, os\n\n"
        "def make(file):\n"
        "    scale = float(os.environ.get('MY_SCALE', '1'))\n"
        "    return fakes.Fake(shift_ev_per_atom=helper.SHIFT * scale)\n"
    )
    cli.candidate("mine:make", CHECKPOINT, checkpoint="weights")
    monkeypatch.setenv("PYTHONPATH", f"{elsewhere}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert cli.judge().code == 0
    (elsewhere / "helper.py").write_text("SHIFT = 0.007\n")
    assert cli.judge().code == OUTSIDE
    monkeypatch.setenv("MY_SCALE", "0")
    assert cli.judge().code == 0


def test_each_worker_has_a_folder_of_its_own(cli: CommandLineRun) -> None:
    """Calculators of external programs write files of fixed names where the process works."""
    (cli.folder / "mine.py").write_text(
        "import fakes, os\nfrom pathlib import Path\n\n"
        f"NOTES = Path({str(cli.folder / 'folders')!r})\n\n"
        "class ThroughFile(fakes.Fake):\n"
        "    def calculate(self, atoms=None, *rest):\n"
        "        Path('input').open('x').close()\n"
        "        super().calculate(atoms, *rest)\n"
        "        Path('input').unlink()\n\n"
        "def make(file, folder):\n"
        "    assert os.path.isabs(file) and os.path.isabs(folder)\n"
        "    with NOTES.open('a') as notes:\n"
        "        print(os.getpid(), Path.cwd(), file=notes)\n"
        "    return ThroughFile()\n"
    )
    (cli.folder / "tables").mkdir()
    (cli.folder / "tables" / "a").write_text("a")
    cli.candidate("mine:make", CHECKPOINT + 'folder = "tables"\n', checkpoint="weights")
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    noted = dict(line.split() for line in (cli.folder / "folders").read_text().splitlines())
    folders = {Path(folder) for folder in noted.values()}
    assert len(folders) == len(noted)
    assert cli.folder not in folders
    assert not any(folder.exists() for folder in folders)


def test_a_banner_before_python_does_no_harm(cli: CommandLineRun) -> None:
    script = cli.folder / "python.sh"
    script.write_text(f'#!/bin/sh\necho "Loading cuda"\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    cli.candidate(python="python.sh")
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output


def test_an_interpreter_that_is_not_there_is_told_once_at_the_start(cli: CommandLineRun) -> None:
    cli.candidate(python="/nope")
    outcome = cli.judge()
    assert outcome.code == USAGE, outcome.output
    assert outcome.output.count("/nope is not there") == 1


def test_keys_in_a_table_are_told(cli: CommandLineRun) -> None:
    cli.candidate()
    file = cli.folder / "mine.toml"
    file.write_text("[model]\n" + file.read_text())
    outcome = cli.judge()
    assert outcome.code == USAGE, outcome.output
    assert "[model]: the keys of a candidate are in no table; remove it" in outcome.output


def old_python() -> str | None:
    versions = Path.home() / ".pyenv" / "versions"
    return next(map(str, versions.glob("3.[6-9].*/bin/python")), shutil.which("python3.9"))


def test_an_old_python_is_told(cli: CommandLineRun) -> None:
    python = old_python()
    if python is None:
        pytest.skip("no Python older than 3.10 here")
    cli.candidate(python=python)
    outcome = cli.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "; a worker needs 3.10 or newer" in outcome.verdicts["energy"]["reason"]


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ("OSError(24, 'Too many open files')", False),
        ("RuntimeError('DataLoader: Too many open files')", False),
        ("ValueError('no such luck')", True),
    ],
)
def test_a_fault_of_the_machine_is_tried_again(
    cli: CommandLineRun, error: str, *, kept: bool
) -> None:
    """By a new calculator, and by the next run; what the model itself raises is its answer."""
    (cli.folder / "mine.py").write_text(
        "import fakes\nfrom pathlib import Path\n\n"
        f"TRIES = Path({str(cli.folder / 'tries')!r})\n\n"
        "class Failing(fakes.Fake):\n"
        "    has_failed = False\n\n"
        "    def calculate(self, atoms=None, *rest):\n"
        "        super().calculate(atoms, *rest)\n"
        "        assert not self.has_failed\n"
        "        if len(atoms) == fakes.TRIGGER:\n"
        "            with TRIES.open('a') as tries:\n"
        "                tries.write('x')\n"
        "            self.has_failed = True\n"
        f"            raise {error}\n\n"
        "def make(file):\n    return Failing()\n"
    )
    cli.candidate("mine:make", CHECKPOINT, checkpoint="weights")
    first, second = cli.judge(), cli.judge()
    assert first.code == second.code == (OUTSIDE if kept else NOT_MEASURED), first.output
    assert len((cli.folder / "tries").read_text()) == (1 if kept else 4)
    (measurement,) = first.results["measurements"] or [{"failures": {}}]
    assert len(measurement["failures"]) == (1 if kept else 0)
