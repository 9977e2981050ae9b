"""Calculators with known defects, taken as candidates: imported inside a worker.

Each is a Lennard-Jones crystal that misbehaves for structures of `TRIGGER` atoms only.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from ase import Atoms
from ase.calculators.calculator import all_changes
from ase.calculators.lj import LennardJones

TRIGGER = 7
Defect = Callable[["Fake"], None]


class Fake(LennardJones):
    """Lennard-Jones, a little soft so that no error is mere round-off, and then a defect."""

    softness = 1e-4

    def __init__(self, defect: Defect | None = None, *, shift_ev_per_atom: float = 0.0) -> None:
        super().__init__(sigma=2.3, epsilon=0.5, rc=5.0, smooth=True)  # type: ignore[no-untyped-call]
        self.defect = defect
        self.shift_ev_per_atom = shift_ev_per_atom

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert atoms is not None
        self.given = atoms
        self.results["energy"] *= 1 - self.softness
        self.results["forces"] *= 1 - self.softness
        self.results["energy"] += self.shift_ev_per_atom * len(atoms)
        if self.defect is not None and len(atoms) == TRIGGER:
            self.defect(self)


class Truth(Fake):
    """What the crystals are labelled with."""

    softness = 0.0


def honest() -> Fake:
    return Truth()


class Drifting(Truth):
    """Each answer is larger than that before by a share; all are multiplied by `size`."""

    def __init__(self, size: float, share: float) -> None:
        super().__init__()
        self.size, self.share = size, share

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        self.size *= 1 + self.share
        self.results["energy"] *= self.size
        self.results["forces"] *= self.size


def drifting(size: float, share: float) -> Drifting:
    return Drifting(size, share)


def nan_energy() -> Fake:
    return Fake(lambda fake: fake.results.update(energy=float("nan")))


def far_off() -> Fake:
    """Finite, and too far from the reference for an error to be computed."""
    return Fake(lambda fake: fake.results.update(energy=1e200))


def raises_in_colour() -> Fake:
    def defect(_: Fake) -> None:
        raise RuntimeError("\x1b[31mred\x1b]0;title\x07 \x00 <b>bold</b>")

    return Fake(defect)


def raises_a_name_that_is_no_utf8() -> Fake:
    def defect(_: Fake) -> None:
        raise RuntimeError("no potential in W\udc80.txt")

    return Fake(defect)


def lacks_a_name_that_is_no_utf8() -> Fake:
    raise RuntimeError("no potential in W\udc80.txt")


def takes_the_place_of_reports() -> Fake:
    """Right, and once it has answered, a file is where the folder of reports was."""

    def defect(_: Fake) -> None:
        folder = Path(os.environ["FAKE_NOTES"]).with_name("reports")
        folder.rmdir()
        folder.touch()

    return Truth(defect)


def energy_in_words() -> Fake:
    return Fake(lambda fake: fake.results.update(energy="low"))


def nan_force() -> Fake:
    def defect(fake: Fake) -> None:
        fake.results["forces"][0, 0] = np.nan

    return Fake(defect)


def wrong_shape() -> Fake:
    return Fake(lambda fake: fake.results.update(forces=fake.results["forces"][:-1]))


def raises() -> Fake:
    def defect(_: Fake) -> None:
        raise RuntimeError("no such luck")

    return Fake(defect)


class Uncertain(Fake):
    """States its error: of the energy exactly, and of each force up to a factor that orders it."""

    def __init__(self, key: str = "force_uncertainty") -> None:
        super().__init__()
        self.key = key

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        share = self.softness / (1 - self.softness)
        norms = np.linalg.norm(self.results["forces"], axis=1)
        self.results["energy_uncertainty"] = abs(self.results["energy"]) * share
        self.results[self.key] = 0.5 * norms * share
        if self.key == "cut" and len(norms) == TRIGGER:
            self.results["cut"] = np.zeros(3)


class SoftUnderStrain(Fake):
    """Stresses of nine tenths, or of another unit."""

    def __init__(self, factor: float = 0.9) -> None:
        super().__init__()
        self.factor = factor

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        self.results["stress"] = self.factor * self.results["stress"]


class Stressless(Fake):
    """Without stresses, as many models."""

    implemented_properties = ("energy", "forces")  # type: ignore[assignment]

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        del self.results["stress"]


class Stale(Truth):
    """Answers something else once it has raised."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        try:
            super().calculate(atoms, properties, system_changes)
        except RuntimeError:
            self.shift_ev_per_atom = 1.0
            raise


def stale() -> Stale:
    def defect(_: Fake) -> None:
        raise RuntimeError("no such luck")

    return Stale(defect)


def changes_input() -> Fake:
    def defect(fake: Fake) -> None:
        fake.given.positions += 0.01

    return Fake(defect)


def hangs() -> Fake:
    def defect(_: Fake) -> None:
        threading.Event().wait()

    return Fake(defect)


def segfaults() -> Fake:
    return Fake(lambda _: os.kill(os.getpid(), signal.SIGSEGV))


def is_killed() -> Fake:
    return Fake(lambda _: os.kill(os.getpid(), signal.SIGKILL))


