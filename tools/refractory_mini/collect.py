"""Put records together: the dataset as extended XYZ, and the studies as lines of JSON.

    python3 -m tools.refractory_mini.collect RECORDS

What is there already stays, unless there is a record of it; what is in neither is named.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import iread, write
from numpy.typing import NDArray

from tools.refractory_mini.dft import Settings
from tools.refractory_mini.structures import planned

HERE = Path(__file__).resolve().parents[2] / "fixtures" / "refractory_mini"
DATASET = HERE / "refractory-mini.xyz"
STUDIES = HERE / "studies.jsonl"


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, help="folder of the records")
    records = read_records(parser.parse_args().records)
    names = [item.name for item in planned()]
    new = {name: records[name] for name in names if name in records}
    check_alike(list(new.values()))
    frames = stored_frames() | {name: frame(record) for name, record in new.items()}
    write(DATASET, [frames[name] for name in names if name in frames], format="extxyz")
    studies = stored_studies() | {
        name: _study(record) for name, record in records.items() if name not in names
    }
    lines = [json.dumps(studies[name]) + "\n" for name in sorted(studies)]
    STUDIES.write_text("".join(lines))
    missing = [name for name in names if name not in frames]
    print(f"{len(frames)} configurations, {len(studies)} of studies; missing: {missing}")  # noqa: T201


def stored_frames() -> dict[str, Atoms]:
    """Return the dataset's configurations by name; none if it is not there yet."""
    frames = iread(DATASET, index=":") if DATASET.is_file() else []
    return {atoms.info["name"]: atoms for atoms in frames}


def stored_studies() -> dict[str, dict[str, Any]]:
    """Return what was computed beside the dataset, by name."""
    lines = STUDIES.read_text().splitlines() if STUDIES.is_file() else []
    return {record["name"]: record for record in map(json.loads, lines)}


def read_records(folder: Path) -> dict[str, dict[str, Any]]:
    """Read every record of a folder, by name."""
    records = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return {record["name"]: record for record in records}


def check_alike(records: list[dict[str, Any]]) -> None:
    """Refuse records of other settings than the dataset's, or of different versions.

    Raises
    ------
    ValueError
        Some are.
    """
    settings = Settings().to_json()
    if others := [record["name"] for record in records if record["settings"] != settings]:
        raise ValueError(f"computed with other settings than dft.py's: {', '.join(others)}")
    versions = {json.dumps(record["versions"], sort_keys=True) for record in records}
    if len(versions) > 1:
        raise ValueError(f"the records have several versions: {versions}")


def frame(record: dict[str, Any]) -> Atoms:
    """Return a configuration with its results, and how it was computed."""
    atoms = Atoms(record["numbers"], record["positions"], cell=record["cell"], pbc=True)
    atoms.info = {
        "name": record["name"],
        "config_type": record["kind"],
        "k_mesh": np.array(record["k_mesh"]),
        "scf_iterations": record["iterations"],
        "cpu_s": record["cpu_s"],
        "wall_s": record["wall_s"],
    }
    if record["seed"] is not None:
        atoms.info["seed"] = record["seed"]
    atoms.calc = SinglePointCalculator(
        atoms,
        energy=record["energy"],
        forces=_rounded(record["forces"]),
        stress=_rounded(record["stress"]),
    )
    return atoms


def _rounded(values: list[float]) -> NDArray[np.float64]:
    """Round to what the file holds; adding zero turns -0 to 0."""
    return np.asarray(np.round(values, 8) + 0.0)


def _study(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out the structure, which the scripts or the public files give."""
    left_out = {"kind", "seed", "positions", "cell", "setups", "versions"}
    return {key: value for key, value in record.items() if key not in left_out}


if __name__ == "__main__":
    main()
