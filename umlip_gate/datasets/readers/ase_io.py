"""Whatever ASE reads with energies and forces: OUTCAR, vasprun.xml, .db, .traj and others."""

from collections.abc import Iterator
from pathlib import Path

from ase.io import iread

from umlip_gate.datasets.configurations import Row
from umlip_gate.datasets.keys import Reading
from umlip_gate.datasets.readers.labels import labelled
from umlip_gate.errors import InputError


def rows(path: Path, reading: Reading) -> Iterator[Row]:
    """Read the configurations of a file in the format that ASE takes it for.

    Energies are total, eV, as ASE's reader returns them: of VASP, those extrapolated to zero
    smearing.

    Raises
    ------
    InputError
        ASE knows no such format or cannot read the file; a configuration lacks energy or forces.
    """
    frames = iread(path, index=":", do_not_split_by_at_sign=True)
    i = 0
    while True:
        try:
            atoms = next(frames)
        except StopIteration:
            return
        except Exception as error:  # ase raises whatever a malformed file leads to
            text = f"{type(error).__name__}: {error}"
            raise InputError(f"{path} row {i}: ASE does not read it: {text}") from error
        try:
            row = labelled(atoms, reading)
        except ValueError as error:
            raise InputError(f"{path} row {i}: {error}") from error
        yield row
        i += 1
