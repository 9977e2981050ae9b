"""What a session judges: registries, thresholds, candidate and gate, read and checked at start."""

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from umlip_gate.claims.level_of_theory import check_claims, check_gate, check_members
from umlip_gate.claims.schema import Gate
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.thresholds import ALL_MODELS, Thresholds, load_gate, load_thresholds
from umlip_gate.cost.thresholds import load_cost_thresholds
from umlip_gate.datasets.registry import Dataset, load_registry
from umlip_gate.errors import InputError
from umlip_gate.metrics.sampling import SampleLimit
from umlip_gate.models.candidate import Candidate, load_candidate
from umlip_gate.models.combined import (
    Ensemble,
    Recalculation,
    load_brought_ensemble,
    load_ensembles,
    recalculations,
)
from umlip_gate.models.prepare import adapted_families
from umlip_gate.models.registry import Model, load_models
from umlip_gate.models.weights import problem_with
from umlip_gate.notices import add_notice
from umlip_gate.plugin.announcer import announcer
from umlip_gate.plugin.cost_options import EVERY, CostPlan, is_cost_asked, read_cost_plan
from umlip_gate.predictions.cores import MOST_WORKERS, usable_cores
from umlip_gate.run_folder import new_run_folder, unsafe_folders
from umlip_gate.schema import nearest
from umlip_gate.settings import FIXTURES, THRESHOLDS, Settings, cache_folder, mirror_folder

DEFAULT_GATE = "quick"


@dataclass(frozen=True)
class RunConfiguration:
    """Everything that the command line and the data files say.

    Attributes
    ----------
    datasets, models
        The registries, with what a person brings.
    thresholds
        Claims, reference values and known failures.
    ensembles, recalculations
        What else is judged like a model.
    members
        The candidates that an ensemble brings as its members.
    candidate, gate
        Given together, or neither. A candidate may be an ensemble.
    random_seed
        Random weights instead of the registry's, if it is given.
    sample_limit
        How much of each dataset may be evaluated.
    settings
        What the run may reach.
    max_examples
        How many crystals the laws of physics are tried on, instead of their protocols' numbers.
    cost
        Whose costs are measured, and what they are compared with.
    """

    datasets: dict[str, Dataset]
    models: dict[str, Model]
    ensembles: dict[str, Ensemble]
    recalculations: dict[str, Recalculation]
    members: dict[str, Candidate]
    thresholds: Thresholds
    candidate: Candidate | Ensemble | None
    gate: Gate | None
    random_seed: int | None
    sample_limit: SampleLimit
    settings: Settings
    cost: CostPlan
    max_examples: int | None

    @property
    def registered(self) -> dict[str, Model | Ensemble | Recalculation]:
        """Everything of the registries that a dataset can be measured with."""
        return {**self.models, **self.ensembles, **self.recalculations}


SUITE = pytest.StashKey[RunConfiguration]()


