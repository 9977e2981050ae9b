"""Write a report from results files: `python -m umlip_gate.report results.json -o report.html`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from umlip_gate.errors import InputError
from umlip_gate.report.files import write_figures, write_html
from umlip_gate.report.run import read_runs
from umlip_gate.report.summary import markdown


def main(arguments: Sequence[str] | None = None) -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m umlip_gate.report", description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="files that --umlip-results wrote")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write HTML")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="write figures as SVG")
    parser.add_argument("--summary", action="store_true", help="print a summary as Markdown")
    given = parser.parse_args(arguments)
    if not (given.output or given.figures or given.summary):
        parser.error("name -o FILE, --figures DIR or --summary")
    try:
        if given.output:
            write_html(given.results, given.output)
        if given.figures:
            write_figures(given.results, given.figures)
        for run in read_runs(given.results) if given.summary else ():
            sys.stdout.write("\n".join([f"### {run.name}", "", *markdown(run.results), ""]))
    except (InputError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
