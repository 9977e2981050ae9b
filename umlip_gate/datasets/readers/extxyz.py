"""Extended XYZ files with `energy` and `forces`, as ASE and GPUMD write them."""

import re
from collections.abc import Iterator
from io import StringIO
from typing import IO

from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from ase.io.extxyz import read_xyz

from umlip_gate.datasets.configurations import Row
from umlip_gate.datasets.keys import Reading
from umlip_gate.datasets.readers.elements import atomic_number
from umlip_gate.datasets.readers.labels import labelled
from umlip_gate.datasets.readers.limits import limits
from umlip_gate.errors import InputError

WORD = re.compile(
    r"""([^\s="']++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|\{[^}]*+\}|\[[^\]]*+\]|[^\s"']++))?+"""
)
"""A name in a comment, and its value if it has one. No character is tried twice as a name: a long
word would take time of the square of its length."""

SPELLINGS = {
    "lattice": "Lattice",
    "properties": "Properties",
    "pbc": "pbc",
    "energy": "energy",
    "virial": "virial",
    "stress": "stress",
}
"""GPUMD reads these names in any case (docs of GPUMD, train.xyz); ASE in this one."""

OWN_FORMS = frozenset({"virial", "stress"})
"""Files have them in many forms, of which ASE takes one as it is: it reads them under `HIDDEN`."""
HIDDEN = "umlip_gate_"

COLUMNS = {"force": "forces"}
"""GPUMD's name of a column, and ASE's."""

PARTS = (r"\.(\d*)", r"[eE]([-+]?\d*)", r"^[-+]?(\d*)$")
"""The digits of a number after the point and in the exponent, and those of an integer."""


def rows(stream: IO[bytes], where: str, reading: Reading) -> Iterator[Row]:
    """Read frames with their total energy (eV) and forces (eV/Å).

    Raises
    ------
    InputError
        The file is not text or is cut short; a frame is malformed, lacks energy or forces, or
        has them under several names.
    """
    for i, frame in enumerate(frames_of(stream, where)):
        try:
            row = labelled(atoms_of(frame), reading)
        except ValueError as error:
            raise InputError(f"{where} row {i}: {error}") from error
        yield row


def atoms_of(frame: str) -> Atoms:
    """Return the structure of a frame.

    Raises
    ------
    ValueError
        It is not one; the message says what is wrong.
    """
    count, comment, *lines = frame.splitlines()
    comment = _with_usual_names(comment, lines[0])
    species = {line.split(None, 1)[0] for line in lines if line.strip()}
    if "Properties=species:S:1:pos" in comment.replace('"', "") and species - atomic_numbers.keys():
        lines = [_with_symbol(line) for line in lines]
    try:
        text = "\n".join([count, comment, *lines, ""])
        atoms: Atoms
        (atoms,) = read_xyz(StringIO(text), index=slice(None))
    except KeyError as error:
        raise ValueError(f"{error} is not the symbol of an element") from error
    except Exception as error:  # ase raises whatever a malformed frame leads to
        raise ValueError(f"not a configuration: {error}") from error
    for name in OWN_FORMS:
        if HIDDEN + name in atoms.info:
            atoms.info[name] = atoms.info.pop(HIDDEN + name)
    return atoms


def _with_symbol(line: str) -> str:
    label, *rest = line.split()
    return " ".join([chemical_symbols[atomic_number(label)], *rest])


def _with_usual_names(comment: str, first_line: str) -> str:
    """Return the comment with ASE's names, and without what is not read."""
    names = set()
    pairs = []
    for found in WORD.finditer(comment):
        if found[2] is None:
            continue
        name = SPELLINGS.get(found[1].lower(), found[1])
        if name in names:
            raise ValueError(f"{name}= stands twice in the comment")
        names.add(name)
        value = found[2]
        if name == "Properties":
            value = _with_usual_columns(value, len(first_line.split()))
        pairs.append(f"{HIDDEN if name in OWN_FORMS else ''}{name}={value}")
    return " ".join(pairs)


def _with_usual_columns(value: str, n_words: int) -> str:
    fields = value.strip("\"'").split(":")
    columns = [int(count) if count.isdecimal() and len(count) < 10 else 0 for count in fields[2::3]]  # noqa: PLR2004 - digits
    if len(fields) % 3 or 0 in columns:
        raise ValueError("Properties is not a list of name:type:columns")
    if sum(columns) > min(n_words, limits().columns.max):
        raise ValueError(f"Properties states {sum(columns)} columns, and a line has {n_words}")
    names = fields[0::3]
    names = [COLUMNS.get(name, name) if "forces" not in names else name for name in names]
    triples = zip(names, fields[1::3], fields[2::3], strict=True)
    return ":".join(part for triple in triples for part in triple)


def frames_of(stream: IO[bytes], where: str) -> Iterator[str]:
    """Split by the announced numbers of atoms: ASE would end quietly at a blank line.

    Raises
    ------
    InputError
        The file is not text or is cut short; a frame does not begin with a number of atoms.
    """
    try:
        text = stream.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not a text file (byte {error.start})") from error
    lines = text.splitlines()
    start = row = 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        here = f"{where} row {row}, line {start + 1}"
        n_atoms = _count(lines[start], here)
        frame = lines[start : start + 2 + n_atoms]
        if len(frame) < 2 + n_atoms:
            raise InputError(
                f"{here}: {n_atoms} atoms announced, {max(len(frame) - 2, 0)} lines of atoms: "
                "cut short?"
            )
        start += len(frame)
        if start == len(lines) and not text.endswith("\n"):
            _check_end(frame, f"{where} row {row}, line {start}")
        yield "\n".join(frame) + "\n"
        row += 1


def _count(line: str, here: str) -> int:
    text = line.strip()
    if not text.lstrip("-").isdecimal() or len(text) > len(str(limits().atoms.max)):
        raise InputError(f"{here}: expected a number of atoms up to {limits().atoms.max}")
    if int(text) < 1:
        raise InputError(f"{here}: {text} atoms announced")
    return int(text)


def _check_end(frame: list[str], here: str) -> None:
    """Check that the last number of a file whose last line does not end is not cut."""
    *before, last = frame[-1].split()
    others = [line.split()[-1] for line in frame[2:-1] if line.strip()] or before[-2:]
    shorter = [_digits(last, part) < min(_digits(word, part) for word in others) for part in PARTS]
    if any(shorter):
        raise InputError(
            f"{here}: cut short? The last line does not end, and its last number is shorter than "
            "others; if it is whole, end the line"
        )


def _digits(word: str, part: str) -> int:
    found = re.search(part, word)
    return len(found[1]) if found else 0
