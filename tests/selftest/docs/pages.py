"""What README and the site's pages have between their fences, and in their lines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.selftest.checkout import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "tutorials").glob("*.md")),
]
FENCE = re.compile(r"(?:`([\w.-]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

HERE = re.compile(r" >\S+ <<(\w+)\n.*?^\1\n", re.MULTILINE | re.DOTALL)
"""A file that the commands write, up to the word that ends it."""


class Block(NamedTuple):
    """What stands between two fences.

    Attributes
    ----------
    file
        The name that the line before announces, as in "`my-model.toml`:".
    language
        As the fence says.
    text
        The lines between.
    """

    file: str
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [Block(*found) for found in FENCE.findall(page.read_text(encoding="utf-8"))]


def commands(page: Path) -> Iterator[str]:
    """Iterate over the command lines of a page, in fences and in backticks."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(page):
        if block.language == "sh":
            text_of_commands = HERE.sub(r"\n", block.text).replace("\\\n", " ")
            yield from text_of_commands.splitlines()
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for quoted in re.findall(r"`((?:pytest|python -m|tox run|tox -e) [^`]+)`", outside):
        yield " ".join(quoted.split())
