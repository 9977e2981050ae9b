"""The families' environments are made from locks, and what is ready here is listed."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.selftest.test_no_drift import ENVIRONMENTS, TOX, pins, requirements
from tools.lock_environments import UNBOUND
from umlip_gate import environments
from umlip_gate.environments import environment_names, make, readiness
from umlip_gate.environments.__main__ import main
from umlip_gate.environments.pythons import find_python
from umlip_gate.environments.readiness import (
    COLUMNS,
    dataset_lines,
    environment_lines,
    machine_lines,
    model_lines,
)
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.models.environment_folders import MARK, interpreter, made_interpreter
from umlip_gate.models.environments import family_interpreter, tox_interpreter
from umlip_gate.notices import notices
from umlip_gate.plugin.run_settings import _new_run as new_run

pytestmark = pytest.mark.selftest

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def build_package(folder: Path) -> Path:
    """Make a wheel of one module."""
    wheel = folder / "thing-1.0-py3-none-any.whl"
    info = "thing-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing.py", "VALUE = 1\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of locks with one, `family`, whose only package lies beside it."""
    wheel = build_package(tmp_path)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    folder = tmp_path / "locks"
    folder.mkdir()
    (folder / "family.txt").write_text(
        f"# python {PYTHON}\n# platform {make.THIS_PLATFORM}\nthing==1.0 --hash=sha256:{digest}\n"
    )
    for module in (environments, make):
        monkeypatch.setattr(module, "LOCKS", folder)
    monkeypatch.setenv("UMLIP_GATE_ENVIRONMENTS", str(tmp_path / "made"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "uv" else which(name))
    return folder


def test_an_environment_is_made_once_and_found(
    locks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["environments", "path", "family"])
    assert main() == 1
    assert "not made yet" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["environments", "make", "family"])
    assert main() == 0
    python = Path(capsys.readouterr().out.strip())
    assert python == tmp_path / "made" / "family" / "bin" / "python"
    said = subprocess.run(
        [python, "-c", "import thing; print(thing.VALUE)"], capture_output=True, check=True
    )
    assert said.stdout == b"1\n"
    assert tox_interpreter("family") == family_interpreter("family", "no-such-thing") == python
    ours = python.parent.parent / "ours"
    ours.touch()
    assert make.make_environment("family") == python
    assert ours.exists(), "it is not made again"
    (ours.with_name(MARK)).unlink()
    assert made_interpreter("family") is None, "what a killed run leaves is not used"
    make.make_environment("family")
    assert not ours.exists(), "and it is made again"
    ours.touch()
    (locks / "family.txt").write_text((locks / "family.txt").read_text() + "# another\n")
    make.make_environment("family")
    assert not ours.exists(), "so it is from a new lock"


@pytest.mark.usefixtures("locks")
def test_of_what_cannot_be_installed_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package of another digest; one that is not there, as without network, fails alike."""
    with zipfile.ZipFile(tmp_path / "thing-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("evil.py", "")
    monkeypatch.setattr(sys, "argv", ["environments", "make", "family"])
    assert main() == 1
    assert capsys.readouterr().err.startswith("pip failed (1); its own message is above")
    assert made_interpreter("family") is None
    assert not (tmp_path / "made" / "family").exists()


@pytest.mark.usefixtures("locks")
def test_a_folder_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "made" / "family").mkdir(parents=True)
    (tmp_path / "made" / "family" / "work").touch()
    with pytest.raises(InputError, match="is no environment"):
        make.make_environment("family")
    assert (tmp_path / "made" / "family" / "work").exists()


def test_a_python_that_is_missing_is_told(locks: Path) -> None:
    text = (locks / "family.txt").read_text()
    (locks / "family.txt").write_text(text.replace(PYTHON, "3.98 3.99"))
    with pytest.raises(Unavailable, match=r"needs Python 3\.98 or 3\.99, and neither the path nor"):
        make.make_environment("family")
    with pytest.raises(Unavailable, match=rf"lock is for Python 3\.98 or 3\.99, this is {PYTHON}"):
        make.install("family")


def test_a_lock_of_another_machine_is_refused(locks: Path) -> None:
    text = (locks / "family.txt").read_text()
    (locks / "family.txt").write_text(text.replace(make.THIS_PLATFORM, "Plan9 mips"))
    for use in (make.make_environment, make.install):
        with pytest.raises(Unavailable, match="its lock is for Plan9 mips, this is"):
            use("family")


def test_pythons_are_found_on_the_path_and_of_pyenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A launcher that has no such version behind it is not taken for one."""
    launcher, behind = tmp_path / "python3.99", tmp_path / "versions" / "3.99.1" / "bin" / "python"
    launcher.write_text("#!/bin/sh\necho not installed >&2; exit 127\n")
    behind.parent.mkdir(parents=True)
    behind.write_text("#!/bin/sh\necho 3.99\n")
    for file in (launcher, behind):
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert find_python(["3.99"]) == str(behind)
    assert find_python(["3.99", PYTHON]) == sys.executable
    launcher.write_text("#!/bin/sh\necho a banner; echo 3.99\n")
    assert find_python(["3.98", "3.99"]) == str(launcher)


