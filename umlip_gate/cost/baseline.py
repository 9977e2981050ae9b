"""What steps cost on a named device when it was last written down, and whether they still do.

Run as a module, makes a baseline of a results file, with the limit that its keeper gives:
`python -m umlip_gate.cost.baseline results.json --max-ratio 1.3 --rationale "why" >
thresholds/cost/NAME.toml`.
"""

import argparse
import datetime as dt
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from umlip_gate.errors import InputError
from umlip_gate.schema import RegistryId, Strict, nearest, read_named, validate

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Key = tuple[str, str, int]
"""Model, dtype, number of atoms."""


class BaselineCost(Strict):
    """What a step of one model cost at one size.

    Attributes
    ----------
    model, dtype, n_atoms
        What it is looked up by.
    family, weights
        As in the results file.
    steps
        How many were timed.
    step_s
        Seconds per step: CPU time on a core, wall time on a GPU.
    peak_bytes
        The most memory.
    """

    model: RegistryId
    family: RegistryId
    dtype: Literal["float32", "float64"]
    weights: Literal["real", "random"]
    n_atoms: Annotated[int, Field(gt=0)]
    steps: Annotated[int, Field(gt=0)]
    step_s: Positive
    peak_bytes: Annotated[int, Field(ge=0)]

    @property
    def key(self) -> Key:
        """What it is looked up by."""
        return self.model, self.dtype, self.n_atoms


class Baseline(Strict):
    """A file of `thresholds/cost/`.

    Attributes
    ----------
    name
        The file's name without `.toml`.
    kind
        `cpu` or `cuda`.
    device
        The CPU or GPU as its worker named it: on another one nothing is compared.
    host
        What else was there: CPU of a GPU's host, driver, framework.
    measured, commit
        When, and with what of this suite.
    max_ratio
        How many times its baseline a step may cost.
    rationale
        Why this number.
    costs
        `[[cost]]` in the file.
    """

    name: RegistryId
    kind: Literal["cpu", "cuda"]
    device: str
    host: str
    measured: dt.date
    commit: str
    max_ratio: Annotated[float, Field(gt=1, allow_inf_nan=False)]
    rationale: str
    costs: Annotated[tuple[BaselineCost, ...], Field(alias="cost", min_length=1)]

    @field_validator("costs")
    @classmethod
    def _once(cls, costs: tuple[BaselineCost, ...]) -> tuple[BaselineCost, ...]:
        keys = [cost.key for cost in costs]
        twice = sorted({f"{key}" for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"there twice: {', '.join(twice)}")
        return costs

    def by_key(self) -> dict[Key, BaselineCost]:
        """Look costs up by model, dtype and size."""
        return {cost.key: cost for cost in self.costs}


def load_baseline(name_or_path: str, folder: Path) -> Baseline:
    """Read one baseline.

    Parameters
    ----------
    name_or_path
        A file (`….toml`), or the name of one in the folder.
    folder
        `thresholds/cost/`.

    Raises
    ------
    InputError
        There is no such baseline, or it is not valid.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        known = [file.stem for file in folder.glob("*.toml")]
        path = folder / f"{name_or_path}.toml"
        if name_or_path not in known:
            raise InputError(
                f"unknown baseline {name_or_path!r}; "
                f"{nearest(name_or_path, known) if known else 'there is none yet'} "
                "(`python -m umlip_gate.cost.baseline results.json` makes one of a results file)"
            )
    return validate(Baseline, read_named(path), str(path))


def load_baselines(folder: Path) -> dict[str, Baseline]:
    """Read every baseline of a folder, by name.

    Raises
    ------
    InputError
        One is not valid.
    """
    return {path.stem: load_baseline(str(path), folder) for path in sorted(folder.glob("*.toml"))}


def baseline_toml(results: dict[str, Any], today: dt.date, max_ratio: float, rationale: str) -> str:
    """Write what a results file measured as a baseline.

    Parameters
    ----------
    results
        The parsed file, of a run on one device.
    today
        The date that it gets.
    max_ratio, rationale
        How many times its baseline a step may cost, and why: how far two runs are apart.

    Raises
    ------
    InputError
        It has no costs, or costs of more than one device.
    """
    measured = [entry for entry in results.get("costs", []) if entry["costs"]]
    devices = {(entry["device"], _device(entry)) for entry in measured}
    if len(devices) != 1:
        raise InputError(
            f"a baseline is of one device; this has {sorted(map(str, devices)) or 'no costs'}"
        )
    ((kind, device),) = devices
    lines = [
        f'kind = "{kind}"',
        f"device = {json.dumps(device)}",
        f"host = {json.dumps(_host(measured[0]))}",
        f"measured = {today}",
        f'commit = "{results["suite"]["commit"] or "unknown"}"',
        f"max_ratio = {max_ratio}",
        f"rationale = {json.dumps(rationale, ensure_ascii=False)}",
    ]
    for entry in measured:
        lines += _cost_lines(entry)
    return "\n".join(lines) + "\n"


def _cost_lines(entry: dict[str, Any]) -> Iterator[str]:
    for cost in entry["costs"]:
        step_s = cost["us_per_step_per_atom"] * cost["n_atoms"] / 1e6
        yield "\n[[cost]]"
        yield from (f'{key} = "{entry[key]}"' for key in ("model", "family", "dtype", "weights"))
        yield f"n_atoms = {cost['n_atoms']}"
        yield f"steps = {cost['n_steps'] * len(cost['wall_s'])}"
        yield f"step_s = {step_s:.4g}"
        yield f"peak_bytes = {cost['peak_bytes']}"


def _device(entry: dict[str, Any]) -> str:
    return str(entry["host"]["gpu" if entry["device"] == "cuda" else "cpu"])


def _host(entry: dict[str, Any]) -> str:
    host = entry["host"]
    more = [host["cpu"], *(text for text in (host["gpu_library"], host["driver"]) if text)]
    return ", ".join(more) if entry["device"] == "cuda" else f"core {host['cores']}"


def main() -> None:
    """Print the baseline of a results file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add = parser.add_argument
    add("results", type=Path, help="a file that --umlip-results wrote")
    add("--max-ratio", type=float, required=True, help="how many times as much a step may cost")
    add("--rationale", required=True, help="why: how far two runs on this device are apart")
    given = parser.parse_args()
    if not 1 < given.max_ratio < math.inf:
        parser.error(f"--max-ratio {given.max_ratio:g}: above 1, and finite")
    today = dt.datetime.now(tz=dt.UTC).date()
    try:
        results = json.loads(given.results.read_text(encoding="utf-8"))
        sys.stdout.write(baseline_toml(results, today, given.max_ratio, given.rationale))
    except (OSError, ValueError, InputError) as error:
        sys.exit(f"{given.results}: {error}")


if __name__ == "__main__":
    main()
