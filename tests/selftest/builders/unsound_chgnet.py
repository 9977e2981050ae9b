"""CHGNet 0.3.0 with a defect that its errors against DFT do not show; taken as candidates."""

from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

Defect = Callable[[Atoms, dict[str, Any]], None]


class Unsound(Calculator):
    """CHGNet, and then a defect."""

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012 - as ASE declares it

    def __init__(self, defect: Defect) -> None:
        from chgnet.model.dynamics import CHGNetCalculator  # noqa: PLC0415 - inside a worker only

        super().__init__()  # type: ignore[no-untyped-call]
        self.inner = CHGNetCalculator(use_device="cpu")
        self.defect = defect

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert atoms is not None
        self.inner.calculate(atoms.copy(), ["energy"], all_changes)
        self.results = {name: self.inner.results[name] for name in self.implemented_properties}
        self.defect(atoms, self.results)


def right() -> Unsound:
    return Unsound(lambda *_: None)


def forces_too_small() -> Unsound:
    """Forces x 0.9."""

    def defect(_: Atoms, results: dict[str, Any]) -> None:
        results["forces"] = 0.9 * results["forces"]

    return Unsound(defect)


def oriented() -> Unsound:
    """5 meV/atom by the direction of the first cell vector, and the stress x -100."""

    def defect(atoms: Atoms, results: dict[str, Any]) -> None:
        x, y, _ = atoms.cell.array[0]
        results["energy"] = float(results["energy"]) + 0.005 * len(atoms) * np.cos(np.arctan2(y, x))
        results["stress"] = -100 * np.asarray(results["stress"])

    return Unsound(defect)
