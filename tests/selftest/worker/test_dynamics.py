"""Timed steps by clocks that a test sets: what is timed, and what is refused as no measurement."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk

from umlip_gate.worker.dynamics import Dynamics, maxwell_boltzmann
from umlip_gate.worker.potential import EnergyForces

pytestmark = pytest.mark.selftest

LAUNCH_S, WORK_S = 1.0, 10.0


def crystal(repeat: int) -> Atoms:
    """Bcc W, 2 repeat³ atoms."""
    atoms: Atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(repeat)
    return atoms


class Device:
    """A device whose work is asynchronous: a launch returns at once, and the work queues up."""

    cutoff_ang: float | None = 5.0
    elements: frozenset[int] | None = None
    n_parameters: int | None = None

    def __init__(self, force: Callable[[Atoms], np.ndarray] | None = None) -> None:
        self.now_s = 0.0
        self.queued_s = 0.0
        self.force = force or (lambda atoms: -0.1 * np.sin(atoms.positions))

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        self.now_s += LAUNCH_S
        self.queued_s += WORK_S
        return [EnergyForces(0.0, self.force(atoms)) for atoms in structures]

    def synchronize(self) -> None:
        self.now_s += self.queued_s
        self.queued_s = 0.0

    def clocks(self) -> tuple[float, float]:
        return self.now_s, self.now_s / 2


def dynamics(device: Device, *, synchronize: Callable[[], None] | None = None) -> Dynamics:
    return Dynamics(
        device,
        crystal(2),
        temperature_k=300,
        seed=1,
        timestep_fs=1.0,
        most_displacement_ang=1.0,
        synchronize=synchronize or device.synchronize,
        clocks=device.clocks,
    )


def test_every_step_is_timed_with_the_work_that_it_queued() -> None:
    running = dynamics(Device())
    for n_steps in (3, 1, 5):
        timed = running.time_steps(n_steps)
        assert timed.wall_s == n_steps * (LAUNCH_S + WORK_S)
        assert timed.cpu_s == timed.wall_s / 2
        assert timed.n_steps == n_steps


def test_a_timer_that_does_not_wait_is_caught_by_that() -> None:
    device = Device()
    assert dynamics(device, synchronize=lambda: None).time_steps(3).wall_s == 3 * LAUNCH_S


def test_a_timer_that_waits_at_one_end_only_is_caught_by_that() -> None:
    """Waiting before the clock starts alone loses the work; after it stops alone adds some."""
    for waits_at, wall_s in ((0, 3 * LAUNCH_S), (1, 3 * (LAUNCH_S + WORK_S) + WORK_S)):
        device = Device()
        asked = iter(range(2))

        def at_one_end(device: Device = device, asked: object = asked, at: int = waits_at) -> None:
            if next(asked) == at:  # type: ignore[call-overload]
                device.synchronize()

        assert dynamics(device, synchronize=at_one_end).time_steps(3).wall_s == wall_s


def test_a_result_that_was_kept_is_no_measurement() -> None:
    kept: list[np.ndarray] = []

    def cached(atoms: Atoms) -> np.ndarray:
        kept.append(-0.1 * np.sin(atoms.positions))
        return kept[0]

    with pytest.raises(ValueError, match="step 1: the forces are those of the step before"):
        dynamics(Device(cached)).time_steps(3)


def test_a_result_that_is_kept_every_other_step_is_no_measurement() -> None:
    kept: list[np.ndarray] = []

    def cached(atoms: Atoms) -> np.ndarray:
        kept.append(-0.1 * np.sin(atoms.positions) if len(kept) % 2 == 0 else kept[-1])
        return kept[-1]

    with pytest.raises(ValueError, match="a result was kept and not computed"):
        dynamics(Device(cached)).time_steps(4)


def test_a_crystal_that_blows_up_is_no_crystal() -> None:
    def repels(atoms: Atoms) -> np.ndarray:
        return np.asarray(1e4 * np.sin(atoms.positions + 1))

    with pytest.raises(ValueError, match="Å from its lattice site, more than 1 Å"):
        dynamics(Device(repels)).time_steps(20)


def test_atoms_that_nothing_holds_are_put_back_and_that_is_not_timed() -> None:
    def holds_nothing(atoms: Atoms) -> np.ndarray:
        return np.asarray(1e-6 * np.sin(atoms.positions))

    running = dynamics(Device(holds_nothing))
    for _ in range(20):
        assert running.time_steps(50).wall_s == 50 * (LAUNCH_S + WORK_S)


def test_a_force_that_is_not_finite_is_no_measurement() -> None:
    count = iter(range(99))

    def breaks(atoms: Atoms) -> np.ndarray:
        forces: np.ndarray = -0.1 * np.sin(atoms.positions)
        if next(count) == 2:
            forces[5, 1] = np.nan
        return forces

    with pytest.raises(ValueError, match="a force is not finite"):
        dynamics(Device(breaks)).time_steps(2)


def test_atoms_start_with_the_velocities_of_their_temperature_and_no_drift() -> None:
    momenta = maxwell_boltzmann(crystal(12), 300, np.random.default_rng(1))
    energies_ev = (momenta**2).sum(axis=1) / (2 * crystal(1).get_masses()[0])
    assert energies_ev.mean() == pytest.approx(1.5 * units.kB * 300, rel=0.03)
    np.testing.assert_allclose(momenta.sum(axis=0), 0, atol=1e-9)


def test_the_same_seed_starts_the_same_run() -> None:
    first, second = dynamics(Device()), dynamics(Device())
    first.time_steps(3)
    second.time_steps(3)
    np.testing.assert_array_equal(first._atoms.positions, second._atoms.positions)
