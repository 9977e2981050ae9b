"""The models that a person brings: the candidate, its members, and what it is compared with."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from umlip_gate.claims.level_of_theory import check_gate, check_members
from umlip_gate.claims.schema import Gate
from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError
from umlip_gate.models.candidate import Candidate, load_candidate
from umlip_gate.models.combined import Ensemble, load_brought_ensemble
from umlip_gate.models.prepare import adapted_families, device_for
from umlip_gate.models.registry import Model
from umlip_gate.plugin.option_values import absolute
from umlip_gate.schema import nearest


class BroughtModels(NamedTuple):
    """What the command line brings, on the device that it names.

    Attributes
    ----------
    candidate
        What is judged, if anything; it may be an ensemble.
    members
        The candidates that an ensemble brings as its members.
    against
        The model that the candidate is compared with, if any.
    """

    candidate: Candidate | Ensemble | None
    members: dict[str, Candidate]
    against: Model | Candidate | None


def name_of(entry: Model | Candidate | Ensemble) -> str:
    """Return the name under which reports have a model."""
    return entry.id if isinstance(entry, Model) else entry.name


def read_brought_models(
    config: pytest.Config,
    models: Mapping[str, Model],
    taken: Collection[str],
    datasets: Mapping[str, Dataset],
) -> BroughtModels:
    """Read the candidate, its members and the model that it is compared with.

    Parameters
    ----------
    config
        Of the session.
    models
        The registry.
    taken
        Names that nothing else may have.
    datasets
        The registered and brought datasets.

    Raises
    ------
    InputError
        A file is wrong, a name is taken or unknown, or a candidate does not compute on the
        device of the command line.
    """
    option = config.option
    candidate, members = _candidate(config, set(models), {*taken})
    against: Model | Candidate | None = None
    if option.umlip_against is not None:
        names = {*taken, *members, *([candidate.name] if candidate else [])}
        against = _against(option.umlip_against, models, names, config.invocation_params.dir)
    if option.umlip_device is not None:
        members = {name: on_device(option.umlip_device, each) for name, each in members.items()}
        if isinstance(candidate, Candidate):
            candidate = on_device(option.umlip_device, candidate)
        if isinstance(against, Candidate):
            against = on_device(option.umlip_device, against)
    for entry in (candidate, against, *members.values()):
        if isinstance(entry, Candidate):
            _check_predictions(entry, datasets)
    return BroughtModels(candidate, members, against)


def check_by_gate(
    brought: BroughtModels,
    models: Mapping[str, Model],
    gate: Gate,
    datasets: Mapping[str, Dataset],
) -> None:
    """Refuse a gate on data of another functional, or of elements that are not covered.

    Raises
    ------
    InputError
        Names gate and model.
    """
    candidate, members, against = brought
    known: dict[str, Model | Candidate] = {**models, **members}
    judged: dict[str, Model | Candidate] = {}
    if isinstance(candidate, Ensemble):
        check_members(candidate, known)
        judged |= {name: known[name] for name in candidate.members}
    for entry in (candidate, against):
        if isinstance(entry, Model | Candidate):
            judged[name_of(entry)] = entry
    check_gate(judged, gate, datasets)
    for entry in judged.values():
        if isinstance(entry, Candidate):
            check_coverage(entry, gate, datasets)


def check_coverage(candidate: Candidate, gate: Gate, datasets: Mapping[str, Dataset]) -> None:
    """Refuse a gate that has nothing of the elements that a candidate states.

    Raises
    ------
    InputError
        Names both.
    """
    asked = {symbol for limit in gate.limits for symbol in datasets[limit.dataset].elements}
    if gate.physics:
        of_dataset = datasets[gate.physics.dataset].elements if gate.physics.dataset else ()
        asked |= {*gate.physics.elements, *of_dataset}
    if candidate.elements and asked.isdisjoint(candidate.elements):
        raise InputError(
            f"gate {gate.name}: {candidate.name} covers none of it: its elements are "
            f"{', '.join(candidate.elements)}, the gate's {', '.join(sorted(asked))}. Judge it by "
            "a gate on its own elements (docs/gate-your-model.md has one of physics alone)"
        )


def on_device(device: str, candidate: Candidate) -> Candidate:
    """Return a candidate with another device than its file says.

    Raises
    ------
    InputError
        It does not compute there, or would not be told.
    """
    where = f"--umlip-device={device}: {candidate.name}"
    if candidate.predictions:
        return candidate
    if candidate.calculator and "{device}" not in candidate.texts():
        raise InputError(
            f'{where}: no argument in its file is "{{device}}", so its calculator is not told'
        )
    if candidate.family and device_for(candidate.family, device) != device:
        raise InputError(f"{where}: family {candidate.family} does not compute there")
    return candidate.model_copy(update={"device": device})


def _candidate(
    config: pytest.Config, models: set[str], taken: set[str]
) -> tuple[Candidate | Ensemble | None, dict[str, Candidate]]:
    option = config.option
    if option.umlip_candidate and option.umlip_ensemble:
        raise InputError("--umlip-candidate and --umlip-ensemble: a run judges one or the other")
    if option.umlip_candidate:
        (path,) = absolute(config, [option.umlip_candidate])
        return load_candidate(path, adapted_families(), taken), {}
    if option.umlip_ensemble:
        (path,) = absolute(config, [option.umlip_ensemble])
        return load_brought_ensemble(path, models, adapted_families(), taken)
    return None, {}


def _check_predictions(candidate: Candidate, datasets: Mapping[str, Dataset]) -> None:
    for name in candidate.predictions:
        if name not in datasets:
            raise InputError(
                f"{candidate.name}: [predictions.{name}]: unknown dataset; "
                f"{nearest(name, sorted(datasets))}"
            )


def _against(
    name_or_path: str, registry: Mapping[str, Model], taken: Collection[str], folder: Path
) -> Model | Candidate:
    """Return the model of `--umlip-against`.

    Parameters
    ----------
    name_or_path
        A registered id, or the path of a candidate file.
    registry
        The registered models.
    taken
        Names that a candidate file may not use.
    folder
        Where paths of the command line begin.

    Raises
    ------
    InputError
        There is no such model, or its file is wrong.
    """
    if not name_or_path.endswith(".toml"):
        if name_or_path not in registry:
            close = nearest(name_or_path, list(registry))
            raise InputError(
                f"--umlip-against {name_or_path}: unknown model; {close} (a candidate file "
                "is given as a path that ends in .toml)"
            )
        return registry[name_or_path]
    return load_candidate(folder / name_or_path, adapted_families(), {*taken})
