"""Tests for a model's own repository.

>>> from umlip_gate.testing import adapter_conformance, gate_test
>>> test_release = gate_test(candidate="my-model.toml", gate="release")
>>> test_adapter = adapter_conformance(candidate="my-model.toml")
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from umlip_gate.plugin import SUITE

NOT_MEASURED = 6
"""The exit code of a run that came to no verdict."""

OUTER = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID")
"""What the pytest around a gate's own leaves in the environment."""

Test = Callable[[pytest.FixtureRequest, Path], None]


def gate_test(candidate: str | Path, gate: str = "quick", options: Sequence[str] = ()) -> Test:
    """Return a test that passes if the candidate passes the gate.

    The gate runs as a pytest of its own, so that neither the ini file nor the plugins' settings
    of the project reach it. What it prints is the test's output.

    Parameters
    ----------
    candidate
        The candidate's TOML file. Paths begin at the folder of the test's module.
    gate
        A gate's name, or the path of a TOML file.
    options
        More of the suite's options, as on the command line.
    """

    def test_gate(request: pytest.FixtureRequest, tmp_path: Path) -> None:
        folder = request.path.parent
        asked = [f"--umlip-candidate={folder / candidate}", f"--umlip-gate={gate}", *options]
        run = _run_suite(folder, tmp_path, asked)
        output = f"{run.stdout}{run.stderr}"
        if run.returncode == NOT_MEASURED:
            pytest.fail(f"no verdict: {candidate} was not measured\n{output}", pytrace=False)
        if run.returncode:
            pytest.fail(f"{candidate} does not pass gate {gate}\n{output}", pytrace=False)
        sys.stdout.write(output)

    return test_gate


def _run_suite(
    folder: Path, scratch: Path, asked: Sequence[str]
) -> "subprocess.CompletedProcess[str]":
    ini = scratch / "pytest.ini"
    ini.write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(ini), "--rootdir", str(scratch)]
    command += ["-p", "no:cacheprovider", "-q", "-m", "accuracy", str(SUITE / "accuracy"), *asked]
    environment = {name: value for name, value in os.environ.items() if name not in OUTER}
    return subprocess.run(  # noqa: S603 - pytest itself
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def adapter_conformance(candidate: str | Path) -> Test:
    """Return a test of what every model must do, however accurate it is.

    Energies and forces are finite and not nothing, the same again, the same in a batch, and follow
    the order of atoms; periodic images are the same atoms; nonsense is refused. Run it for each
    device and dtype that the model supports.

    Parameters
    ----------
    candidate
        The candidate's TOML file. A relative path begins at the folder of the test's module.
    """

    def test_adapter(request: pytest.FixtureRequest, tmp_path: Path) -> None:
        from umlip_gate.models.conformance import nonconformities  # noqa: PLC0415 - imports ASE

        found = nonconformities(request.path.parent / candidate, tmp_path)
        if found:
            pytest.fail("\n".join([f"{candidate}:", *found]), pytrace=False)

    return test_adapter
