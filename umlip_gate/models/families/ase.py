"""Any ASE calculator: a candidate without an adapter.

The candidate file names a factory, `calculator = "package.module:factory"`, and its keyword
arguments.
"""

import importlib

from umlip_gate.models.potential import ANSWERS, CalculatorPotential, LoadSpec

PACKAGES = ("ase", "numpy", "torch", "tensorflow", "jax", "e3nn")
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
    """
    module, _, factory = spec.settings["calculator"].partition(":")
    stands_for = {
        "{checkpoint}": str(spec.checkpoint),
        "{device}": device,
        "{dtype}": dtype,
    }
    arguments = {
        key: stands_for.get(value, value) if isinstance(value, str) else value
        for key, value in spec.settings["arguments"].items()
    }
    return CalculatorPotential(getattr(importlib.import_module(module), factory)(**arguments))
