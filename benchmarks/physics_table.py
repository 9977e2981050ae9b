"""The table of docs/physics.md: what each model deviates by from each law.

`python -m benchmarks.physics_table RESULTS...` reads files of `pytest -m physics --umlip-model M
--umlip-results RESULTS`, several of a model if it was judged in parts. An asterisk is beyond the
limit, † a known failure, a dash was not judged.
"""

import json
import sys
from pathlib import Path

MARKS = {"failed": "*", "known_failure": " †"}


def cell(verdict: dict[str, object] | None) -> str:
    """Return a value with its mark."""
    if verdict is None or not isinstance(verdict.get("value"), float | int):
        return "-"
    return f"{verdict['value']:.2g}{MARKS.get(str(verdict['outcome']), '')}"


def main(paths: list[str]) -> None:
    """Print a row for each quantity, and a column for each model."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    units: dict[str, str] = {}
    for path in paths:
        for verdict in json.loads(Path(path).read_text(encoding="utf-8"))["verdicts"]:
            model, _, item = verdict["id"].split(":")
            law = item.removeprefix("physics.").replace("-", "_")
            found.setdefault(model, {})[law] = verdict
            units[law] = verdict["unit"] or units.get(law, "")
    sys.stdout.write(f"| quantity | unit | {' | '.join(found)} |\n|---|---|{'---|' * len(found)}\n")
    for law in sorted(units):
        cells = [cell(verdicts.get(law)) for verdicts in found.values()]
        if set(cells) != {"-"}:
            sys.stdout.write(f"| `{law}` | {units[law]} | {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main(sys.argv[1:])
