"""What is computed beside the dataset: the convergence study and the cross-check.

The cross-check takes structures from the public files of MVL-NbMoTaW (BSD-3-Clause; see
`fixtures/datasets.toml` for the addresses) and computes them again.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from tools.refractory_mini.dft import Settings
from tools.refractory_mini.structures import BCC, HCP, Planned, planned

ORDER = (
    "_Elastic",
    "-volume-",
    "-displaced",
    "-strain-",
    "-phase-",
    "Ta-rattled-",
    "-rattled-strong",
    "_Test",
    "converge-",
    "-vacancy",
    "-ordered-",
    "-surface-",
    "-random-",
    "WH-",
    "-b2",
    "-fault-",
    "-rattled-weak",
)
"""What a name contains decides when it is computed, so that whatever stops early is balanced."""

VARIATIONS: tuple[Mapping[str, Any], ...] = (
    {"k_density": 1.25},
    {"smearing_ev": 0.5},
    {"smearing_ev": 0.5, "k_density": 1.5},
    {"cutoff_ev": 600.0},
)
"""What is changed of the settings, one after the other: the width with a denser mesh too, which a
narrower one needs."""

ELASTIC_ROWS = {
    "Mo": (64, 68, 92, 16, 101, 0),
    "Nb": (9, 0, 67, 40, 18, 22),
    "Ta": (9, 0, 67, 40, 18, 22),
    "W": (9, 0, 67, 40, 18, 22),
}
"""Rows of `*_Elastic.json`: 2-atom bcc cells, strained along an axis by 0, -0.01, -0.05, -0.08 and
0.1, and sheared by 5 degrees."""

FORCE_ROWS = {"TaW": (10, 27), "NbMo": (10, 27), "NbW": (27,), "MoTa": (27,)}
"""Rows of `*_Test.json`: 8-atom alloys with symmetry, whose forces do not vanish."""


@dataclass(frozen=True)
class Job:
    """One computation.

    Attributes
    ----------
    item
        Its structure; the name is the record's.
    settings
        How it is computed.
    """

    item: Planned
    settings: Settings = field(default_factory=Settings)


def all_jobs(public: Path | None) -> list[Job]:
    """Return everything that is computed, the most telling first."""
    checks = cross_check(public) if public else []
    jobs = [*checks, *(Job(item) for item in planned()), *convergence()]
    return sorted(jobs, key=lambda job: _rank(job.item.name))


def _rank(name: str) -> int:
    parts = ("converge-",) if name.startswith("converge-") else ORDER
    return next((ORDER.index(part) for part in parts if part in name), len(ORDER))


def convergence() -> list[Job]:
    """Change a setting at a time for a bulk, a compressed and a displaced cell per element.

    With the settings as they are, they stand in the dataset.
    """
    return [
        Job(replace(item, name=f"converge-{item.name}-{label(change)}"), Settings(**change))
        for change in VARIATIONS
        for item in _convergence_cells()
    ]


def cross_check(folder: Path) -> list[Job]:
    """Compute rows of the public files in a folder again."""
    return [Job(_public(folder, file, row)) for file, row in public_rows()]


def public_rows() -> Iterator[tuple[str, int]]:
    """File (without suffix) and row of what is computed again."""
    for element, rows in ELASTIC_ROWS.items():
        for row in rows:
            yield f"{element}_Elastic", row
    for pair, some in FORCE_ROWS.items():
        for row in some:
            yield f"{pair}_Test", row


def _convergence_cells() -> Iterator[Planned]:
    by_name = {item.name: item for item in planned()}
    for element in (*BCC, *HCP):
        yield replace(by_name[f"{element}-volume-1.00"], name=f"{element}-bulk")
        yield replace(by_name[f"{element}-volume-0.88"], name=f"{element}-compressed")
        yield replace(by_name[f"{element}-displaced-0.15"], name=f"{element}-displaced")


def label(change: Mapping[str, Any]) -> str:
    """Name a change of the settings."""
    return "-".join(f"{key}={value}" for key, value in change.items())


def _public(folder: Path, file: str, row: int) -> Planned:
    """Return a public structure; of a strained bcc cell of two atoms the primitive half."""
    structure = json.loads((folder / f"{file}.json").read_text())[row]["structure"]
    sites = structure["sites"]
    symbols = [site["species"][0]["element"] for site in sites]
    cell = np.array(structure["lattice"]["matrix"])
    places = [site["abc"] for site in sites]
    name = f"cross-{file}-{row}"
    if file.endswith("_Elastic"):
        half = 0.5 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) @ cell
        atoms = Atoms(symbols[:1], cell=half, pbc=True)
        return Planned(name, "cross-check", atoms)
    return Planned(
        name, "cross-check", Atoms(symbols, scaled_positions=places, cell=cell, pbc=True)
    )
