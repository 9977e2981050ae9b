"""Reading `thresholds/`: everything is checked, whatever is judged afterwards."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from umlip_gate.claims.assertions import Assertion
from umlip_gate.claims.bounds import Ends
from umlip_gate.claims.schema import (
    Claim,
    ClaimFile,
    Gate,
    Index,
    KnownFailure,
    KnownFailureFile,
    PeriodicTable,
    Pool,
    PoolFile,
    Reference,
    ReferenceFile,
    ResultLimit,
)
from umlip_gate.claims.statistics import Statistics
from umlip_gate.errors import InputError
from umlip_gate.physics.limits import Physics, load_physics
from umlip_gate.schema import Strict, nearest, read_named, read_toml, validate

INDEX = "index.toml"
BEYOND = "beyond-"
"""How the ids of claims begin that are not the paper's."""

File = TypeVar("File", bound=Strict)


ALL_MODELS = "all-models"
"""The model part of an item's id where several models are compared, or none is asked."""


def item_id(item: str, model: str | None, dataset: str) -> str:
    """Name a test item: `MODEL:DATASET:ITEM`."""
    return f"{model or ALL_MODELS}:{dataset}:{item}"


@dataclass(frozen=True)
class Thresholds:
    """Every number that a verdict depends on.

    Attributes
    ----------
    ids
        Of every claim of the paper, in its order.
    claims
        What is written of them, by id.
    unwritten
        What of the paper is not an assertion yet, by claim id, and what it needs.
    pools
        Several datasets under one name, by id.
    element_groups
        Symbols by the name of a group of the periodic table.
    references
        What known models give.
    result
        What holds in every result.
    statistics
        By what verdicts that rest on an interval are decided.
    gates
        By name.
    known_failures
        What is known not to hold.
    physics
        The laws of physics, and what may be required of a model by a gate.
    """

    ids: tuple[str, ...]
    claims: Mapping[str, Claim]
    unwritten: Mapping[str, str]
    pools: Mapping[str, Pool]
    element_groups: Mapping[str, tuple[str, ...]]
    references: tuple[Reference, ...]
    result: ResultLimit
    statistics: Statistics
    gates: Mapping[str, Gate]
    known_failures: tuple[KnownFailure, ...]
    physics: Physics

    def assertions(self) -> dict[str, Assertion]:
        """Every assertion of every claim, by `CLAIM.ASSERTION`."""
        return _assertions(self.claims)

    def items(self) -> list[str]:
        """Name every test item of every claim, `MODEL:DATASET:CLAIM.ASSERTION`."""
        return [
            item_id(item, model, dataset)
            for item, assertion in self.assertions().items()
            for model, dataset in assertion.subjects()
        ]

    def known_failure(
        self, item: str, model: str | None, dataset: str, source: str | None
    ) -> KnownFailure | None:
        """Look up one result of an assertion.

        Model is None where several are compared, source where theirs differ.
        """
        result = (item, model, dataset, source)
        return next((known for known in self.known_failures if _result_of(known) == result), None)


def load_thresholds(folder: Path, models: Collection[str], datasets: Collection[str]) -> Thresholds:
    """Read and check every threshold file.

    Parameters
    ----------
    folder
        With `paper/`, `beyond/`, `reference/`, `gates/`, `physics/`,
        `every-model.toml`, `statistics.toml`, `dataset-groups.toml`,
        `periodic_table.toml` and `known_failures.toml`.
    models, datasets
        The ids that exist.

    Raises
    ------
    InputError
        A file is not there or not valid; a unit, convention, model, dataset or claim is not
        known; something is there twice; a known failure is of no assertion's result.
    """
    registries = {"model": models, "dataset": datasets}
    pools = _pools(folder / "dataset-groups.toml", registries)
    table = folder / "periodic_table.toml"
    groups = validate(PeriodicTable, read_toml(table), str(table)).groups
    known_names = {**registries, "dataset or pool": [*datasets, *pools], "group": groups}
    index, claims = _claims(folder / "paper", known_names)
    claims |= _claims_beyond(folder / "beyond", known_names)
    gates = {
        path.stem: load_gate(str(path), folder, datasets)
        for path in sorted((folder / "gates").glob("*.toml"))
    }
    references = _references(folder / "reference", registries)
    physics = load_physics(folder / "physics")
    known = _known_failures(
        folder / "known_failures.toml", _assertions(claims), physics, registries
    )
    every_model = folder / "every-model.toml"
    result = validate(ResultLimit, read_toml(every_model), str(every_model))
    path = folder / "statistics.toml"
    return Thresholds(
        ids=index.ids,
        claims=claims,
        unwritten=index.unwritten,
        pools=pools,
        element_groups=groups,
        references=references,
        result=result,
        statistics=validate(Statistics, read_toml(path), str(path)),
        gates=gates,
        known_failures=known,
        physics=physics,
    )


