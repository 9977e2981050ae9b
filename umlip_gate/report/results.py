"""The machine-readable record of a run."""

import datetime as dt
import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import umlip_gate
from umlip_gate.atomic import replacing
from umlip_gate.errors import InputError
from umlip_gate.report.configurations import companion, key_of, write_configurations
from umlip_gate.report.plain import plain_data
from umlip_gate.settings import checkout

VERDICT_KEYS = (
    "id",
    "model",
    "dataset",
    "outcome",
    "judged",
    "value",
    "interval",
    "relation",
    "limit",
    "unit",
    "source",
    "reason",
    "limit_source",
    "rationale",
    "details",
)
SCHEMA_VERSION = 3
"""Of the results file; `results.schema.json` describes it."""


PACKAGES = ("ase", "numpy", "pandas", "pyarrow", "pytest")
"""Whose versions a run records; those of a model's environment are in its identity."""


def write_results(  # noqa: PLR0913 - the parts of the record
    path: Path,
    *,
    datasets: Mapping[str, dict[str, Any]],
    measurements: Sequence[dict[str, Any]],
    started: dt.datetime,
    judged: Mapping[str, str | None],
    costs: Iterable[dict[str, Any]],
    verdicts: Iterable[dict[str, Any]],
    claims: list[dict[str, Any]],
    thresholds_digest: str,
    unmeasured: list[str],
    interrupted: dict[str, Any] | None,
    exit_code: int,
) -> None:
    """Write the results file, whole or not at all.

    Parameters
    ----------
    path
        Where to.
    datasets, measurements, costs, verdicts
        Plain data; sorted here, so that the order of execution leaves no trace.
    started
        When the run began.
    judged
        The names of `candidate` and `gate`; None without them.
    claims
        What became of every claim of the paper, in its order.
    thresholds_digest
        sha256 of everything that was judged by.
    unmeasured
        What keeps the run from a verdict.
    interrupted
        What stopped the run, and what is kept; None if it came to its end.
    exit_code
        The run's.
    """
    now = dt.datetime.now(dt.UTC)
    record = {
        "schema_version": SCHEMA_VERSION,
        "date": now.isoformat(timespec="seconds"),
        "duration_s": round((now - started).total_seconds(), 1),
        "host": {
            "system": platform.platform(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in PACKAGES},
        },
        "judged": dict(judged),
        "configurations_file": companion(path).name,
        "suite": {
            "version": umlip_gate.__version__,
            "commit": commit(),
            "thresholds_digest": thresholds_digest,
        },
        "datasets": {name: _without(about, "formulas") for name, about in sorted(datasets.items())},
        "measurements": sorted(
            (_without(each, "configurations", "illustrations") for each in measurements), key=key_of
        ),
        "costs": sorted(costs, key=lambda entry: (entry["model"], entry["device"])),
        "verdicts": sorted(
            ({key: verdict[key] for key in VERDICT_KEYS} for verdict in verdicts),
            key=lambda entry: entry["id"],
        ),
        "claims": claims,
        "unmeasured": unmeasured,
        "interrupted": interrupted,
        "exit_code": exit_code,
    }
    formulas = {name: about["formulas"] for name, about in datasets.items() if "formulas" in about}
    write_configurations(companion(path), measurements, formulas)
    with replacing(path) as unfinished:
        text = json.dumps(plain_data(record), indent=1, ensure_ascii=False, allow_nan=False)
        unfinished.write_text(text + "\n", encoding="utf-8")


def _without(record: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in keys}


def remove_results(path: Path) -> None:
    """Remove an earlier run's record.

    Raises
    ------
    InputError
        The file holds something else, or is no regular file.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise InputError(f"{path}: is no regular file; name another one")
    text = path.read_text(encoding="utf-8", errors="replace")
    if text.strip() and not _is_record(text):
        raise InputError(f"{path}: holds something else than a run's results; name another file")
    path.unlink()
    companion(path).unlink(missing_ok=True)


def _is_record(text: str) -> bool:
    try:
        record = json.loads(text)
    except ValueError:
        return False
    return isinstance(record, dict) and "suite" in record


def commit() -> str | None:
    """Return the suite's commit; None if it is not known.

    Of a checkout git's, with `-dirty` if it was changed; of an installed package the one that its
    version names, if it was built between two releases.
    """
    root = checkout()
    if root is None:
        found = re.search(r"\+g([0-9a-f]{7,40})", umlip_gate.__version__)
        return found[1] if found else None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()
