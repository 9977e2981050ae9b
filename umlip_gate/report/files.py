"""The files of a report, written from results files."""

from collections.abc import Sequence
from pathlib import Path

from umlip_gate.atomic import replacing
from umlip_gate.report.figures import figures
from umlip_gate.report.html import page
from umlip_gate.report.run import read_runs


def write_html(results: Sequence[Path], target: Path) -> None:
    """Write the HTML report of results files; of several the last is compared with the first."""
    text = page(read_runs(results))
    with replacing(target) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def write_figures(results: Sequence[Path], folder: Path) -> None:
    """Write every figure of the last results file as SVG, with the costs of the others."""
    runs = read_runs(results)
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in figures(runs[-1].with_costs_of(runs)).items():
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        (folder / f"{safe}.svg").write_text(svg, encoding="utf-8")
