"""Any ASE calculator: a candidate without an adapter.

The candidate file names a factory, `calculator = "package.module:factory"`, and its keyword
arguments.
"""

import importlib
from typing import Any

from umlip_gate.worker.potential import ANSWERS, CalculatorPotential, LoadSpec

PACKAGES = ("ase", "numpy")
DTYPES = ("float32", "float64")
ATOMS_PER_BATCH = {"cpu": 1, "cuda": 1}
"""A calculator takes one structure at a time."""

ABILITIES = ANSWERS
"""Nothing is known of it: its own answer is used, if it is finite."""


def load(spec: LoadSpec, device: str, dtype: str) -> CalculatorPotential:
    """Call the factory.

    Parameters
    ----------
    spec
        Settings `calculator` ("package.module:factory") and `arguments` (keyword arguments, in
        which "{checkpoint}", "{device}" and "{dtype}" stand for the candidate's own).
    device
        Given to the factory where its arguments say "{device}".
    dtype
        Given to the factory where its arguments say "{dtype}".

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
    arguments = _filled(spec.settings["arguments"], stands_for)
    calculator = getattr(importlib.import_module(module), factory)(**arguments)
    if isinstance(calculator, type) or not hasattr(calculator, "get_potential_energy"):
        raise TypeError(f"{module}:{factory} made {calculator!r}, which is not a calculator of ASE")
    return CalculatorPotential(calculator)


def _filled(value: Any, stands_for: dict[str, str]) -> Any:  # noqa: ANN401 - any TOML value
    if isinstance(value, dict):
        return {key: _filled(inner, stands_for) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, stands_for) for inner in value]
    return stands_for.get(value, value) if isinstance(value, str) else value
