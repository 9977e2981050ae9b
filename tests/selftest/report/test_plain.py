"""What others wrote reaches a terminal, XML, JSON and HTML as plain text."""

import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlip_gate.report.plain import plain_data, plain_text

pytestmark = pytest.mark.selftest


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(B\x1bcreset", "reset"),
        ("\x1b", "\\x1b"),
        ("nul \x00, bell \x07, del \x7f, C1 \x9b", "nul \\x00, bell \\x07, del \\x7f, C1 \\x9b"),
        ("line\nand\ttab\r\nend", "line\nand\ttab\nend"),
        ("over\rwritten", "over\\x0dwritten"),
        ("half a pair \ud800", "half a pair \\ud800"),
        ("evil\u202etxt", "evil\\u202etxt"),
        ("meV/Å, <b>", "meV/Å, <b>"),
    ],
)
def test_plain_text(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_that_files_and_terminals_take(text: str) -> None:
    plain = plain_text(text)
    assert plain_text(plain) == plain
    element = ET.Element("a")
    element.text = plain
    assert ET.fromstring(ET.tostring(element, "utf-8")).text == (plain or None)  # noqa: S314
    assert all(character >= " " or character in "\n\t" for character in plain)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_data_becomes_strict_json(data: object) -> None:
    plain = plain_data(data)
    assert json.loads(json.dumps(plain, allow_nan=False, ensure_ascii=False)) == plain


def test_numbers_stay_as_they_are_and_those_that_are_not_finite_become_null() -> None:
    numbers = [1e300, -0.0, 5e-324, 0.1 + 0.2, float("inf"), float("-inf"), float("nan")]
    assert str(plain_data(numbers)) == str([1e300, -0.0, 5e-324, 0.1 + 0.2, None, None, None])
