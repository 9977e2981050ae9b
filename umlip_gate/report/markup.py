"""Pieces of HTML that every section is made of; all text of others is escaped here."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from umlip_gate.report.tables import NOTHING, format_number


def table(  # noqa: PLR0913 - what it has, and how it behaves
    heads: Sequence[str],
    rows: Sequence[str],
    label: str,
    body: str = "",
    *,
    sortable: bool = False,
    tall: bool = False,
) -> str:
    """Return a table that scrolls by itself, sideways or, if it is tall, both ways; or `none`."""
    cells = "".join(
        f'<th scope="col">{f"<button>{escape(head)}</button>" if sortable else escape(head)}</th>'
        for head in heads
    )
    if not rows:
        return "<p>none</p>"
    identity = f' id="{body}"' if body else ""
    kind = "wide tall" if tall else "wide"
    return (
        f'<div class="{kind}" tabindex="0" role="region" aria-label="{escape(label)}">'
        f"<table><thead><tr>{cells}</tr></thead><tbody{identity}>{''.join(rows)}</tbody></table></div>"
    )


def row(*cells: object) -> str:
    """Return a row of texts."""
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


def number(value: float | None, shown: str) -> str:
    """Return a cell that is sorted by its value."""
    data = "" if value is None else value
    return f'<td class="number" data-value="{data}">{escape(shown)}</td>'


def select(attribute: str, label: str, values: Iterable[str], *, everything: bool = False) -> str:
    """Return a choice among values."""
    first = '<option value="">all</option>' if everything else ""
    options = "".join(f"<option>{escape(value)}</option>" for value in dict.fromkeys(values))
    return f"<label>{escape(label)}<select {attribute}>{first}{options}</select></label>"


def shown(value: float | None, digits: int = 2) -> str:
    """Return a number, or a dash."""
    return NOTHING if value is None else format_number(value, digits)


def folded(summary: str, content: str, *, is_open: bool = False) -> str:
    """Return what opens by a click; the content is HTML."""
    state = " open" if is_open else ""
    return f"<details{state}><summary>{escape(summary)}</summary>{content}</details>"


def breakable(text: str) -> str:
    """Return a name as HTML that may be broken after its points and underscores."""
    return re.sub(r"(?<=[._])(?=\w)", "<wbr>", escape(text))
