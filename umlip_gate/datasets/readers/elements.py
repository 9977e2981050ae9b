"""Names that files have for atoms."""

import re

from ase.data import atomic_numbers, chemical_symbols

ISOTOPES = {"D": "H", "T": "H"}
"""To a potential an isotope is its element."""


def atomic_number(label: object) -> int:
    """Return the atomic number of an element's or isotope's symbol.

    Raises
    ------
    ValueError
        It is no such symbol; the message names the one that was probably meant.
    """
    name = str(label)
    symbol = ISOTOPES.get(name, name)
    number = atomic_numbers.get(symbol, 0)
    if number < 1:
        raise ValueError(f"{name!r} is not the symbol of an element{_hint(name)}")
    return number


def _hint(name: str) -> str:
    if name.isdecimal() and 0 < int(name[:4]) < len(chemical_symbols):
        return f": write {chemical_symbols[int(name)]}"
    labelled = re.fullmatch(r"([A-Za-z]{1,2})[-_.]?\d+[A-Za-z]?", name)
    symbol = labelled[1].capitalize() if labelled else name.capitalize()
    return f": write {symbol}" if atomic_numbers.get(symbol, 0) > 0 else ""
