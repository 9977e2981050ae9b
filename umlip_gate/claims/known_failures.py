"""Reading `known_failures.toml`: what is known not to hold, with the evidence."""

from collections.abc import Collection, Mapping
from pathlib import Path

from umlip_gate.claims.assertions import Assertion
from umlip_gate.claims.bounds import Ends
from umlip_gate.claims.names import check_exists, check_once
from umlip_gate.claims.schema import KnownFailure, KnownFailureFile
from umlip_gate.errors import InputError
from umlip_gate.physics.limits import Physics
from umlip_gate.schema import read_toml, validate


def load_known_failures(
    path: Path,
    assertions: Mapping[str, Assertion],
    physics: Physics,
    registries: Mapping[str, Collection[str]],
) -> tuple[KnownFailure, ...]:
    """Read and check the list.

    Parameters
    ----------
    path
        The file.
    assertions
        Of every claim, by `CLAIM.ASSERTION`.
    physics
        Whose laws may be listed too, by `physics.LAW`.
    registries
        The models and datasets that exist.

    Raises
    ------
    InputError
        An entry is of no assertion's or law's result, is there twice, or would pass.
    """
    laws = {f"physics.{limit.name}": limit for limit in physics.limits.values()}
    entries = validate(KnownFailureFile, read_toml(path), str(path)).known_failure
    for entry in entries:
        where = f"{path}: {entry.item} on {entry.dataset}"
        if entry.item in laws:
            check_exists(entry.model or "", "model", registries, where)
            check_exists(entry.dataset, "dataset", registries, where)
            continue
        check_exists(entry.item, "assertion", {"assertion": assertions}, str(path))
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
    check_once(map(str, map(result_of, entries)), f"{path}: known_failure")
    return entries


def result_of(known: KnownFailure) -> tuple[str, str | None, str, str | None]:
    """Return item, model, dataset and source of the result that is known not to hold."""
    return known.item, known.model, known.dataset, known.source
