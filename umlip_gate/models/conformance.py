"""What every model must do, however accurate it is."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import chemical_symbols, covalent_radii
from numpy.typing import NDArray

from umlip_gate.errors import Fault
from umlip_gate.models.candidate import load_candidate
from umlip_gate.models.prepare import adapted_families, prepare_candidate
from umlip_gate.models.same import difference
from umlip_gate.models.worker_process import Worker
from umlip_gate.worker.packing import Answer

DISPLACEMENT_ANG = 0.08
TUNGSTEN = 74


class _Nonconformity(Exception):
    """What a model did that it must not do."""


def nonconformities(candidate: Path, folder: Path) -> list[str]:
    """Return what a candidate does that no model may do; nothing if it conforms.

    Parameters
    ----------
    candidate
        Its TOML file.
    folder
        Where its worker's log is kept.
    """
    try:
        entry = load_candidate(candidate, adapted_families(), set())
        job = prepare_candidate(entry).job
        worker = Worker(job, folder / "worker.log")
    except Fault as fault:
        return [str(fault)]
    subject = _Subject(worker, job.dtype)
    try:
        return list(_failed(subject))
    finally:
        worker.close()


class _Subject:
    """A worker, and a crystal that it knows."""

    def __init__(self, worker: Worker, dtype: str) -> None:
        self.worker, self.dtype = worker, dtype
        known = worker.elements or [TUNGSTEN]
        self.element = TUNGSTEN if TUNGSTEN in known else known[0]

    def crystal(self, seed: int = 0, repeat: int = 2) -> Atoms:
        a_ang = 4 * float(covalent_radii[self.element]) / np.sqrt(3)
        symbol = chemical_symbols[self.element]
        atoms: Atoms = bulk(symbol, "bcc", a=a_ang, cubic=True).repeat(repeat)
        atoms.rattle(DISPLACEMENT_ANG, seed=seed)
        return atoms

    def answers(self, structures: Sequence[Atoms]) -> list[Answer]:
        return self.worker.evaluate(structures)

    def one(self, atoms: Atoms) -> tuple[float, NDArray[np.float64]]:
        return _decoded(self.answers([atoms])[0])

    def require_same(self, found: Answer, energy_ev: float, forces: NDArray[np.float64]) -> None:
        """Compare an answer with an energy, eV, and forces, shape (n_atoms, 3), eV/Å."""
        if gap := difference(_decoded(found), (energy_ev, forces), self.dtype):
            raise _Nonconformity(gap)


def _decoded(answer: Answer) -> tuple[float, NDArray[np.float64]]:
    if answer[0] != "ok":
        raise _Nonconformity(f"there is no answer: {answer[1]}")
    return answer[1], np.frombuffer(answer[2], dtype="<f8").reshape(-1, 3)


def _failed(subject: _Subject) -> Iterator[str]:
    for title, check in CHECKS.items():
        try:
            check(subject)
        except (_Nonconformity, Fault) as fault:
            yield f"{title}: {fault}"


def _forces_are_not_nothing(subject: _Subject) -> None:
    if not np.abs(subject.one(subject.crystal())[1]).max() > 0:
        raise _Nonconformity("every force on a rattled crystal is zero")


def _same_again(subject: _Subject) -> None:
    expected = subject.one(subject.crystal())
    subject.one(subject.crystal(1, 1))  # a calculator of ASE keeps its last answer
    subject.require_same(subject.answers([subject.crystal()])[0], *expected)


def _same_in_a_batch(subject: _Subject) -> None:
    batch = [subject.crystal(1, 1), subject.crystal(2), subject.crystal(3, 1), subject.crystal(4)]
    for answer, atoms in zip(subject.answers(batch), batch, strict=True):
        subject.require_same(answer, *subject.one(atoms))


def _order_of_atoms(subject: _Subject) -> None:
    atoms = subject.crystal()
    order = np.random.default_rng(0).permutation(len(atoms))
    energy_ev, forces = subject.one(atoms)
    subject.require_same(subject.answers([atoms[order]])[0], energy_ev, forces[order])


def _periodic_images(subject: _Subject) -> None:
    moved = subject.crystal()
    moved.positions[::3] += moved.cell[0] - 2 * moved.cell[2]
    subject.require_same(subject.answers([moved])[0], *subject.one(subject.crystal()))


CHECKS: dict[str, Callable[[_Subject], None]] = {
    "forces of a rattled crystal": _forces_are_not_nothing,
    "the same crystal again": _same_again,
    "several crystals in a batch": _same_in_a_batch,
    "another order of atoms": _order_of_atoms,
    "periodic images of atoms": _periodic_images,
}
