"""Any ASE calculator: a candidate without an adapter.

The candidate file names a factory, `calculator = "package.module:factory"`, and its keyword
arguments.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ase import Atoms

from umlip_gate.worker.extras import Extras, stated_uncertainty
from umlip_gate.worker.potential import ANSWERS, CalculatorPotential, EnergyForces, LoadSpec

PACKAGES = ("ase", "numpy")
DTYPES = ("float32", "float64")
ATOMS_PER_BATCH = {"cpu": 1, "cuda": 1, "mps": 1}
"""A calculator takes one structure at a time."""

ABILITIES = ANSWERS
"""Nothing is known of it: its own answer is used, if it is finite."""


class FactoryPotential(CalculatorPotential):
    """A calculator that is made anew after it raised: what it kept by then may be of no structure.

    Parameters
    ----------
    make
        Makes a calculator.
    uncertainty
        `energy` and `forces` -> the names under which its results have what it states of its
        errors; see `worker.extras`.
    """

    def __init__(self, make: Callable[[], Any], uncertainty: Mapping[str, str]) -> None:
        super().__init__(make())
        self._make = make
        self._has_raised = False
        self._uncertainty = uncertainty
        self._stated: list[Extras] = []

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        if self._has_raised:
            self.calculator = self._make()
            self._has_raised = False
        self._stated = []
        results = []
        try:
            for atoms in structures:
                results += super().evaluate([atoms])
                found = getattr(self.calculator, "results", {})
                self._stated.append(stated_uncertainty(found, len(atoms), self._uncertainty))
        except BaseException:
            self._has_raised = True
            raise
        return results

    def uncertainties(self) -> list[Extras]:
        """Return what the calculator stated of its errors on the structures evaluated last."""
        return self._stated


def load(spec: LoadSpec, device: str, dtype: str) -> FactoryPotential:
    """Call the factory.

    Parameters
    ----------
    spec
        Settings `calculator` ("package.module:factory"), `uncertainty` (see `FactoryPotential`)
        and `arguments` (keyword arguments, in which "{checkpoint}", "{device}" and "{dtype}" stand
        for the candidate's own). An argument that names a file or a folder relative to `folder`
        becomes its absolute path.
    device
        Passed to the factory where its arguments say "{device}".
    dtype
        Passed to the factory where its arguments say "{dtype}".

    Raises
    ------
    AttributeError, ImportError
        The factory is not there.
    TypeError
        What it makes is not a calculator of ASE.
    """
    module, _, factory = spec.settings["calculator"].partition(":")
    stands_for = {
        "{checkpoint}": str(spec.checkpoint),
        "{device}": device,
        "{dtype}": dtype,
    }

    def make() -> Any:  # noqa: ANN401 - whatever the factory makes
        arguments = _filled(spec.settings["arguments"], stands_for, spec.folder)
        calculator = getattr(importlib.import_module(module), factory)(**arguments)
        if isinstance(calculator, type) or not hasattr(calculator, "get_potential_energy"):
            raise TypeError(
                f"{module}:{factory} made {calculator!r}, which is not a calculator of ASE"
            )
        return calculator

    return FactoryPotential(make, spec.settings.get("uncertainty", {}))


def _filled(value: Any, stands_for: dict[str, str], folder: Path | None) -> Any:  # noqa: ANN401 - any TOML value
    if isinstance(value, dict):
        return {key: _filled(inner, stands_for, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, stands_for, folder) for inner in value]
    if not isinstance(value, str):
        return value
    if value in stands_for:
        return stands_for[value]
    return _absolute(value, folder) if folder and value else value


def _absolute(text: str, folder: Path) -> str:
    try:
        return str(folder / text) if (folder / text).exists() else text
    except (OSError, ValueError):  # no path
        return text
