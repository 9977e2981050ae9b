"""Which items are judged: by deselection, so that no parametrisation is ever empty."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from umlip_gate.claims.assertions.base import Kind
from umlip_gate.claims.thresholds import BEYOND
from umlip_gate.datasets.registry import Dataset
from umlip_gate.models.combined import Ensemble, Recalculation
from umlip_gate.models.registry import Model
from umlip_gate.plugin import MARKERS, SUITE
from umlip_gate.plugin.checks import MEASURED, Check
from umlip_gate.plugin.cost_limits import CostLimit, OtherModel
from umlip_gate.plugin.cost_options import EVERY, is_cost_asked
from umlip_gate.plugin.marker_expression import can_select
from umlip_gate.plugin.run_configuration import RunConfiguration, run_configuration
from umlip_gate.settings import checkout

FOLDERS = frozenset({*MARKERS, "selftest"})
"""The folders of the checkout's tests; each test carries the marker of its folder's name."""

PHYSICS = "physics."
"""What the items of the laws of physics begin with."""

Entry = Model | Ensemble | Recalculation | Dataset


def check_of(item: pytest.Item) -> Check | None:
    """Return what an item judges, if it is a judging item."""
    callspec = getattr(item, "callspec", None)
    check = callspec.params.get("check") if callspec else None
    return check if isinstance(check, Check) else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what judges by something that the command line does not name.

    And the folders of tests that its marker expression can select nothing of: reading them takes
    longer than many a run.
    """
    if _is_unselected_folder(collection_path, config):
        return True
    suite = run_configuration(config)
    idle = {
        SUITE / "accuracy" / "test_gate.py": suite.candidate is None,
        SUITE / "cost" / "test_regression.py": suite.cost.baseline is None,
        SUITE / "cost" / "test_side_by_side.py": suite.cost.other is None,
    }
    asked = {path.resolve(): is_idle for path, is_idle in idle.items()}
    return asked.get(collection_path.resolve()) or None


def _is_unselected_folder(path: Path, config: pytest.Config) -> bool:
    root = checkout()
    if root is None or path.parent != root / "tests" or path.name not in FOLDERS:
        return False
    if path.name == "selftest" and getattr(config.option, "benchmark_only", False):
        return True
    expression = config.option.markexpr
    return bool(expression) and not can_select(expression, path.name, FOLDERS - {path.name})


def is_ours(item: pytest.Item) -> bool:
    """Whether an item is the suite's or the checkout's own; another project's are left alone."""
    return _is_ours(item.path)


@cache  # thousands of items are of a few files
def _is_ours(path: Path) -> bool:
    root = checkout()
    folders = [(SUITE / name).resolve() for name in MARKERS]
    folders += [root / "tests"] if root else []
    return any(path.resolve().is_relative_to(folder) for folder in folders)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what the command line asks for, else the registries' defaults."""
    suite = run_configuration(config)
    models = _asked(config.option.umlip_model, suite.registered)
    datasets = _asked(config.option.umlip_dataset, [*suite.datasets, *suite.thresholds.pools])
    dropped = {
        id(item)
        for item in items
        if (is_ours(item) and not _is_asked_about(item, config))
        or ((check := check_of(item)) and not _selected(check, suite, config, models, datasets))
    }
    if dropped:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in dropped])
        items[:] = [item for item in items if id(item) not in dropped]


def _is_asked_about(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether the run is about an item's subject.

    Physics and costs only when they are asked for, as they take long, and a slow one only by that
    name; nothing else while benchmarks alone are asked for.
    """
    if item.get_closest_marker("physics") and "physics" not in config.option.markexpr:
        return False
    if not item.get_closest_marker("cost"):
        return not getattr(config.option, "benchmark_only", False)
    slow = item.get_closest_marker("slow") is not None
    return is_cost_asked(config.option) and (not slow or "slow" in config.option.markexpr)


def _asked(names: list[str] | None, known: Iterable[str]) -> set[str] | None:
    """Ids that were asked for; None if none was."""
    if names is None:
        return None
    return set(known) if EVERY in names else set(names)


def _selected(
    check: Check,
    suite: RunConfiguration,
    config: pytest.Config,
    models: set[str] | None,
    datasets: set[str] | None,
) -> bool:
    if isinstance(check.threshold, CostLimit):
        return isinstance(check.threshold, OtherModel) or suite.cost.is_timed(str(check.model))
    if check.is_about_costs:
        return _is_cost_claim_asked(check, suite, models)
    if check.item.startswith(PHYSICS):
        is_asked = datasets is None or check.dataset in datasets
        is_candidate = suite.candidate is not None and check.model == suite.candidate.name
        return is_asked and (is_candidate or _is_model_asked(check, suite, models))
    about_accuracy = check.item != MEASURED
    if suite.random_seed is not None and about_accuracy:
        return False
    if suite.candidate and check.model == suite.candidate.name:
        return _is_candidates(check, suite, datasets)
    asked = _is_dataset_asked(check, suite, datasets)
    sourced = check.source is None or config.option.umlip_source in ("auto", check.source)
    return asked and sourced and _is_model_asked(check, suite, models)


def _is_cost_claim_asked(check: Check, suite: RunConfiguration, models: set[str] | None) -> bool:
    """Take claims about models whose costs are measured; several are compared if none is named."""
    if suite.candidate or suite.cost.other is not None:
        return False
    if check.model is None:
        return models is None or models >= set(suite.models)
    return check.model in suite.cost.asked


def _is_dataset_asked(check: Check, suite: RunConfiguration, datasets: set[str] | None) -> bool:
    """Take a pool by its own name, or where all of its datasets are asked for."""
    asked = _default(suite.datasets) if datasets is None else datasets
    pool = suite.thresholds.pools.get(check.dataset)
    return check.dataset in asked or (pool is not None and asked.issuperset(pool.datasets))


def _is_candidates(check: Check, suite: RunConfiguration, datasets: set[str] | None) -> bool:
    """Take the gate's limits, and the datasets that are asked for or brought beside it."""
    if datasets is not None:
        return check.dataset in datasets
    judged_by_gate = suite.gate and check.dataset in {limit.dataset for limit in suite.gate.limits}
    return check.item != MEASURED or (
        not judged_by_gate and _is_brought(suite.datasets[check.dataset])
    )


def _is_model_asked(check: Check, suite: RunConfiguration, models: set[str] | None) -> bool:
    """With a candidate, only models that are named; several are compared only if none is.

    A claim beyond the paper is judged where all models that it names are asked for.
    """
    if suite.candidate:
        return models is not None and check.model in models
    if check.item.startswith(BEYOND) and isinstance(check.threshold, Kind):
        return models is not None and models.issuperset(check.threshold.named_models)
    if check.model is None:
        return models is None or models == set(suite.registered)
    return check.model in (_default(suite.registered) if models is None else models)


def _default(registry: Mapping[str, Entry]) -> set[str]:
    return {name for name, entry in registry.items() if entry.default or _is_brought(entry)}


def _is_brought(entry: Entry) -> bool:
    return isinstance(entry, Dataset) and entry.brought
