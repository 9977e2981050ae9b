"""`python -m tools.mutants`: what a run of mutmut left, by module, and why survivors survive.

Ends with 1 where a survivor has no reason in `tools/mutants.toml`, or where fewer than 95 % of a
module's mutants are killed, apart from those that change nothing a test should see. A mutant whose
tests took too long counts as killed, and is counted beside: on a machine that others use, too, it
may be the machine.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant

ROOT = Path(__file__).resolve().parent.parent
LEAST_KILLED = 0.95
STATES: dict[int | None, str] = {
    **dict.fromkeys([1, 3], "killed"),
    **dict.fromkeys([24, 36, 152, 255, -24], "too long"),
    0: "survived",
    None: "not tried",
    **dict.fromkeys([5, 33], "no tests"),
}
"""By exit codes of mutmut."""

KILLED = ("killed", "too long")
HEADS = ("module", "mutants", "killed", "by time", "listed", "left", "killed of those not listed")


def states(folder: Path) -> dict[str, dict[str, str]]:
    """Return what became of every mutant, by the file that it is of."""
    return {
        str(file.relative_to(folder)).removesuffix(".meta"): {
            name: STATES.get(code, f"exit code {code}")
            for name, code in json.loads(file.read_text())["exit_code_by_key"].items()
        }
        for file in sorted(folder.rglob("*.py.meta"))
    }


def change(mutant: str) -> str:
    """Return the lines that a mutant takes away and adds."""
    lines = get_diff_for_mutant(mutant).partition("\n@@")[2].splitlines()
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines if line[:1] in ("-", "+"))


def row(module: str, found: Mapping[str, str], n_listed: int) -> tuple[str, float]:
    """Return a module's row of the table, and the share of mutants that were killed."""
    by_time = list(found.values()).count("too long")
    killed = list(found.values()).count("killed") + by_time
    left = len(found) - killed - n_listed
    share = killed / max(1, len(found) - n_listed)
    cells = (f"`{module}`", len(found), killed, by_time, n_listed, left, f"{share:.1%}")
    return f"| {' | '.join(map(str, cells))} |", share


def main() -> int:
    """Print the table and the survivors without a reason; return the exit code."""
    reasons = tomllib.loads((ROOT / "tools" / "mutants.toml").read_text(encoding="utf-8"))
    print(f"| {' | '.join(HEADS)} |\n|---|{'---:|' * (len(HEADS) - 1)}")  # noqa: T201 - a script
    is_wrong = False
    unexplained = []
    for module, found in states(ROOT / "mutants").items():
        listed = {entry["change"].strip() for entry in reasons.get(module, [])}
        survivors = {name: change(name) for name, state in found.items() if state not in KILLED}
        explained = [name for name, text in survivors.items() if text in listed]
        text, share = row(module, found, len(explained))
        print(text)  # noqa: T201
        is_wrong |= share < LEAST_KILLED
        unexplained += [
            f"{name}: {found[name]}\n{text}"
            for name, text in survivors.items()
            if name not in explained
        ]
    print("\n".join(unexplained), file=sys.stderr)  # noqa: T201
    return int(is_wrong or bool(unexplained))


if __name__ == "__main__":
    sys.exit(main())
