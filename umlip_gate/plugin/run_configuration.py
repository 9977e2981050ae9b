"""What a session judges: registries, thresholds, candidate and gate, read and checked at start."""

import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from umlip_gate.claims.gates import load_gate
from umlip_gate.claims.level_of_theory import check_claims
from umlip_gate.claims.schema import Gate
from umlip_gate.claims.thresholds import ALL_MODELS, Thresholds, load_thresholds
from umlip_gate.cost.thresholds import load_cost_thresholds
from umlip_gate.datasets.registry import Dataset, load_registry
from umlip_gate.errors import InputError
from umlip_gate.metrics.sampling import SampleLimit
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import (
    Ensemble,
    Recalculation,
    load_ensembles,
    recalculations,
)
from umlip_gate.models.registry import Model, load_models
from umlip_gate.plugin.brought_models import check_by_gate, name_of, read_brought_models
from umlip_gate.plugin.cost_options import CostPlan, is_cost_asked, read_cost_plan
from umlip_gate.plugin.option_values import (
    absolute,
    check_ids,
    check_models,
    checkpoints,
    max_examples,
    random_seed,
    sample_limit,
)
from umlip_gate.plugin.run_settings import read_settings
from umlip_gate.predictions.executors.cluster import check_installed
from umlip_gate.predictions.executors.site import Site, read_site
from umlip_gate.predictions.gpus import why_no_device
from umlip_gate.settings import FIXTURES, THRESHOLDS, Settings

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
    against
        The model that the candidate is compared with, if any.
    device
        Where the registry's models compute.
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
    site
        Which machines evaluate; None for this one's own workers.
    """

    datasets: dict[str, Dataset]
    models: dict[str, Model]
    ensembles: dict[str, Ensemble]
    recalculations: dict[str, Recalculation]
    members: dict[str, Candidate]
    thresholds: Thresholds
    candidate: Candidate | Ensemble | None
    gate: Gate | None
    against: Model | Candidate | None
    device: str
    random_seed: int | None
    sample_limit: SampleLimit
    settings: Settings
    cost: CostPlan
    max_examples: int | None
    site: Site | None

    @property
    def registered(self) -> dict[str, Model | Ensemble | Recalculation]:
        """Everything of the registries that a dataset can be measured with."""
        return {**self.models, **self.ensembles, **self.recalculations}

    @property
    def physics_elements(self) -> dict[str, tuple[str, ...]]:
        """The elements that the gate's physics lists in place of a dataset, by their name."""
        physics = self.gate.physics if self.gate else None
        return {physics.subject: physics.elements} if physics and physics.elements else {}

    @property
    def brought(self) -> dict[str, Model | Candidate | Ensemble]:
        """The candidate, its members, and what it is compared with, by name."""
        entries = [entry for entry in (self.candidate, self.against) if entry]
        return self.members | {name_of(entry): entry for entry in entries}


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
        FIXTURES / "datasets.toml", absolute(config, option.umlip_datasets or [])
    )
    _check_brought_files(datasets)
    models = load_models()
    ensembles = load_ensembles(FIXTURES / "ensembles.toml", set(models))
    others = recalculations(datasets)
    known = {*models, *ensembles, *others}
    thresholds = load_thresholds(THRESHOLDS, known, datasets)
    check_claims(thresholds, models, datasets)
    check_models(option.umlip_model, known, models)
    check_ids("dataset", option.umlip_dataset, {*datasets, *thresholds.pools})
    brought = read_brought_models(config, models, {*known, ALL_MODELS}, datasets)
    candidate = brought.candidate
    _check_options(option, candidate)
    gate = None
    if candidate:
        gate = load_gate(option.umlip_gate or DEFAULT_GATE, THRESHOLDS, datasets)
        check_by_gate(brought, models, gate, datasets)
    plan = read_cost_plan(
        option,
        load_cost_thresholds(THRESHOLDS, models),
        models,
        candidate if isinstance(candidate, Candidate) else None,
        against=brought.against,
        folder=config.invocation_params.dir,
    )
    if not option.collectonly and (problem := why_no_device(option.umlip_device or "cpu")):
        raise InputError(f"--umlip-device={option.umlip_device}: {problem}")
    return RunConfiguration(
        datasets=datasets,
        models=models,
        ensembles=ensembles,
        recalculations=others,
        members=brought.members,
        thresholds=thresholds,
        candidate=candidate,
        gate=gate,
        against=brought.against,
        device=option.umlip_device or "cpu",
        random_seed=random_seed(option.umlip_weights),
        sample_limit=sample_limit(option, thresholds.statistics),
        settings=read_settings(config, checkpoints(config, models)),
        cost=plan,
        max_examples=max_examples(option.umlip_max_examples),
        site=_site(config),
    )


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
        "--umlip-against compares a candidate: give one with --umlip-candidate FILE; costs of "
        "registered models are compared with --benchmark-only": (
            option.umlip_against and not candidate and not is_cost_asked(option)
        ),
        "--umlip-device=mps: steps are timed on a CPU or with CUDA": (
            option.umlip_device == "mps" and is_cost_asked(option)
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


def _site(config: pytest.Config) -> Site | None:
    if config.option.umlip_executor is None:
        return None
    if _is_xdist_worker(config) or getattr(config.option, "numprocesses", None):
        raise InputError(
            "--umlip-executor: each process of pytest-xdist would start workers of its own; leave "
            "out -n"
        )
    site = read_site(config.option.umlip_executor, config.invocation_params.dir)
    check_installed(site)
    return site


def _check_brought_files(datasets: dict[str, Dataset]) -> None:
    """Refuse a wrong path before anything is computed."""
    for dataset in datasets.values():
        for file in dataset.files:
            if dataset.brought and file.path is not None and not file.path.exists():
                raise InputError(
                    f"--umlip-datasets: [{dataset.id}]: files: {file.path} is not there"
                )


def _is_xdist_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
