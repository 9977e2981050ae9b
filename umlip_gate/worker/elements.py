"""Sets of elements: those that models are trained on, and how a file spells them."""

from ase.data import atomic_numbers

MPTRJ = frozenset(range(1, 95)) - {84, 85, 86, 87, 88}
"""The 89 elements of MPtrj; OMat24, Alexandria and sAlex have the same."""


def spelled_out(entries: object) -> object:
    """Return the atomic numbers of symbols and of ranges of the periodic table.

    Parameters
    ----------
    entries
        A list such as `["H-Bi", "W"]`; whatever is no list is given back.

    Raises
    ------
    ValueError
        An entry is neither a symbol nor two symbols in order.
    """
    if not isinstance(entries, list):
        return entries
    numbers: set[int] = set()
    for entry in entries:
        ends = [atomic_numbers.get(symbol, 0) for symbol in str(entry).split("-")]
        if not 1 <= ends[0] <= ends[-1] or len(ends) > 2:  # noqa: PLR2004 - a range has two ends
            raise ValueError(f"{entry!r} is neither an element nor a range such as 'H-Bi'")
        numbers |= set(range(ends[0], ends[-1] + 1))
    return numbers
