"""Reading `thresholds/`: everything is checked, whatever is judged afterwards."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from umlip_gate.claims.assertions import Assertion
from umlip_gate.claims.gates import load_gate
from umlip_gate.claims.known_failures import load_known_failures, result_of
from umlip_gate.claims.names import check_exists, check_once
from umlip_gate.claims.schema import (
    Claim,
    ClaimFile,
    Gate,
    Index,
    KnownFailure,
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
from umlip_gate.schema import Strict, read_toml, validate

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
        return next((known for known in self.known_failures if result_of(known) == result), None)


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
    known = load_known_failures(
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


def _claims(
    folder: Path, registries: Mapping[str, Collection[str]]
) -> tuple[Index, dict[str, Claim]]:
    index_path = folder / INDEX
    index = validate(Index, read_toml(index_path), str(index_path))
    listed = {"claim": index.ids}
    claims: dict[str, Claim] = {}
    for path, claim in _checked_claims(folder, registries):
        check_exists(claim.id, "claim", listed, str(path))
        claims[claim.id] = claim
    for name in index.unwritten:
        check_exists(name, "claim", listed, f"{index_path}: unwritten")
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
            check_once(seen, f"{path}: claim")
            check_once((assertion.name for assertion in claim.assertions), f"{where}: assertion")
            for assertion in claim.assertions:
                _assertion(assertion, registries, f"{where}.{assertion.name}")
            yield path, claim


def _assertion(assertion: Assertion, registries: Mapping[str, Collection[str]], where: str) -> None:
    for model in assertion.named_models:
        check_exists(model, "model", registries, where)
    for dataset in assertion.named_datasets:
        check_exists(dataset, "dataset or pool", registries, where)
    for group in assertion.named_groups:
        check_exists(group, "group", registries, where)


def _pools(path: Path, registries: Mapping[str, Collection[str]]) -> dict[str, Pool]:
    pools = validate(PoolFile, read_toml(path), str(path)).pool
    for pool in pools:
        where = f"{path}: {pool.id}"
        if pool.id in registries["dataset"]:
            raise InputError(f"{where}: is the id of a dataset")
        for dataset in pool.datasets:
            check_exists(dataset, "dataset", registries, where)
    check_once((pool.id for pool in pools), f"{path}: pool")
    return {pool.id: pool for pool in pools}


def _references(folder: Path, registries: Mapping[str, Collection[str]]) -> tuple[Reference, ...]:
    references: list[Reference] = []
    for path, file in _read(folder, ReferenceFile):
        for reference in file.reference:
            where = f"{path}: reference of {reference.model!r}"
            check_exists(reference.model, "model", registries, where)
            check_exists(reference.dataset, "dataset", registries, where)
            references.append(reference)
            check_once(
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


def _read(folder: Path, schema: type[File]) -> Iterable[tuple[Path, File]]:
    for path in sorted(folder.glob("*.toml")):
        if path.name != INDEX:
            yield path, validate(schema, read_toml(path), str(path))
