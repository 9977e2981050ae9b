"""The families' environments are made from locks, and what is ready here is listed."""

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.selftest.test_no_drift import ENVIRONMENTS, pins, requirements
from umlip_gate import environments
from umlip_gate.environments import MARK, make
from umlip_gate.environments.__main__ import main
from umlip_gate.environments.readiness import dataset_lines, model_lines
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.models.environments import family_interpreter, tox_interpreter

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
    (folder / "family.txt").write_text(f"# python {PYTHON}\nthing==1.0 --hash=sha256:{digest}\n")
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
    (locks / "family.txt").write_text((locks / "family.txt").read_text() + "# another\n")
    make.make_environment("family")
    assert not ours.exists(), "it is made again from a new lock"


@pytest.mark.usefixtures("locks")
def test_a_package_of_another_digest_is_not_installed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "thing-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("evil.py", "")
    with pytest.raises(MeasurementError, match="failed"):
        make.make_environment("family")
    assert environments.made_interpreter("family") is None, "half made is not made"


@pytest.mark.usefixtures("locks")
def test_a_folder_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "made" / "family").mkdir(parents=True)
    (tmp_path / "made" / "family" / "work").touch()
    with pytest.raises(InputError, match="is no environment"):
        make.make_environment("family")
    assert (tmp_path / "made" / "family" / "work").exists()


@pytest.mark.usefixtures("locks")
def test_a_half_made_environment_is_not_used() -> None:
    python = make.make_environment("family")
    (python.parent.parent / MARK).unlink()
    assert environments.made_interpreter("family") is None


def test_a_python_that_is_missing_is_told(locks: Path) -> None:
    (locks / "family.txt").write_text("# python 3.99\n")
    with pytest.raises(
        Unavailable, match=r"needs Python 3\.99, and python3\.99 is not on the path"
    ):
        make.make_environment("family")


@pytest.mark.usefixtures("locks")
def test_a_wrong_name_is_told() -> None:
    with pytest.raises(InputError, match="famly: no environment; did you mean 'family'"):
        make.Lock.of("famly")


@pytest.mark.parametrize("name", environments.environment_names())
def test_a_lock_has_the_pins_of_its_dependency_group(name: str) -> None:
    lock = make.Lock.of(name)
    text = lock.path.read_text()
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))
    locked |= dict(pin.split("==") for pin in lock.first)
    normal = {re.sub(r"[-_.]+", "-", key).lower(): version for key, version in locked.items()}
    for package, version in pins(name).items():
        assert normal[package] == version, f"{package}: python -m tools.lock_environments {name}"
    assert len(pins(name)) == len(requirements(name))
    assert {"ase", "numpy"} <= set(normal)
    assert "://" not in text, "no address"
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_every_environment_of_the_registry_can_be_made() -> None:
    assert set(ENVIRONMENTS) <= set(environments.environment_names())


def test_what_is_ready_and_what_is_missing_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UMLIP_GATE_CACHE", "UMLIP_GATE_ENVIRONMENTS"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("UMLIP_GATE_MIRROR", raising=False)
    models = {line.split()[0]: line for line in model_lines()}
    assert "licence: accept it at" in models["eqV2-31M-omat"]
    assert "download" in models["MACE-MP-0"]
    datasets = {line.split()[0]: line for line in dataset_lines()}
    assert datasets["refractory-mini"].endswith("ready")
    assert "download" in datasets["W-g"]
