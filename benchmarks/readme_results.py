"""Write README's table of models on W-g from a results file.

`python -m benchmarks.readme_results results.json` replaces what stands between the marks; the
results are those of `tox run -e chgnet -- -m accuracy --umlip-results=results.json`, the costs
those kept in `thresholds/cost/`.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
ATOMS = 125
"""The size of the paper's protocol."""

HEAD = (
    "| model | source | E per atom | E per configuration | F | core, ms/step/atom | GPU |",
    "|---|---|---|---|---|---|---|",
)


def main(path: Path) -> None:
    """Write the table of the models that the results file has on W-g."""
    results = json.loads(path.read_text(encoding="utf-8"))
    core, gpu = costs("amd-epyc"), costs("nvidia-h100")
    measured = [
        each
        for each in results["measurements"]
        if each["dataset"] == "W-g" and each["source"] in {"live", "published"}
    ]
    measured.sort(key=lambda each: each["energy_rmse_mev_per_atom"]["per_atom"])
    rows = [
        f"| {each['model']} | {each['source']} "
        f"| {with_interval(each, 'energy_rmse_mev_per_atom', 'per_atom')} "
        f"| {with_interval(each, 'energy_rmse_mev_per_atom', 'per_configuration')} "
        f"| {with_interval(each, 'force_rmse_mev_per_ang', 'component')} "
        f"| {core.get(each['model'], '')} | {gpu.get(each['model'], '')} |"
        for each in measured
        if "ensemble" not in each["model"]
    ]
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    table = "\n".join((BEGIN, *HEAD, *rows, END))
    readme.write_text(before + table + after, encoding="utf-8")


def with_interval(measured: dict[str, Any], quantity: str, convention: str) -> str:
    """Return a value and its 95 % interval, if it has one."""
    value = measured[quantity][convention]
    if (interval := measured["intervals"][quantity][convention]) is None:
        return f"{value:.1f} (no interval)"
    low, high = interval
    return f"{value:.1f} ({low:.1f}…{high:.1f})"


def costs(baseline: str) -> dict[str, str]:
    """Return ms per step and atom at 125 atoms, by model, of a kept baseline."""
    text = (ROOT / "thresholds" / "cost" / f"{baseline}.toml").read_text(encoding="utf-8")
    kept = tomllib.loads(text)["cost"]
    return {
        each["model"]: f"{1000 * each['step_s'] / each['n_atoms']:.3g}"
        for each in kept
        if each["n_atoms"] == ATOMS
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
