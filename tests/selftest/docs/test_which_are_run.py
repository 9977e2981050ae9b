"""Each command of a page is run by something that is named, or its reason why not is."""

import re
import tomllib
from typing import Any

import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.docs.pages import PAGES, commands

pytestmark = pytest.mark.selftest

RULES: list[dict[str, Any]] = tomllib.loads(
    (ROOT / "tests/selftest/docs/commands.toml").read_text(encoding="utf-8")
)["commands"]


def rule_of(page: str, command: str) -> int | None:
    """Return which rule a command falls under, the first that matches."""
    for place, rule in enumerate(RULES):
        if page in rule.get("pages", [page]) and re.search(rule["matches"], command):
            return place
    return None


def test_every_command_has_a_rule_and_every_rule_a_command() -> None:
    found = {
        (page.name, command): rule_of(page.name, command)
        for page in PAGES
        for command in commands(page)
        if command.strip()
    }
    assert [key for key, place in found.items() if place is None] == []
    assert {*range(len(RULES))} == {*found.values()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["matches"])
def test_what_runs_a_command_is_there(rule: dict[str, Any]) -> None:
    assert ("by" in rule) != ("why_not" in rule)
    if "by" in rule:
        file, words = rule["by"]
        assert words in (ROOT / file).read_text(encoding="utf-8")


def test_a_new_command_needs_a_rule() -> None:
    assert rule_of("README.md", "make install") is None
