"""Every TOML example of a page is a file, or a table of one, that the suite accepts."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tests.selftest.docs.pages import PAGES, blocks
from umlip_gate.claims.schema import ClaimFile, Gate, GatePhysics
from umlip_gate.datasets.registry import Entry
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import BroughtEnsemble
from umlip_gate.plugin.options import OPTIONS
from umlip_gate.predictions.executors.site import SlurmSite

pytestmark = pytest.mark.selftest

FILLED_IN: dict[type[BaseModel], dict[str, Any]] = {
    Candidate: {"folder": "."},
    Gate: {"name": "mine"},
    BroughtEnsemble: {},
    ClaimFile: {},
    SlurmSite: {},
}
KEYS = {option.key for option in OPTIONS}


def refusals(table: dict[str, Any]) -> Iterator[str | None]:
    """Iterate over why each kind of file refuses a table; None if one accepts it."""
    for model, filled in FILLED_IN.items():
        yield refusal(model, {**filled, **table})
    if set(table) == {"physics"}:  # a part of a gate
        yield refusal(GatePhysics, table["physics"])
    if set(table) <= set(Candidate.model_fields):  # some keys of a candidate
        yield refusal(Candidate, {"name": "mine", "calculator": "a:b", "folder": ".", **table})
    for entry in table.values():
        yield refusal(Entry, {"rows": 1, **entry}) if isinstance(entry, dict) else "no dataset"


def refusal(model: type[BaseModel], table: dict[str, Any]) -> str | None:
    try:
        model.model_validate(table)
    except ValidationError as error:
        return f"{model.__name__}: {error}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_pages_examples_are_accepted(page: Path) -> None:
    for block in blocks(page):
        if block.language == "toml":
            table = tomllib.loads(block.text)
            if "tool" in table:
                assert set(table["tool"]["pytest"]["ini_options"]) <= KEYS
            else:
                reasons = list(refusals(table))
                assert None in reasons, f"{block.text}\n{reasons}"