def load_gate(name_or_path: str, folder: Path, datasets: Collection[str]) -> Gate:
    """Read one gate.

    Parameters
    ----------
    name_or_path
        A file (`….toml`), or the name of one in `gates/`.
    folder
        The thresholds folder.
    datasets
        The ids that exist.

    Raises
    ------
    InputError
        There is no such gate, or it is not valid.
    """
    path = Path(name_or_path)
    known = [gate.stem for gate in (folder / "gates").glob("*.toml")]
    if path.suffix != ".toml":
        path = folder / "gates" / f"{name_or_path}.toml"
        if name_or_path not in known:
            raise InputError(
                f"unknown gate {name_or_path!r}; {nearest(name_or_path, known)} "
                "(a gate of your own is given as a path that ends in .toml)"
            )
    elif path.parent.resolve() != (folder / "gates").resolve() and path.stem in known:
        raise InputError(
            f"{path}: {path.stem!r} is the name of one of {folder / 'gates'}; rename it"
        )
    gate = validate(Gate, read_named(path), str(path))
    registries = {"dataset": datasets}
    for dataset in gate.required:
        _exists(dataset, "dataset", registries, f"{path}: required")
    for limit in gate.limits:
        _exists(limit.dataset, "dataset", registries, f"{path}: limit {limit.name!r}")
    _once((limit.name for limit in gate.limits), f"{path}: limit")
    idle = sorted(set(gate.required) - {limit.dataset for limit in gate.limits})
    if idle:
        raise InputError(f"{path}: required: no limit is on {', '.join(idle)}")
    if gate.physics:
        _exists(gate.physics.dataset, "dataset", registries, f"{path}: physics: dataset")
        laws = {"quantity": load_physics(folder / "physics").limits}
        for quantity in gate.physics.quantities:
            _exists(quantity, "quantity", laws, f"{path}: physics: quantities")
    return gate


def thresholds_digest(folder: Path, brought: Iterable[Path] = ()) -> str:
    """Digest what a run judged by.

    Parameters
    ----------
    folder
        The thresholds folder.
    brought
        Files from elsewhere that a run judged by as well, such as a gate.

    Returns
    -------
    str
        sha256 over the names and bytes of all files, sorted by name.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.toml")}
    files |= {f"brought/{path.name}": path for path in brought}
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _claims(
    folder: Path, registries: Mapping[str, Collection[str]]
) -> tuple[Index, dict[str, Claim]]:
    index_path = folder / INDEX
    index = validate(Index, read_toml(index_path), str(index_path))
    listed = {"claim": index.ids}
    claims: dict[str, Claim] = {}
    for path, claim in _checked_claims(folder, registries):
        _exists(claim.id, "claim", listed, str(path))
        claims[claim.id] = claim
    for name in index.unwritten:
        _exists(name, "claim", listed, f"{index_path}: unwritten")
    lost = [name for name in index.ids if name not in claims and name not in index.unwritten]
    if lost:
        raise InputError(f"{index_path}: neither written nor unwritten: {', '.join(lost)}")
    return index, claims


def _claims_beyond(folder: Path, registries: Mapping[str, Collection[str]]) -> dict[str, Claim]:
    """Return the claims that are not the paper's; their ids say so."""
    claims: dict[str, Claim] = {}
    for path, claim in _checked_claims(folder, registries):
        if not claim.id.startswith(BEYOND):
            raise InputError(f"{path}: {claim.id}: a claim that is not the paper's is {BEYOND}…")
        claims[claim.id] = claim
    return claims


