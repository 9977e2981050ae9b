"""The data card's tables, from the dataset, the studies and the public files.

    python3 -m tools.refractory_mini.tables [--public FOLDER]

Without the folder of MVL-NbMoTaW's files the cross-check with VASP is left out.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.collections import dcdft
from ase.eos import EquationOfState, birchmurnaghan
from numpy.typing import NDArray

from tools.refractory_mini.collect import stored_frames, stored_studies
from tools.refractory_mini.structures import BCC, HCP, VOLUME_RATIOS
from tools.refractory_mini.studies import VARIATIONS, label, public_rows

Record = dict[str, Any]
CELLS = {"volume-1.00": "bulk", "volume-0.88": "compressed", "displaced-0.15": "displaced"}
"""What the study calls the dataset's cells."""


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--public", type=Path, help="folder of MVL-NbMoTaW's files")
    public = parser.parse_args().public
    frames, studies = stored_frames(), read_studies()
    tables = [contents_table(frames), convergence_table(studies), curve_table(frames)]
    if public:
        tables += [energy_table(studies, public), force_table(studies, public)]
    print("\n\n".join("\n".join(table) for table in tables))  # noqa: T201


def read_studies() -> dict[str, Record]:
    """Read what was computed beside the dataset, and the cells that it starts from."""
    records = stored_studies()
    for name, atoms in stored_frames().items():
        element, _, what = name.partition("-")
        if which := CELLS.get(what):
            records[f"converge-{element}-{which}-as-is"] = {
                "numbers": atoms.numbers.tolist(),
                "energy": atoms.get_potential_energy(),
                "forces": atoms.get_forces().tolist(),
            }
    return records


