"""Every command on a page can be given as it is written: modules, environments, options, ids."""

import configparser
import importlib.util
import shlex
from pathlib import Path

import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.docs.pages import PAGES, commands
from umlip_gate.datasets.registry import load_registry
from umlip_gate.models.registry import load_models
from umlip_gate.plugin.options import OPTIONS

pytestmark = pytest.mark.selftest

FLAGS = {option.flag: option for option in OPTIONS}
KNOWN = {
    "--umlip-model": {*load_models(), "all"},
    "--umlip-dataset": {*load_registry(ROOT / "fixtures" / "datasets.toml"), "all"},
}
TOX = configparser.ConfigParser(interpolation=None)
TOX.read(ROOT / "tox.ini")
OF_THE_SYSTEM = {
    *(".", "cat", "cd", "exec", "export", "git", "module", "npm", "pip", "python"),
    *("sbatch", "squeue", "sudo"),
}


def check_pytest(words: list[str]) -> None:
    words = [part for word in words for part in word.split("=", 1)]
    for position, word in enumerate(words):
        if word.startswith("--umlip"):
            option = FLAGS[word]
            if option.kind != "switch":
                value = words[position + 1]
                assert option.choices == () or value in option.choices, word
                assert value.isupper() or value in KNOWN.get(word, {value}), f"{word} {value}"


def check(command: str) -> None:
    words = shlex.split(command, comments=True)
    while words and "=" in words[0]:
        words = words[1:]
    match words:
        case []:
            pass
        case ["pytest", *rest] | ["python", "-m", "pytest", *rest]:
            check_pytest(rest)
        case ["python", "-m", module, *_]:
            assert importlib.util.find_spec(module), module
        case ["tox", "run", "-e"]:
            pass
        case ["tox", "run", "-e", name, *rest] | ["tox", "-e", name, *rest]:
            assert name == "<family>" or f"testenv:{name}" in TOX, name
            check_pytest(rest)
        case [program, *_]:
            assert program in OF_THE_SYSTEM or (ROOT / program).exists(), program


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_pages_commands_can_be_given(page: Path) -> None:
    for command in commands(page):
        check(command)


@pytest.mark.parametrize(
    "command",
    [
        "pytest -m accuracy --umlip-gatee=release",
        "pytest -m accuracy --umlip-source=both",
        "pytest --umlip-model CHGNet",
        "python -m benchmarks.no_such_thing",
        "tox run -e no-such-environment",
        "make install",
    ],
)
def test_a_wrong_command_is_found(command: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check(command)
