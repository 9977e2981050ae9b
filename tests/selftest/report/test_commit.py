"""The commit of the suite, in a checkout and installed."""

from pathlib import Path

import pytest

import umlip_gate
from umlip_gate.report import results

pytestmark = pytest.mark.selftest


@pytest.mark.parametrize(
    ("version", "commit"),
    [
        ("0.2.0", None),
        ("0.2.1.dev3+g0bb7e31", "0bb7e31"),
        ("0.2.1.dev3+g0bb7e31.d20261201", "0bb7e31"),
        ("0+unknown", None),
    ],
)
def test_an_installed_package_knows_the_commit_of_its_version(
    monkeypatch: pytest.MonkeyPatch, version: str, commit: str | None
) -> None:
    monkeypatch.setattr(results, "checkout", lambda: None)
    monkeypatch.setattr(umlip_gate, "__version__", version, raising=False)
    assert results.commit() == commit


def test_outside_of_git_no_commit_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(results, "checkout", lambda: tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert results.commit() is None
