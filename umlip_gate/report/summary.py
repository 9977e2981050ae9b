"""A results file as Markdown, for the summary page of a CI run.

`python -m umlip_gate.report.summary results.json` prints it.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from umlip_gate.report.costs import HEADS, cost_rows, machine_lines

SHOWN = ("failed", "error", "inconclusive")


def markdown(results: dict[str, Any], size: int = 125) -> list[str]:
    """Return how a run ended: exit code, counts, what is not right, and the costs.

    Parameters
    ----------
    results
        The parsed file.
    size
        The number of atoms that costs are shown at.
    """
    verdicts = results["verdicts"]
    counts = Counter(verdict["outcome"] for verdict in verdicts)
    total = ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "no verdict"
    lines = [f"**exit code {results['exit_code']}**: {total}", ""]
    lines += [f"- {reason}" for reason in results["unmeasured"]]
    wrong = [verdict for verdict in verdicts if verdict["outcome"] in SHOWN]
    if wrong:
        heads = "verdict", "item", "reason"
        rows = [(v["outcome"], v["id"], v["reason"].splitlines()[0]) for v in wrong]
        lines += ["", *_table(heads, rows)]
    if results["costs"]:
        lines += ["", *machine_lines(results["costs"]), ""]
        lines += _table(HEADS, cost_rows(results["costs"], size))
    return lines


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (heads, *rows)]
    head, *body = [f"| {' | '.join(row)} |" for row in cells]
    return [head, "|" + "---|" * len(heads), *body]


def main() -> None:
    """Print the summary of the file that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", help="files that --umlip-results wrote")
    for path in parser.parse_args().results:
        results = json.loads(Path(path).read_text(encoding="utf-8"))
        sys.stdout.write("\n".join([f"### {path}", "", *markdown(results)]) + "\n")


if __name__ == "__main__":
    main()
