"""Structures and answers as plain values and bytes: what a channel carries."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms

from umlip_gate.worker.channel import Message

PER_ATOM = ("initial_magmoms", "initial_charges")
"""What models are given of the atoms beside their positions, as ASE names it."""

Answer = tuple[Any, ...]
"""`("ok", energy_ev, forces, extras)`, `("error", text)` or `("fault", text)`: forces, and the
extras (`worker.extras`) by name, as little-endian float64 bytes."""


def pack_structures(structures: Sequence[Atoms]) -> tuple[dict[str, Any], list[bytes]]:
    """Return structures as plain values and arrays."""
    about = {
        "n_atoms": [len(atoms) for atoms in structures],
        "info": [_plain(atoms.info) for atoms in structures],
        "per_atom": [
            {name: atoms.arrays[name].tolist() for name in PER_ATOM if atoms.has(name)}
            for atoms in structures
        ],
    }
    arrays = [
        b"".join(atoms.numbers.astype("<i8").tobytes() for atoms in structures),
        b"".join(atoms.positions.astype("<f8").tobytes() for atoms in structures),
        b"".join(atoms.cell.array.astype("<f8").tobytes() for atoms in structures),
        bytes(periodic for atoms in structures for periodic in atoms.pbc.tolist()),
    ]
    return about, arrays


def unpack_structures(about: dict[str, Any], arrays: Sequence[bytes]) -> list[Atoms]:
    """Return the structures of `pack_structures`."""
    n_atoms = about["n_atoms"]
    ends = np.cumsum(n_atoms)[:-1]
    numbers = np.split(np.frombuffer(arrays[0], dtype="<i8"), ends)
    positions = np.split(np.frombuffer(arrays[1], dtype="<f8").reshape(-1, 3), ends)
    cells = np.frombuffer(arrays[2], dtype="<f8").reshape(-1, 3, 3)
    pbc = np.frombuffer(arrays[3], dtype=np.bool_).reshape(-1, 3)
    unpacked = [
        Atoms(
            numbers=numbers[row],
            positions=positions[row].copy(),
            cell=cells[row].copy(),
            pbc=pbc[row],
            info=about["info"][row],
        )
        for row in range(len(n_atoms))
    ]
    for atoms, given in zip(unpacked, about["per_atom"], strict=True):
        for name, values in given.items():
            atoms.set_array(name, np.array(values, dtype=np.float64))
    return unpacked


def pack_answers(answers: Sequence[Answer]) -> tuple[list[Any], list[bytes]]:
    """Return answers as plain values and arrays."""
    right = [answer for answer in answers if answer[0] == "ok"]
    told = [["ok", *answer[3]] if answer[0] == "ok" else answer for answer in answers]
    energies = np.array([answer[1] for answer in right], dtype="<f8")
    arrays = [array for _, _, forces, extras in right for array in (forces, *extras.values())]
    return told, [energies.tobytes(), *arrays]


def unpack_answers(message: Message) -> list[Answer]:
    """Return the answers of `pack_answers`."""
    told, (energies, *arrays) = message
    energy, array = iter(np.frombuffer(energies, dtype="<f8").tolist()), iter(arrays)
    return [
        ("ok", next(energy), next(array), {name: next(array) for name in answer[1:]})
        if answer[0] == "ok"
        else tuple(answer)
        for answer in told
    ]


def _plain(info: dict[Any, Any]) -> dict[str, Any]:
    """Keep numbers and texts, such as a charge or a spin multiplicity."""
    kept = {str(key): _number(value) for key, value in info.items()}
    return {key: value for key, value in kept.items() if isinstance(value, (bool, int, float, str))}


def _number(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
