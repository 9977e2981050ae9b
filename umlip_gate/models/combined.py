"""Ensembles, and recalculations with another DFT code: evaluated as if they were models."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError
from umlip_gate.models.candidate import Candidate, load_candidate
from umlip_gate.schema import RegistryId, Strict, nearest, read_toml, validate

Members = Annotated[tuple[RegistryId, ...], Field(min_length=2)]


class Ensemble(Strict):
    """Models whose spread is compared with the error of their mean.

    Attributes
    ----------
    name
        What reports call it; the table's name in `fixtures/ensembles.toml`.
    title
        What its members have in common.
    members
        Ids of models, or names of candidates.
    default
        Judged when no model is asked for.
    """

    name: RegistryId
    title: str = "brought by --umlip-ensemble"
    members: Members
    default: bool = False


@dataclass(frozen=True)
class Recalculation:
    """The reference energies and forces of another dataset, on structures that both have.

    Attributes
    ----------
    name
        What reports call it.
    datasets
        The subsets whose structures it has.
    default
        Judged when no model is asked for, on the datasets that are.
    """

    name: str
    datasets: tuple[str, ...]
    default: bool = True


class BroughtEnsemble(Strict):
    """A file that `--umlip-ensemble` names.

    Attributes
    ----------
    name
        What reports call it.
    title
        What its members have in common.
    members
        Ids of registered models, or candidate files (they end in `.toml`), from the file's folder.
    """

    name: RegistryId
    title: str = "brought by --umlip-ensemble"
    members: Annotated[tuple[str, ...], Field(min_length=2)]


def load_ensembles(path: Path, models: set[str]) -> dict[str, Ensemble]:
    """Read the registered ensembles.

    Parameters
    ----------
    path
        A TOML file with one table per ensemble, named by its id.
    models
        The ids of models.

    Raises
    ------
    InputError
        The file is wrong, a member is unknown or there twice, or an id is a model's.
    """
    ensembles = {}
    for name, table in read_toml(path).items():
        where = f"{path}: [{name}]"
        if not isinstance(table, dict) or "name" in table:
            raise InputError(f"{where}: an ensemble is a table, and the table's name is its name")
        ensembles[name] = validate(Ensemble, {"name": name, **table}, where)
        _check(ensembles[name], models, where)
    return ensembles


def load_brought_ensemble(
    path: Path, models: set[str], families: set[str], taken: set[str]
) -> tuple[Ensemble, dict[str, Candidate]]:
    """Read the ensemble that a person brings.

    Parameters
    ----------
    path
        A TOML file with `name` and `members`; a member that ends in .toml is a candidate's file,
        whose path begins at this file's folder, any other the id of a model.
    models
        The ids of models.
    families
        Families that have an adapter.
    taken
        Names that neither it nor its candidates may have.

    Returns
    -------
    ensemble
        With the candidates' names as members.
    candidates
        By name.

    Raises
    ------
    InputError
        A file is wrong, a member is unknown or there twice, or a name is taken.
    """
    brought = validate(BroughtEnsemble, read_toml(path), str(path))
    if brought.name in taken:
        raise InputError(f"{path}: name = {brought.name!r} is another model's")
    candidates = {}
    members = []
    for member in brought.members:
        name = member
        if member.endswith(".toml"):
            candidate = load_candidate(path.parent / member, families, {*taken, brought.name})
            name = candidate.name
            candidates[name] = candidate
        members.append(name)
    ensemble = Ensemble(name=brought.name, title=brought.title, members=tuple(members))
    _check(ensemble, {*models, *candidates}, str(path))
    return ensemble, candidates


def recalculations(datasets: dict[str, Dataset]) -> dict[str, Recalculation]:
    """Return every other DFT that a subset of a dataset names."""
    found: dict[str, tuple[str, ...]] = {}
    for dataset in datasets.values():
        if dataset.subset and (name := dataset.subset.recalculation):
            found[name] = (*found.get(name, ()), dataset.id)
    return {name: Recalculation(name, subsets) for name, subsets in found.items()}


def _check(ensemble: Ensemble, models: set[str], where: str) -> None:
    if ensemble.name in models:
        raise InputError(f"{where}: {ensemble.name!r} is the id of a model")
    for member in ensemble.members:
        if member not in models:
            hint = nearest(member, sorted(models))
            raise InputError(f"{where}: members: unknown model {member!r}; {hint}")
        if ensemble.members.count(member) > 1:
            raise InputError(f"{where}: members: {member!r} is there twice")
