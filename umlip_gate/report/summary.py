"""A results file as Markdown, for a pull request or the summary page of a CI run.

`python -m umlip_gate.report.summary results.json` prints it.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from umlip_gate.errors import InputError
from umlip_gate.report.answer import counted, headline
from umlip_gate.report.causes import causes
from umlip_gate.report.costs import HEADS, cost_rows, machine_lines
from umlip_gate.report.run import Run
from umlip_gate.report.terminal import HEADS as RESULT_HEADS
from umlip_gate.report.terminal import result_rows

SIGN = {"pass": "✅", "fail": "❌", "open": "⚠️"}
N_CAUSES, N_RESULTS, N_COSTS, N_UNMEASURED, N_MACHINES = 18, 12, 8, 4, 2
"""The most lines of each part; with the lines between them fewer than 60."""
LONGEST = 300
"""Characters of a line of text."""


def markdown(results: Mapping[str, Any], size: int = 125) -> list[str]:
    """Return how a run ended, in at most 60 lines: the verdict, causes, errors and costs.

    Parameters
    ----------
    results
        The parsed file.
    size
        The number of atoms that costs are shown at.
    """
    kind, sentence = headline(results)
    lines = [f"**{SIGN[kind]} {_text(sentence)}** · {counted(results)}", ""]
    lines += _first([f"- {_text(reason)}" for reason in results["unmeasured"]], N_UNMEASURED)
    told = [
        f"- **{cause.count}**: {_text(cause.text + _who(cause.who()))}"
        for cause in causes(results["verdicts"])
    ]
    if told:
        lines += ["", *_first(told, N_CAUSES)]
    rows = [row for row, _ in result_rows(results["measurements"], results["verdicts"])]
    if rows:
        lines += ["", *_table(RESULT_HEADS, rows, N_RESULTS)]
    if results["costs"]:
        machines = [f"- {_text(line)}" for line in machine_lines(results["costs"])]
        lines += ["", *_first(machines, N_MACHINES), ""]
        lines += _table(HEADS, cost_rows(results["costs"], size), N_COSTS)
    return lines


def _who(names: Sequence[str]) -> str:
    return f" ({names[-1]})" if names else ""


def _first(lines: Sequence[str], most: int) -> list[str]:
    left = len(lines) - most
    return [*lines[:most], *([f"- … and {left} more: see the report"] if left > 0 else [])]


def _text(text: str) -> str:
    """Return a text in one line that Markdown shows as it is."""
    line = " ".join(text.split())
    short = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
    return escape(short, quote=False).replace("|", "\\|")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> list[str]:
    lines = [f"| {' | '.join(map(_text, row))} |" for row in (heads, *rows[:most])]
    left = len(rows) - most
    told = [f"| … and {left} more: see the report |{' |' * (len(heads) - 1)}"] if left > 0 else []
    return [lines[0], "|" + "---|" * len(heads), *lines[1:], *told]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the summary of the files that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="files that --umlip-results wrote")
    try:
        for path in parser.parse_args(arguments).results:
            text = "\n".join([f"### {path.name}", "", *markdown(Run.read(path).results)])
            sys.stdout.write(text + "\n")
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
