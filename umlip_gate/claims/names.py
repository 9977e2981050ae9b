"""Checks that what a threshold file names exists, and stands there once."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from umlip_gate.errors import InputError
from umlip_gate.schema import nearest


def check_exists(
    name: str, what: str, registries: Mapping[str, Collection[str]], where: str
) -> None:
    """Refuse a name that a registry does not have.

    Parameters
    ----------
    name
        What a file names.
    what
        Which of the registries.
    registries
        The ids that exist, by what they are of.
    where
        File and key, the beginning of the error.
    """
    if name not in registries[what]:
        raise InputError(
            f"{where}: unknown {what} {name!r}; {nearest(name, list(registries[what]))}"
        )


def check_once(names: Iterable[str], where: str) -> None:
    """Refuse a name that is there twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{where}: there twice: {', '.join(twice)}")