def run_configuration(config: pytest.Config) -> RunConfiguration:
    """Return the session's suite."""
    return config.stash[SUITE]


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read everything; what is wrong in it ends the session before a test is collected."""
    try:
        config.stash[SUITE] = _read(config)
    except InputError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's own folder; the logs of lost workers are quoted in their verdicts."""
    if not _is_xdist_worker(config) and SUITE in config.stash:
        shutil.rmtree(run_configuration(config).settings.run, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist's WorkerController
    """Pass the folder of the run to a worker process of xdist."""
    node.workerinput["umlip_gate_run"] = str(run_configuration(node.config).settings.run)


def _read(config: pytest.Config) -> RunConfiguration:
    option = config.option
    datasets = load_registry(
        FIXTURES / "datasets.toml", _absolute(config, option.umlip_datasets or [])
    )
    _check_brought_files(datasets)
    models = load_models()
    ensembles = load_ensembles(FIXTURES / "ensembles.toml", set(models))
    others = recalculations(datasets)
    known = {*models, *ensembles, *others}
    thresholds = load_thresholds(THRESHOLDS, known, datasets)
    check_claims(thresholds, models, datasets)
    _check_models(option.umlip_model, known, models)
    _check_ids("dataset", option.umlip_dataset, {*datasets, *thresholds.pools})
    candidate, members = _candidate(config, set(models), {*known, ALL_MODELS})
    _check_options(option, candidate)
    for entry in (candidate, *members.values()):
        if isinstance(entry, Candidate):
            _check_predictions(entry, datasets)
    gate = None
    if candidate:
        gate = load_gate(option.umlip_gate or DEFAULT_GATE, THRESHOLDS, datasets)
        _check_levels_of_theory(candidate, {**models, **members}, gate, datasets)
    plan = read_cost_plan(
        option,
        load_cost_thresholds(THRESHOLDS, models),
        models,
        candidate if isinstance(candidate, Candidate) else None,
        config.invocation_params.dir,
    )
    return RunConfiguration(
        datasets,
        models,
        ensembles,
        others,
        members,
        thresholds,
        candidate,
        gate,
        _random_seed(option.umlip_weights),
        _sample_limit(option, thresholds.statistics),
        replace(_settings(config), checkpoints=_checkpoints(config, models)),
        plan,
        _max_examples(option.umlip_max_examples),
    )


def _candidate(
    config: pytest.Config, models: set[str], taken: set[str]
) -> tuple[Candidate | Ensemble | None, dict[str, Candidate]]:
    option = config.option
    if option.umlip_candidate and option.umlip_ensemble:
        raise InputError("--umlip-candidate and --umlip-ensemble: a run judges one or the other")
    if option.umlip_candidate:
        (path,) = _absolute(config, [option.umlip_candidate])
        return load_candidate(path, adapted_families(), taken), {}
    if option.umlip_ensemble:
        (path,) = _absolute(config, [option.umlip_ensemble])
        return load_brought_ensemble(path, models, adapted_families(), taken)
    return None, {}


def _check_options(option: Any, candidate: Candidate | Ensemble | None) -> None:  # noqa: ANN401 - argparse's Namespace
    """Refuse options that contradict each other.

    Raises
    ------
    InputError
        One option has no effect beside another.
    """
    random, registered = option.umlip_weights is not None, "is for models of the registry"
    contradictions = {
        "--umlip-gate judges a candidate: give one with --umlip-candidate FILE or "
        "--umlip-ensemble FILE": option.umlip_gate and not candidate,
        f"--umlip-device {registered}; a candidate's file says its own": (
            option.umlip_candidate and option.umlip_device != "cpu"
        ),
        f"--umlip-weights {registered}; a candidate brings its own": candidate and random,
        "--umlip-checkpoint gives real weights, --umlip-weights random ones: only one of them": (
            option.umlip_checkpoint and random
        ),
        "--umlip-ensemble: no step of an ensemble is timed; give its members one by one": (
            option.umlip_ensemble and is_cost_asked(option)
        ),
        "--umlip-candidate: predictions only, no step can be timed: costs need a calculator": (
            isinstance(candidate, Candidate) and candidate.predictions and is_cost_asked(option)
        ),
        "--umlip-claims-table: a run that judges a candidate judges no claims, and would empty "
        "the table": option.umlip_claims_table and candidate,
    }
    for message, found in contradictions.items():
        if found:
            raise InputError(message)


def _check_levels_of_theory(
    candidate: Candidate | Ensemble,
    known: dict[str, Model | Candidate],
    gate: Gate,
    datasets: dict[str, Dataset],
) -> None:
    if isinstance(candidate, Candidate):
        check_gate({candidate.name: candidate}, gate, datasets)
    else:
        check_members(candidate, known)
        check_gate({name: known[name] for name in candidate.members}, gate, datasets)


def _sample_limit(option: Any, statistics: Statistics) -> SampleLimit:  # noqa: ANN401 - argparse's Namespace
    configurations, budget = option.umlip_max_configurations, option.umlip_budget
    fewest = statistics.fewest_configurations
    if configurations is not None and configurations < fewest:
        raise InputError(
            f"--umlip-max-configurations {configurations}: a sample needs {fewest} configurations "
            "to decide anything (thresholds/statistics.toml)"
        )
    if budget is None:
        return SampleLimit(configurations)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h)", budget)
    if not found:
        raise InputError(f"--umlip-budget {budget}: a number with its unit, as in 90s, 10min or 1h")
    return SampleLimit(configurations, float(found[1]) * {"s": 1, "min": 60, "h": 3600}[found[2]])


