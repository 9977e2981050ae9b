"""The fixtures that judging tests ask for: the evaluator, and the verdict of a check."""

from dataclasses import replace

import pytest

from umlip_gate.claims.verdict import NotPassed, Outcome, Verdict
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.evaluation.evaluator import Evaluator
from umlip_gate.evaluation.physics import PhysicsEvaluator
from umlip_gate.evaluation.recorder import Recorder
from umlip_gate.plugin.brought_models import name_of
from umlip_gate.plugin.checks import Check
from umlip_gate.plugin.run_configuration import RunConfiguration, run_configuration
from umlip_gate.plugin.run_settings import worker_share
from umlip_gate.plugin.verdicts import LISTED, RECORDER, VERDICT
from umlip_gate.predictions.executors.cluster import Cluster
from umlip_gate.predictions.sources import PredictionSources


@pytest.fixture(scope="session")
def suite(pytestconfig: pytest.Config) -> RunConfiguration:
    """Registries, thresholds, candidate, gate."""
    return run_configuration(pytestconfig)


@pytest.fixture(scope="session")
def evaluator(suite: RunConfiguration, pytestconfig: pytest.Config) -> Evaluator:
    """Measures results, each once in a process."""
    datasets = DatasetCache(suite.datasets, suite.settings)
    cluster = Cluster(suite.site) if suite.site else None
    if cluster:
        pytestconfig.add_cleanup(cluster.close)
    return Evaluator(
        datasets=datasets,
        sources=PredictionSources(
            datasets,
            suite.device,
            suite.random_seed,
            worker_share(),
            suite.settings.announce,
            cluster=cluster,
        ),
        models={**suite.registered, **suite.brought},
        pools=suite.thresholds.pools,
        element_groups=suite.thresholds.element_groups,
        statistics=suite.thresholds.statistics,
        source=pytestconfig.option.umlip_source,
        sample_limit=suite.sample_limit,
        against=name_of(suite.against) if suite.against else None,
    )


@pytest.fixture(scope="session")
def physics_evaluator(suite: RunConfiguration, evaluator: Evaluator) -> PhysicsEvaluator:
    """Return what evaluates models on the structures of physics, each once in a process."""
    return PhysicsEvaluator(
        evaluator.datasets,
        evaluator.sources,
        evaluator.models,
        suite.thresholds.physics,
        suite.settings.cache / "counterexamples",
        suite.max_examples,
        suite.physics_elements,
    )


@pytest.fixture
def verdict(
    check: Check,
    evaluator: Evaluator,
    physics_evaluator: PhysicsEvaluator,
    request: pytest.FixtureRequest,
) -> Verdict:
    """Measure what a check is about, and judge it.

    What was not measured ends here, before the test: skipped if it is not available, an error if
    it is, or if the check is required.
    """
    timing = request.getfixturevalue("timing") if check.is_about_costs else None
    if evaluator.sample_limit and not check.is_judged_on_samples:
        pytest.skip(
            "judged on whole datasets only: without --umlip-max-configurations and --umlip-budget"
        )
    recorder = Recorder(
        evaluator, check.source, timing.known if timing else None, physics_evaluator
    )
    request.node.stash[RECORDER] = recorder
    try:
        judged = check.judge(recorder, timing)
    except Unavailable as error:
        if check.required:
            raise MeasurementError(f"{check.required}: {error}") from error
        pytest.skip(str(error))
    judged = _expect_known_failure(request, check, judged)
    request.node.stash[VERDICT] = judged
    return judged


def _expect_known_failure(request: pytest.FixtureRequest, check: Check, judged: Verdict) -> Verdict:
    """Mark the test as one that is known to fail, if this is listed.

    Also one that is listed and is inside now, so that it fails until the entry is removed. What
    is listed are claims of the paper, so that nothing else is excused.
    """
    thresholds = run_configuration(request.config).thresholds
    known = thresholds.known_failure(check.item, check.model, check.dataset, judged.source)
    if known is not None and judged.outcome is not Outcome.PASSED and not known.covers(judged):
        known = None
    request.node.stash[LISTED] = known is not None
    if known is not None:
        mark = pytest.mark.xfail(strict=True, raises=NotPassed, reason=known.evidence)
        request.applymarker(mark)
        judged = replace(judged, details={**judged.details, "cause": known.cause})
    return judged