def kills_what_started_it() -> Fake:
    return Fake(lambda _: os.kill(os.getppid(), signal.SIGKILL))


def exits() -> Fake:
    return Fake(lambda _: os._exit(3))


def out_of_memory() -> Fake:
    def defect(_: Fake) -> None:
        np.empty(1 << 45, dtype=np.float64)

    return Fake(defect)


class Burning(Fake):
    """Takes a given CPU time for every evaluation, whatever else the machine does."""

    def __init__(self, cpu_ms: float) -> None:
        super().__init__()
        self.cpu_s = cpu_ms / 1000

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        begun_s = time.process_time()
        super().calculate(atoms, properties, system_changes)
        _burn(begun_s + self.cpu_s - time.process_time())


def burns(cpu_ms: float) -> Burning:
    return Burning(cpu_ms)


class Kept(Fake):
    """Answers with the result of its first evaluation of so many atoms."""

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[int, dict[str, object]] = {}

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert atoms is not None
        self.results = self.first.setdefault(len(atoms), self.results)


def kept() -> Kept:
    return Kept()


class Wandering(Fake):
    """Leaves the core that it was given, as some packages' own thread pools do."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def wanders() -> Wandering:
    return Wandering()


class Large(Fake):
    """Runs out of memory from so many atoms on."""

    def __init__(self, n_atoms: int) -> None:
        super().__init__()
        self.n_atoms = n_atoms

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert atoms is not None
        if len(atoms) >= self.n_atoms:
            raise MemoryError("no room")


def large(n_atoms: int) -> Large:
    return Large(n_atoms)


class Breaking(Fake):
    """Does something else with structures of so many atoms."""

    def __init__(self, n_atoms: int, how: Callable[[], None]) -> None:
        super().__init__()
        self.n_atoms = n_atoms
        self.how = how

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert atoms is not None
        if len(atoms) == self.n_atoms:
            self.how()


def hangs_at(n_atoms: int) -> Breaking:
    def how() -> None:
        threading.Event().wait()

    return Breaking(n_atoms, how)


def is_killed_at(n_atoms: int) -> Breaking:
    return Breaking(n_atoms, lambda: os.kill(os.getpid(), signal.SIGKILL))


def cuda_error_at(n_atoms: int, what: str) -> Breaking:
    def how() -> None:
        raise RuntimeError(f"CUDA error: {what}")

    return Breaking(n_atoms, how)


class Employer(Fake):
    """Has another process compute."""

    def __init__(self, *, waits: bool) -> None:
        super().__init__()
        self.waits = waits

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        done, tell = os.pipe()
        child = os.fork()
        if not child:
            _burn(0.05)
            os.write(tell, b".")
            threading.Event().wait(0 if self.waits else None)
            os._exit(0)
        os.read(done, 1)
        if self.waits:
            os.waitpid(child, 0)


def _burn(cpu_s: float) -> None:
    end_s = time.process_time() + cpu_s
    while time.process_time() < end_s:
        pass


def employs(*, waits: bool) -> Employer:
    return Employer(waits=waits)


def on_gpu() -> Fake:
    """Have a torch in the process that says it has taken 3 MiB of a GPU."""
    cuda = SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: True,
        device_count=lambda: 1,
        get_device_name=lambda: "a GPU",
        max_memory_allocated=lambda *_: 3 << 20,
        reset_peak_memory_stats=lambda: None,
        synchronize=lambda: None,
        empty_cache=lambda: None,
    )
    version = SimpleNamespace(cuda="99")
    sys.modules["torch"] = SimpleNamespace(  # type: ignore[assignment]
        cuda=cuda, version=version, get_num_threads=lambda: 1
    )
    return Fake()


def does_not_start() -> Fake:
    raise OSError("the weights are gone")


def makes_a_class() -> type[Fake]:
    return Fake


def reads_shift(file: str) -> Fake:
    """A model whose weights are a number in a file."""
    return Fake(shift_ev_per_atom=float(Path(file).read_text(encoding="ascii")))


class Noted(Fake):
    """Notes each evaluation, and waits for a file where it is triggered."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert atoms is not None
        with Path(os.environ["FAKE_NOTES"]).open("a", encoding="ascii") as notes:
            notes.write(f"{os.getpid()}\n")
        while len(atoms) == TRIGGER and not Path(os.environ["FAKE_GO"]).exists():
            threading.Event().wait(0.05)


def noted(file: str) -> Noted:
    assert Path(file).exists()
    return Noted()


class Paced(Fake):
    """Notes each evaluation, and waits at each."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        with Path(os.environ["FAKE_NOTES"]).open("a", encoding="ascii") as notes:
            notes.write(f"{os.getpid()}\n")
        threading.Event().wait(self.seconds)


def paced(file: str, seconds: float) -> Paced:
    assert Path(file).exists()
    return Paced(seconds)


class Charged(Truth):
    """As models that depend on the charge take it from `info`, and moments from the atoms."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert atoms is not None
        self.results["energy"] += 2.0 * atoms.info.get("charge", 0)
        self.results["energy"] += 0.5 * atoms.get_initial_magnetic_moments().sum()


def charged() -> Charged:
    return Charged()