def _max_examples(number: int | None) -> int | None:
    if number is not None and number < 1:
        raise InputError(f"--umlip-max-examples {number}: at least 1")
    return number


def _check_models(names: list[str] | None, known: set[str], models: dict[str, Model]) -> None:
    for name in names or ():
        if of_family := [model.id for model in models.values() if model.family == name]:
            raise InputError(
                f"--umlip-model {name}: is a family; its models are {', '.join(of_family)}"
            )
    _check_ids("model", names, known)


def _check_ids(option: str, names: list[str] | None, known: set[str]) -> None:
    for name in names or ():
        if name not in known | {EVERY}:
            raise InputError(f"--umlip-{option} {name}: unknown; {nearest(name, sorted(known))}")


def _check_predictions(candidate: Candidate, datasets: dict[str, Dataset]) -> None:
    for name in candidate.predictions:
        if name not in datasets:
            raise InputError(
                f"{candidate.name}: [predictions.{name}]: unknown dataset; "
                f"{nearest(name, sorted(datasets))}"
            )


def _check_brought_files(datasets: dict[str, Dataset]) -> None:
    """Refuse a wrong path before anything is computed."""
    for dataset in datasets.values():
        for file in dataset.files:
            if dataset.brought and file.path is not None and not file.path.exists():
                raise InputError(
                    f"--umlip-datasets: [{dataset.id}]: files: {file.path} is not there"
                )


def _random_seed(weights: str | None) -> int | None:
    if weights is None:
        return None
    found = re.fullmatch(r"random:(\d+)", weights)
    if not found:
        raise InputError(
            f"--umlip-weights {weights}: random:SEED, as in random:0, is all it can be"
        )
    return int(found[1])


def _checkpoints(config: pytest.Config, models: dict[str, Model]) -> dict[str, Path]:
    checkpoints: dict[str, Path] = {}
    for given in config.option.umlip_checkpoint or ():
        name, equals, file = given.partition("=")
        (path,) = _absolute(config, [Path(file)])
        if not (equals and file):
            raise InputError(
                f"--umlip-checkpoint {given}: ID=FILE, a registered model and its weights"
            )
        if name not in models or models[name].checkpoint is None:
            known = [model.id for model in models.values() if model.checkpoint]
            raise InputError(
                f"--umlip-checkpoint {given}: no model with weights; {nearest(name, known)}"
            )
        if problem := problem_with(path):
            raise InputError(f"--umlip-checkpoint {given}: {path} {problem}")
        checkpoints[name] = path
    return checkpoints


def _settings(config: pytest.Config) -> Settings:
    cache = cache_folder()
    workerinput = getattr(config, "workerinput", None)
    run = _new_run(cache) if workerinput is None else _run_of_controller(workerinput)
    option = config.option
    return Settings(
        cache,
        run,
        mirror_folder(),
        option.umlip_offline,
        require_digests=option.umlip_require_digests,
        announce=announcer(config),
    )


def _run_of_controller(workerinput: dict[str, Any]) -> Path:
    if "umlip_gate_run" not in workerinput:
        raise InputError(
            "umlip_gate.suite was collected by a process of pytest-xdist, and the process that "
            "reports does not know of it: name the suite on the command line (pytest --pyargs "
            "umlip_gate.suite.accuracy), or give one of the --umlip-… options"
        )
    return Path(workerinput["umlip_gate_run"])


def _new_run(cache: Path) -> Path:
    try:
        run = new_run_folder(cache)
    except OSError as error:
        raise InputError(
            f"the cache {cache} cannot be written ({error}); UMLIP_GATE_CACHE names the folder"
        ) from error
    for cause in unsafe_folders(cache):
        add_notice(
            run,
            f"{cause}: what is kept in the cache decides verdicts, and is trusted. "
            f"Use a folder that is yours alone (chmod go-w, or another UMLIP_GATE_CACHE)",
        )
    return run


def _absolute(config: pytest.Config, paths: list[Path]) -> list[Path]:
    return [config.invocation_params.dir / path for path in paths]


def _is_xdist_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def worker_share() -> int:
    """Count the processes that one result may use: the cores, shared among xdist's processes."""
    share = usable_cores() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return min(max(1, share), MOST_WORKERS)
