"""The worker's side of a measurement: what it is asked, and what it answers."""

import gc
from typing import Any

from ase import Atoms

from umlip_gate.worker import devices
from umlip_gate.worker.dynamics import Dynamics
from umlip_gate.worker.potential import Potential


class Timer:
    """Times one potential on one crystal after the other.

    Parameters
    ----------
    potential
        The loaded model.
    device
        `cpu` or `cuda`: whose memory is reported.
    """

    def __init__(self, potential: Potential, device: str) -> None:
        self._potential = potential
        self._device = device
        self._dynamics: Dynamics | None = None
        self._children_s = 0.0

    def build(self, atoms: Atoms, numbers: dict[str, Any]) -> dict[str, Any]:
        """Take another crystal, and evaluate it once.

        All that is loaded by then is kept from Python's garbage collector, which would walk
        through it in some rounds and not in others: for 0.16 s, twice in 24 steps of CHGNet.

        Parameters
        ----------
        atoms
            On its lattice sites.
        numbers
            The keyword arguments of `Dynamics` that are plain numbers.

        Returns
        -------
        dict
            `cutoff_ang`, and `host`, what this process sees of the machine.
        """
        self._dynamics = None
        gc.unfreeze()
        gc.collect()
        devices.forget_peak()
        self._dynamics = Dynamics(self._potential, atoms, synchronize=self._synchronize, **numbers)
        gc.collect()
        gc.freeze()
        host = devices.describe()
        self._children_s = devices.children_cpu_s()
        return {"cutoff_ang": self._potential.cutoff_ang, "host": host}

    def time_steps(self, n_steps: int) -> dict[str, Any]:
        """Run steps.

        Returns
        -------
        dict
            `n_steps`, `wall_s`, `cpu_s`; `peak_bytes`, the most memory since the crystal was
            built; and what tells where the work was done: `gpu_bytes`, the most memory on GPUs,
            and `children_s`, the CPU time that other processes which this one started took since
            the steps before, or since the crystal was built.

        Raises
        ------
        ValueError
            The steps are no measurement.
        """
        if self._dynamics is None:
            raise ValueError("no crystal was built")
        timed = self._dynamics.time_steps(n_steps)
        before_s, self._children_s = self._children_s, devices.children_cpu_s()
        return {
            **vars(timed),
            "peak_bytes": devices.peak_bytes(self._device),
            "gpu_bytes": devices.gpu_bytes(),
            "children_s": self._children_s - before_s,
        }

    def _synchronize(self) -> None:
        """Wait for the framework's devices, and for one that a calculator alone knows."""
        devices.synchronize()
        calculator = getattr(self._potential, "calculator", None)
        own = getattr(calculator, "synchronize", None)
        if own is not None:
            own()
