"""JSON files of the Materials Virtual Lab: lists of pymatgen structures with DFT outputs."""

import json
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from ase import Atoms

from umlip_gate.datasets.configurations import Row
from umlip_gate.datasets.keys import Keys, Reading
from umlip_gate.datasets.readers.elements import atomic_number
from umlip_gate.datasets.readers.labels import unread_stresses
from umlip_gate.errors import InputError


def rows(stream: IO[bytes], where: str, reading: Reading) -> Iterator[Row]:
    """Read a list of records `{structure, num_atoms, outputs: {energy, forces}}`.

    Energies are total, eV; forces eV/Å.

    Raises
    ------
    InputError
        The file is not JSON or is cut short, a key stands twice in one table, a record lacks a
        key or is not of this form, or a structure has another number of sites than `num_atoms`.
    """
    try:
        records = json.load(stream, object_pairs_hook=_table)
    except KeyError as error:
        raise InputError(f"{where}: the key {error} stands twice in one table") from error
    except ValueError as error:
        raise InputError(f"{where}: not JSON, or cut short: {error}") from error
    except RecursionError as error:
        raise InputError(f"{where}: lists or tables within each other too deeply") from error
    if not isinstance(records, list):
        raise InputError(f"{where}: expected a list of records")
    for i, record in enumerate(records):
        try:
            yield _row(record, reading)
        except KeyError as error:
            raise InputError(f"{where} row {i}: no {error}") from error
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            raise InputError(f"{where} row {i}: not a configuration: {error}") from error


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a table of its pairs; of two values of one key neither is right, a KeyError."""
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise KeyError(next(name for name in names if names.count(name) > 1))
    return table


def _row(record: dict[str, Any], reading: Reading) -> Row:
    structure, outputs = record["structure"], record["outputs"]
    sites = structure["sites"]
    if len(sites) != record["num_atoms"]:
        raise ValueError(f"{len(sites)} sites, but num_atoms = {record['num_atoms']}")
    cell = np.array(structure["lattice"]["matrix"], dtype=np.float64)
    fractional = np.array([site["abc"] for site in sites], dtype=np.float64).reshape(-1, 3)
    atoms = Atoms(
        numbers=[_number(site["species"]) for site in sites],
        # not a matrix product: its last bit, and the content digest, would depend on the machine
        positions=(fractional[:, :, None] * cell).sum(axis=1),
        cell=cell,
        pbc=True,
    )
    forces = np.asarray(outputs["forces"], dtype=np.float64) if reading.with_forces else None
    label = None if reading.group is None else str(record[reading.group])
    unread = unread_stresses(outputs, Keys())
    return Row(atoms, float(outputs["energy"]), forces, label, unread=unread)


def _number(species: list[dict[str, Any]]) -> int:
    if len(species) != 1 or species[0]["occu"] != 1:
        raise ValueError(f"a site shared or partly occupied: {species}")
    return atomic_number(species[0]["element"])
