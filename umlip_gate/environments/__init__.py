"""How the families' environments are made: `python -m umlip_gate.environments list | make | path`.

Each has packages of a version and a digest that `locks/NAME.txt` has.
"""

from pathlib import Path

LOCKS = Path(__file__).parent / "locks"


def environment_names() -> list[str]:
    """Return the environments that can be made."""
    return sorted(path.stem for path in LOCKS.glob("*.txt"))