def contents_table(frames: Mapping[str, Atoms]) -> list[str]:
    """Count the configurations by kind and by chemical system."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for atoms in frames.values():
        symbols = sorted(set(atoms.get_chemical_symbols()))
        kinds[atoms.info["config_type"]]["".join(symbols)] += 1
    lines = ["| kind | configurations | of them |", "|---|---|---|"]
    for kind, systems in sorted(kinds.items()):
        each = ", ".join(f"{system} {count}" for system, count in sorted(systems.items()))
        lines.append(f"| {kind} | {systems.total()} | {each} |")
    return lines


def convergence_table(studies: dict[str, Record]) -> list[str]:
    """Print what each change of the settings does to energy differences and to a force."""
    lines = [
        "| element | change | bulk | compressed - bulk | displaced - bulk | force, meV/Å |",
        "|---|---|---|---|---|---|",
    ]
    for element in (*BCC, *HCP):
        for change in VARIATIONS:
            cells = {
                cell: _change(studies, f"converge-{element}-{cell}", label(change))
                for cell in CELLS.values()
            }
            if any(cells.values()):
                lines.append(f"| {element} | {_said(change)} | {_row(cells)} |")
    return lines


def _said(change: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in change.items())


def _change(studies: dict[str, Record], cell: str, change: str) -> tuple[float, float] | None:
    """Energy (meV/atom) and largest force component (meV/Å) that a change makes."""
    if f"{cell}-as-is" not in studies or f"{cell}-{change}" not in studies:
        return None
    before, after = studies[f"{cell}-as-is"], studies[f"{cell}-{change}"]
    energy = (after["energy"] - before["energy"]) / len(before["numbers"])
    force = np.abs(np.array(after["forces"]) - np.array(before["forces"])).max()
    return 1000 * energy, float(1000 * force)


def _row(cells: dict[str, tuple[float, float] | None]) -> str:
    bulk, compressed, displaced = cells["bulk"], cells["compressed"], cells["displaced"]
    differences = [
        f"{cell[0] - bulk[0]:+.1f}" if bulk and cell else "-" for cell in (compressed, displaced)
    ]
    energy = f"{bulk[0]:+.1f}" if bulk else "-"
    force = f"{displaced[1]:.1f}" if displaced else "-"
    return " | ".join([energy, *differences, force])


def curve_table(frames: Mapping[str, Atoms]) -> list[str]:
    """Compare each element's energy-volume curve with WIEN2k's, which ASE carries.

    The difference is the rms over ±6 % of WIEN2k's volume, both minima at zero: the Delta gauge of
    Lejaeghere et al., Crit. Rev. Solid State Mater. Sci. 39, 1 (2014), with one volume for both.
    """
    lines = [
        "| element | volume, Å³ | WIEN2k | bulk modulus, GPa | WIEN2k | Delta, meV/atom |",
        "|---|---|---|---|---|---|",
    ]
    for element in (*BCC, *HCP):
        curve = [atoms for name, atoms in frames.items() if name.startswith(f"{element}-volume-")]
        if len(curve) < len(VOLUME_RATIOS):
            continue
        volumes = [atoms.get_volume() / len(atoms) for atoms in curve]
        energies = [atoms.get_potential_energy() / len(atoms) for atoms in curve]
        fit = EquationOfState(volumes, energies, eos="birchmurnaghan")
        fit.fit()
        _, modulus, slope, volume = fit.eos_parameters
        ours = (modulus, slope, volume)
        known = dcdft.data[element]
        theirs = (known["wien2k_B"] * units.GPa, known["wien2k_Bp"], known["wien2k_volume"])
        window = np.linspace(0.94, 1.06, 101) * theirs[2]
        difference = birchmurnaghan(window, 0, *ours) - birchmurnaghan(window, 0, *theirs)
        lines.append(
            f"| {element} | {volume:.2f} | {theirs[2]:.2f} | {modulus / units.GPa:.0f} | "
            f"{theirs[0] / units.GPa:.0f} | {1000 * _rms(difference):.1f} |"
        )
    return lines


def energy_table(studies: dict[str, Record], public: Path) -> list[str]:
    """Compare GPAW with the public energies of strained cells, the mean difference removed.

    Three measures: over all rows, beside a constant pressure (a term linear in the volume), and
    over those rows alone that have the unstrained cell's volume.
    """
    by_element = defaultdict(list)
    for file, row, ours, theirs in _pairs(studies, public):
        if file.endswith("_Elastic"):
            energy = ours["energy"] / len(ours["numbers"])
            difference = 1000 * (energy - theirs["outputs"]["energy"] / theirs["num_atoms"])
            volume = theirs["structure"]["lattice"]["volume"] / theirs["num_atoms"]
            by_element[file.removesuffix("_Elastic")].append((row, volume, difference))
    lines = [
        "| element | rows | each, meV/atom | rms | beside a constant pressure | at one volume |",
        "|---|---|---|---|---|---|",
    ]
    for element, values in by_element.items():
        rows, volumes, differences = map(np.array, zip(*values, strict=True))
        line = np.polynomial.Polynomial.fit(volumes, differences, 1)
        same = differences[np.isclose(volumes, volumes[0], rtol=1e-4)]
        each = ", ".join(f"{value:+.1f}" for value in differences - differences.mean())
        numbers = ", ".join(str(row) for row in rows)
        measures = (
            differences - differences.mean(),
            differences - line(volumes),
            same - same.mean(),
        )
        rms = " | ".join(f"{_rms(measure):.1f}" for measure in measures)
        lines.append(f"| {element} | {numbers} | {each} | {rms} |")
    return lines


def force_table(studies: dict[str, Record], public: Path) -> list[str]:
    """Compare GPAW with the public forces of 8-atom alloys, by element and cell.

    Left out are the elements of a cell whose forces vanish by symmetry.
    """
    lines = []
    for file, row, ours, theirs in _pairs(studies, public):
        if not file.endswith("_Test"):
            continue
        symbols = np.array([s["species"][0]["element"] for s in theirs["structure"]["sites"]])
        own, other = 1000 * np.array(ours["forces"]), 1000 * np.array(theirs["outputs"]["forces"])
        for symbol in set(symbols.tolist()):
            f = other[symbols == symbol].ravel()
            e = own[symbols == symbol].ravel() - f
            if _rms(f) > 1:
                lines.append(
                    f"| {symbol} | {file} {row} | {len(e) // 3} | {_rms(e):.1f} | "
                    f"{_rms(f):.0f} | {1 + e @ f / (f @ f):.3f} |"
                )
    return [
        "| element | cell | atoms | rms difference, meV/Å | rms force, meV/Å | slope |",
        "|---|---|---|---|---|---|",
        *sorted(lines),
    ]


def _pairs(studies: dict[str, Record], public: Path) -> Iterator[tuple[str, int, Record, Record]]:
    for file, row in public_rows():
        name = f"cross-{file}-{row}"
        if name in studies:
            theirs = json.loads((public / f"{file}.json").read_text())[row]
            yield file, row, studies[name], theirs


def _rms(values: NDArray[np.float64] | Iterable[float]) -> float:
    return float(np.sqrt(np.mean(np.square(np.asarray(values)))))


if __name__ == "__main__":
    main()
