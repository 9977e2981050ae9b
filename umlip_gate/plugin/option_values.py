"""The values of options: each function reads one option, or refuses what it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from umlip_gate.claims.statistics import Statistics
from umlip_gate.errors import InputError
from umlip_gate.metrics.sampling import SampleLimit
from umlip_gate.models.registry import Model
from umlip_gate.models.weights import problem_with
from umlip_gate.plugin.cost_options import EVERY
from umlip_gate.schema import nearest


def absolute(config: pytest.Config, paths: list[Path]) -> list[Path]:
    """Return paths of the command line, which begin where pytest was started."""
    return [config.invocation_params.dir / path for path in paths]


def sample_limit(option: Any, statistics: Statistics) -> SampleLimit:  # noqa: ANN401 - argparse's Namespace
    """Return how much of each dataset `--umlip-max-configurations` and `--umlip-budget` admit."""
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


def max_examples(number: int | None) -> int | None:
    """Return the number of `--umlip-max-examples`, or None."""
    if number is not None and number < 1:
        raise InputError(f"--umlip-max-examples {number}: at least 1")
    return number


def random_seed(weights: str | None) -> int | None:
    """Return the seed of `--umlip-weights random:SEED`, or None."""
    if weights is None:
        return None
    found = re.fullmatch(r"random:(\d+)", weights)
    if not found:
        raise InputError(
            f"--umlip-weights {weights}: random:SEED, as in random:0, is all it can be"
        )
    return int(found[1])


def checkpoints(config: pytest.Config, models: dict[str, Model]) -> dict[str, Path]:
    """Return the files of `--umlip-checkpoint ID=FILE`, by model."""
    files: dict[str, Path] = {}
    for given in config.option.umlip_checkpoint or ():
        name, equals, file = given.partition("=")
        (path,) = absolute(config, [Path(file)])
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
        files[name] = path
    return files


def check_models(names: list[str] | None, known: set[str], models: dict[str, Model]) -> None:
    """Refuse names of `--umlip-model` that are no models."""
    for name in names or ():
        if of_family := [model.id for model in models.values() if model.family == name]:
            raise InputError(
                f"--umlip-model {name}: is a family; its models are {', '.join(of_family)}"
            )
    check_ids("model", names, known)


def check_ids(option: str, names: list[str] | None, known: set[str]) -> None:
    """Refuse names that are not registered."""
    for name in names or ():
        if name not in known | {EVERY}:
            raise InputError(f"--umlip-{option} {name}: unknown; {nearest(name, sorted(known))}")
