"""What a report shows of single configurations: a compressed file beside the results file."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from umlip_gate.atomic import replacing
from umlip_gate.report.plain import plain_data


def companion(results: Path) -> Path:
    """Return the path of the file beside a results file."""
    return results.with_name(f"{results.stem}.configurations.json.gz")


def key_of(measurement: Mapping[str, Any]) -> str:
    """Return the name under which a measurement's columns are kept."""
    return " | ".join(measurement[part] for part in ("model", "dataset", "source"))


def write_configurations(
    path: Path, measurements: Sequence[Mapping[str, Any]], formulas: Mapping[str, list[str]]
) -> None:
    """Write columns and illustrations of all measurements, and each dataset's formulas.

    Parameters
    ----------
    path
        Where to.
    measurements
        With their `configurations` and `illustrations`.
    formulas
        Of the datasets' configurations, by dataset id.
    """
    record = {
        "formulas": formulas,
        "measurements": {
            key_of(measurement): measurement["configurations"]
            for measurement in measurements
            if measurement.get("configurations")
        },
        "illustrations": {
            key_of(measurement): measurement["illustrations"]
            for measurement in measurements
            if measurement.get("illustrations")
        },
    }
    text = json.dumps(plain_data(record), ensure_ascii=False, allow_nan=False)
    with replacing(path) as unfinished, gzip.open(unfinished, "wt", 6, encoding="utf-8") as file:
        file.write(text)


def read_configurations(results: Path) -> dict[str, Any]:
    """Return what stands beside a results file; nothing if there is no such file."""
    path = companion(results)
    if not path.is_file():
        return {"formulas": {}, "measurements": {}, "illustrations": {}}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        record: dict[str, Any] = json.load(file)
    return {"illustrations": {}, **record}