@pytest.mark.usefixtures("locks")
def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("UMLIP_GATE_ENVIRONMENTS", str(tmp_path / "file" / "made"))
    monkeypatch.setattr(sys, "argv", ["environments", "make", "family"])
    assert main() == 1
    said = capsys.readouterr().err
    assert f"{tmp_path / 'file' / 'made' / 'family'}: cannot be made (Not a directory)" in said
    assert said.count("\n") == 1


@pytest.mark.usefixtures("locks")
def test_an_interruption_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        assert (tmp_path / "made" / "family" / "pyvenv.cfg").is_file()
        raise KeyboardInterrupt

    monkeypatch.setattr(make, "_install", interrupted)
    monkeypatch.setattr(sys, "argv", ["environments", "make", "family"])
    assert main() == 130
    assert capsys.readouterr().err == "interrupted; a half-made environment is not kept\n"
    assert not (tmp_path / "made" / "family").exists()


def test_the_packages_go_into_an_environment_that_is_there(
    locks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tox does it: once, until the lock changes."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = str(interpreter(venv))
    pip = [sys.executable, "-m", "pip", "--python", python]
    monkeypatch.setattr(make, "_own_pip", lambda: pip)
    monkeypatch.setattr(sys, "prefix", str(venv))
    make.install("family")
    thing = next(venv.glob("lib/*/site-packages/thing.py"))
    assert (venv / MARK).read_bytes() == (locks / "family.txt").read_bytes()
    monkeypatch.setenv("PIP_FIND_LINKS", str(venv))
    make.install("family")
    (locks / "family.txt").write_text((locks / "family.txt").read_text() + "# another\n")
    subprocess.run([*pip, "uninstall", "-qy", "thing"], check=True)
    with pytest.raises(MeasurementError, match="pip failed"):
        make.install("family")
    assert not thing.exists()


@pytest.mark.usefixtures("locks")
def test_a_wrong_name_is_told() -> None:
    with pytest.raises(InputError, match="famly: no environment; did you mean 'family'"):
        make.Lock.of("famly")


@pytest.mark.parametrize("name", environment_names())
def test_a_lock_has_the_pins_of_its_dependency_group(name: str) -> None:
    lock = make.Lock.of(name)
    text = lock.path.read_text()
    base = TOX[f"testenv:{name}"].get("base_python", "python3.11")
    assert lock.pythons[0] == base.removeprefix("python"), "tox builds with a Python of the lock"
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))
    locked |= dict(pin.split("==") for pin in lock.first)
    normal = {re.sub(r"[-_.]+", "-", key).lower(): version for key, version in locked.items()}
    for package, version in pins(name).items():
        assert normal[package] == version, f"{package}: python -m tools.lock_environments {name}"
    assert len(pins(name)) == len(requirements(name))
    assert {"ase", "numpy"} <= set(normal)
    both = {name: version for name, version in pins("test").items() if name in normal}
    for package in set(both) - UNBOUND:
        assert normal[package] == both[package], "tox installs the suite's tools beside it"
    assert "://" not in text, "no address"
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_every_python_of_a_lock_has_its_files() -> None:
    """A wheel that is bound to a Python is there for each; NumPy's is, in every lock."""
    for name in environment_names():
        lock = make.Lock.of(name)
        entry = re.search(r"^numpy==.*\n((?:    --hash.*\n)+)", lock.path.read_text(), re.MULTILINE)
        assert entry is not None
        assert entry[1].count("--hash") == len(lock.pythons) + 1, "and the sources"


