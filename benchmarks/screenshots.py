"""The pictures of docs/report.md: three reports as Chromium shows them.

`python -m benchmarks.screenshots MAIN.json` draws the report of the README's main job, from the
file that its `--umlip-results` wrote; that of a release that fails its gate; and that release
beside its predecessor. The two releases are a published model on W-g, and the same with forces
x 0.97 and 3 meV/atom of noise, brought as files. It needs playwright (`tox run -e browser
--notest`) and Debian's chromium.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright import sync_api

from benchmarks.against_release import DATASET, PREDECESSOR, worse
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.registry import load_registry
from umlip_gate.models.registry import load_models
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.published import read_published
from umlip_gate.report.files import write_html
from umlip_gate.settings import FIXTURES, Settings, cache_folder, mirror_folder

FOLDER = Path(__file__).parent.parent / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 1100, "height": 800}
SEED = 20250701
GATE = """
description = "The accuracy of a release, of predictions alone"
required = ["W-g"]
[[limit]]
name = "energy"
dataset = "W-g"
quantity = "energy_rmse"
convention = "per_atom"
unit = "meV/atom"
max = 5
rationale = "what the paper's best models reach (Fig. 3)"
[[limit]]
name = "force"
dataset = "W-g"
quantity = "force_rmse"
convention = "component"
unit = "meV/Å"
max = 100
rationale = "what the paper's best models reach (Fig. 3)"
"""


def main() -> None:
    """Write the pictures."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as parent, sync_api.sync_playwright() as playwright:
        folder = Path(parent)
        old, new = releases(folder)
        pictures = {
            "report-main-job": ([Path(sys.argv[1])], "#fig4"),
            "report-figures": ([Path(sys.argv[1])], "#fig5"),
            "report-failing": ([new], None),
            "report-two-releases": ([old, new], "#changes"),
        }
        FOLDER.mkdir(exist_ok=True)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        for name, (results, place) in pictures.items():
            report = folder / f"{name}.html"
            write_html(results, report)
            page.goto(report.as_uri())
            if place:
                page.locator(place).evaluate("each => each.scrollIntoView()")
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


def releases(folder: Path) -> tuple[Path, Path]:
    """Judge a release and a worse one, and return their results files."""
    settings = Settings(cache_folder(), cache_folder(), mirror_folder())
    datasets = DatasetCache(load_registry(FIXTURES / "datasets.toml"), settings)
    whole = datasets.view(DATASET).configurations
    path = fetch(load_models()[PREDECESSOR].published[DATASET], settings)
    both = worse(whole, read_published(path, whole, 0), np.random.default_rng(SEED))
    (folder / "release-accuracy.toml").write_text(GATE, encoding="utf-8")
    found = [
        judged(folder, f"release-{number}", whole, predictions)
        for number, predictions in enumerate(both, 1)
    ]
    return found[0], found[1]


def judged(folder: Path, name: str, whole: Configurations, predictions: Predictions) -> Path:
    """Judge a model by its predictions, and return the results file."""
    np.savez(
        folder / f"{name}.npz",
        n_atoms=whole.n_atoms,
        numbers=whole.numbers,
        positions=whole.positions,
        cell=whole.cells,
        pbc=whole.pbc,
        energy=predictions.energies,
        forces=predictions.forces,
    )
    (folder / f"{name}.toml").write_text(
        f'name = "our-model"\nlevel_of_theory = "PBE"\n[predictions.{DATASET}]\n'
        f'path = "{name}.npz"\nreader = "npz"\nenergy = "total"\n',
        encoding="utf-8",
    )
    results = folder / f"{name}.json"
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-m", "accuracy"),
        f"--umlip-candidate={folder / name}.toml",
        f"--umlip-gate={folder / 'release-accuracy.toml'}",
        f"--umlip-results={results}",
    ]
    run = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if not results.exists():
        sys.exit(run.stdout + run.stderr)
    return results


if __name__ == "__main__":
    main()
