"""A run removes what killed runs left and nothing else, and tells who else can write there."""

import os
import stat
from pathlib import Path

import pytest

from tests.selftest.cli import CommandLineRun
from umlip_gate.run_folder import MARK, new_run_folder, unsafe_folders

pytestmark = pytest.mark.selftest

STALE, YOUNG = "a" * 32, "b" * 32


def folder_of(runs: Path, name: str, *, marked: bool = True, stale: bool = True) -> Path:
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / "results.txt").write_text("somebody's year of work")
    if marked:
        (folder / MARK).touch()
    if stale:
        os.utime(folder, (0, 0))
    return folder


def test_folders_that_killed_runs_left_are_removed(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    stale, young = folder_of(runs, STALE), folder_of(runs, YOUNG, stale=False)
    run = new_run_folder(tmp_path)
    assert set(runs.iterdir()) == {young, run}
    assert not stale.exists()


def test_folders_of_others_stay(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    others = [
        folder_of(runs, "experiment-1", marked=False),
        folder_of(runs, STALE, marked=False),
        folder_of(runs, "experiment-2"),  # a copy of one of our folders
    ]
    elsewhere = folder_of(tmp_path, "elsewhere")
    (runs / ("c" * 32)).symlink_to(elsewhere)
    new_run_folder(tmp_path)
    for folder in (*others, elsewhere):
        assert (folder / "results.txt").exists()


def test_a_folder_of_ones_own_is_safe(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "downloads").mkdir(mode=0o755)
    assert [cause for cause in unsafe_folders(tmp_path) if str(tmp_path) in cause] == []


@pytest.mark.parametrize("name", [".", "downloads"])
def test_a_folder_that_everybody_can_write_to_is_told(tmp_path: Path, name: str) -> None:
    cache = tmp_path / "cache"
    (cache / "downloads").mkdir(parents=True)
    (cache / name).chmod(0o777)
    (cause,) = unsafe_folders(cache)
    assert cause == f"{(cache / name)} can be written by everybody"


def test_above_the_cache_a_sticky_folder_is_safe(tmp_path: Path) -> None:
    cache = tmp_path / "scratch" / "cache"
    cache.mkdir(parents=True)
    cache.parent.chmod(0o777)
    assert unsafe_folders(cache) == [f"{cache.parent} can be written by everybody"]
    cache.parent.chmod(0o777 | stat.S_ISVTX)
    assert unsafe_folders(cache) == []


def test_a_group_is_others_unless_it_is_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o770)
    monkeypatch.setattr("umlip_gate.run_folder._is_private_group", lambda *_: False)
    assert f"{tmp_path} can be written by group {tmp_path.stat().st_gid}" in unsafe_folders(
        tmp_path
    )
    monkeypatch.setattr("umlip_gate.run_folder._is_private_group", lambda *_: True)
    assert unsafe_folders(tmp_path) == []


def test_a_folder_of_another_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    causes = unsafe_folders(tmp_path)
    assert (f"{tmp_path} belongs to user {owner}" in causes) == (owner != 0)


def test_a_run_warns_of_an_unsafe_cache(tmp_path: Path) -> None:
    run = CommandLineRun(tmp_path)
    run.candidate()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    outcome = run.judge("--collect-only")
    written = " ".join(outcome.output.split())
    assert f"{tmp_path / 'cache'} can be written by everybody" in written
    assert "decides verdicts" in written
    assert list((tmp_path / "cache" / "runs").iterdir()) == []


def test_results_never_replace_a_device(tmp_path: Path) -> None:
    run = CommandLineRun(tmp_path)
    run.candidate()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path(os.devnull), tmp_path):
        said = run.refused("--collect-only", f"--umlip-results={path}")
        assert "exists and is no regular file" in said
    assert pipe.is_fifo()
    assert Path(os.devnull).is_char_device()