def test_every_environment_of_the_registry_can_be_made() -> None:
    assert set(ENVIRONMENTS) <= set(environment_names())


def test_what_is_ready_and_what_is_missing_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UMLIP_GATE_CACHE", "UMLIP_GATE_ENVIRONMENTS"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("UMLIP_GATE_MIRROR", raising=False)
    monkeypatch.setenv("PATH", "")
    assert machine_lines()[0].endswith("no NVIDIA GPU: cuda is not available")
    models = {line.split()[0]: line for line in model_lines()}
    assert re.search(r"download, licence \[1\]$", models["eqV2-31M-omat"])
    assert "accept the licence at https://huggingface.co/facebook/OMAT24" in models["[1]"]
    assert re.search(r"download of 134 MB$", models["MACE-MP-0"])
    datasets = {line.split(maxsplit=1)[0]: line for line in dataset_lines()}
    assert datasets["refractory-mini"].endswith(" ready")
    assert datasets["refractory-mini-W"].endswith(" ready, part of refractory-mini")
    assert " download" in datasets["W-g"]
    assert re.search(r" download.*, part of W-g$", datasets["W-g-elastic"])
    assert " bring your own [1]" in datasets["GB-56"], "nothing of it is here"
    lines = [*environment_lines()[1:], *models.values(), *datasets.values()]
    assert max(map(len, lines)) <= COLUMNS - 2, "they are indented by two"


def test_a_list_that_is_not_read_to_its_end_is_no_fault() -> None:
    command = [sys.executable, "-m", "umlip_gate.environments", "list"]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        listing = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(writing)
    assert (listing.returncode, listing.stderr) == (1, b"")


def test_an_environment_is_listed_with_its_state(
    locks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "environment_names", lambda: ["family"])
    monkeypatch.setattr(readiness, "checkout", lambda: tmp_path)
    assert environment_lines()[1].endswith(
        "not here: python -m umlip_gate.environments make family"
    )
    for folder in (tmp_path / ".tox" / "family", tmp_path / "made" / "family"):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()
    assert environment_lines()[1].endswith("ready, made by tox")
    (tmp_path / "made" / "family" / MARK).write_text("older")
    assert environment_lines()[1].endswith("ready, from another lock: make it again")
    shutil.copy(locks / "family.txt", tmp_path / "made" / "family" / MARK)
    assert environment_lines()[1].split() == ["family", "Python", PYTHON, "ready"]


def test_gpus_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\nprintf '0, GPU-a, 100\\n1, GPU-b, 100\\n'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert machine_lines()[0].endswith("2 NVIDIA GPUs")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert machine_lines()[0].endswith("1 NVIDIA GPU")


def test_environments_that_others_can_change_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    monkeypatch.setenv("UMLIP_GATE_ENVIRONMENTS", str(shared))
    (shared / "mace").mkdir(parents=True)
    before = notices(new_run(tmp_path / "cache"))
    (shared / "mace").chmod(0o777)
    (told,) = set(notices(new_run(tmp_path / "cache"))) - set(before)
    assert told.startswith(f"{shared / 'mace'} can be written by everybody: what is kept in the")
    assert told.endswith("or another UMLIP_GATE_ENVIRONMENTS)")