def _checked_claims(
    folder: Path, registries: Mapping[str, Collection[str]]
) -> Iterable[tuple[Path, Claim]]:
    """Yield the claims of a folder, each once and of things that exist, with their file."""
    seen: list[str] = []
    for path, file in _read(folder, ClaimFile):
        for claim in file.claim:
            where = f"{path}: {claim.id}"
            seen.append(claim.id)
            _once(seen, f"{path}: claim")
            _once((assertion.name for assertion in claim.assertions), f"{where}: assertion")
            for assertion in claim.assertions:
                _assertion(assertion, registries, f"{where}.{assertion.name}")
            yield path, claim


def _assertion(assertion: Assertion, registries: Mapping[str, Collection[str]], where: str) -> None:
    for model in assertion.named_models:
        _exists(model, "model", registries, where)
    for dataset in assertion.named_datasets:
        _exists(dataset, "dataset or pool", registries, where)
    for group in assertion.named_groups:
        _exists(group, "group", registries, where)


def _pools(path: Path, registries: Mapping[str, Collection[str]]) -> dict[str, Pool]:
    pools = validate(PoolFile, read_toml(path), str(path)).pool
    for pool in pools:
        where = f"{path}: {pool.id}"
        if pool.id in registries["dataset"]:
            raise InputError(f"{where}: is the id of a dataset")
        for dataset in pool.datasets:
            _exists(dataset, "dataset", registries, where)
    _once((pool.id for pool in pools), f"{path}: pool")
    return {pool.id: pool for pool in pools}


def _references(folder: Path, registries: Mapping[str, Collection[str]]) -> tuple[Reference, ...]:
    references: list[Reference] = []
    for path, file in _read(folder, ReferenceFile):
        for reference in file.reference:
            where = f"{path}: reference of {reference.model!r}"
            _exists(reference.model, "model", registries, where)
            _exists(reference.dataset, "dataset", registries, where)
            references.append(reference)
            _once(
                (
                    f"{each.model} on {each.dataset} ({each.source}): "
                    f"{value.quantity} {value.convention}"
                    for each in references
                    for value in each.values
                ),
                f"{path}: reference",
            )
    return tuple(references)


def _assertions(claims: Mapping[str, Claim]) -> dict[str, Assertion]:
    return {
        f"{claim.id}.{assertion.name}": assertion
        for claim in claims.values()
        for assertion in claim.assertions
    }


def _known_failures(
    path: Path,
    assertions: Mapping[str, Assertion],
    physics: Physics,
    registries: Mapping[str, Collection[str]],
) -> tuple[KnownFailure, ...]:
    laws = {f"physics.{limit.name}": limit for limit in physics.limits.values()}
    entries = validate(KnownFailureFile, read_toml(path), str(path)).known_failure
    for entry in entries:
        where = f"{path}: {entry.item} on {entry.dataset}"
        if entry.item in laws:
            _exists(entry.model or "", "model", registries, where)
            _exists(entry.dataset, "dataset", registries, where)
            continue
        _exists(entry.item, "assertion", {"assertion": assertions}, str(path))
        assertion = assertions[entry.item]
        if (entry.model, entry.dataset) not in assertion.subjects():
            raise InputError(
                f"{where}: {entry.model or 'no model'} on {entry.dataset} is not a result of it"
            )
        if (
            entry.outcome == "failed"
            and isinstance(assertion, Ends)
            and assertion.inside(entry.value)
        ):
            raise InputError(f"{where}: value = {entry.value:g} passes, so it is not a failure")
    _once(map(str, map(_result_of, entries)), f"{path}: known_failure")
    return entries


def _read(folder: Path, schema: type[File]) -> Iterable[tuple[Path, File]]:
    for path in sorted(folder.glob("*.toml")):
        if path.name != INDEX:
            yield path, validate(schema, read_toml(path), str(path))


def _result_of(known: KnownFailure) -> tuple[str, str | None, str, str | None]:
    return known.item, known.model, known.dataset, known.source


def _exists(name: str, what: str, registries: Mapping[str, Collection[str]], where: str) -> None:
    if name not in registries[what]:
        raise InputError(
            f"{where}: unknown {what} {name!r}; {nearest(name, list(registries[what]))}"
        )


def _once(names: Iterable[str], where: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{where}: there twice: {', '.join(twice)}")
