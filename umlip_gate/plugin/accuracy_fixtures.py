"""The fixtures that judging tests ask for: the laboratory, and the judgement of a case."""

import pytest

from umlip_gate.claims.verdict import Finding, Judgement, NotInside
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.evaluation.evaluator import Evaluator
from umlip_gate.evaluation.physics import PhysicsEvaluator
from umlip_gate.evaluation.recorder import Recorder
from umlip_gate.plugin.checks import Case
from umlip_gate.plugin.run_configuration import RunConfiguration, run_configuration, worker_share
from umlip_gate.plugin.verdicts import BENCH, JUDGEMENT, LISTED
from umlip_gate.predictions.sources import Predictor


@pytest.fixture(scope="session")
def suite(pytestconfig: pytest.Config) -> RunConfiguration:
    """Registries, thresholds, candidate, gate."""
    return run_configuration(pytestconfig)


@pytest.fixture(scope="session")
def laboratory(suite: RunConfiguration, pytestconfig: pytest.Config) -> Evaluator:
    """Measures cells, each once in a process."""
    candidate = {suite.candidate.name: suite.candidate} if suite.candidate else {}
    library = DatasetCache(suite.datasets, suite.settings)
    return Evaluator(
        library=library,
        predictor=Predictor(
            library,
            pytestconfig.option.umlip_device,
            suite.random_seed,
            worker_share(),
            suite.settings.announce,
        ),
        models={**suite.registered, **suite.members, **candidate},
        pools=suite.thresholds.pools,
        element_groups=suite.thresholds.element_groups,
        statistics=suite.thresholds.statistics,
        source=pytestconfig.option.umlip_source,
        allowance=suite.allowance,
    )


@pytest.fixture(scope="session")
def physics_evaluator(suite: RunConfiguration, laboratory: Evaluator) -> PhysicsEvaluator:
    """Return what evaluates models on the structures of physics, each once in a process."""
    return PhysicsEvaluator(
        laboratory.library, laboratory.predictor, laboratory.models, suite.thresholds.core
    )


@pytest.fixture
def judgement(
    case: Case,
    laboratory: Evaluator,
    physics_evaluator: PhysicsEvaluator,
    request: pytest.FixtureRequest,
) -> Judgement:
    """Measure what a case speaks of, and judge it.

    What was not measured ends here, before the test: skipped if it cannot be had, an error if
    it could.
    """
    if laboratory.allowance and not case.is_judged_on_samples:
        pytest.skip(
            "judged on whole datasets only: without --umlip-max-configurations and --umlip-budget"
        )
    bench = Recorder(laboratory, case.source, physics_evaluator=physics_evaluator)
    request.node.stash[BENCH] = bench
    try:
        judged = case.judge(bench)
    except Unavailable as error:
        if case.required:
            raise MeasurementError(
                f"required by the gate, and not to be had here: {error}"
            ) from error
        pytest.skip(str(error))
    request.node.stash[JUDGEMENT] = judged
    expect_known_failure(request, case, judged)
    return judged


def expect_known_failure(request: pytest.FixtureRequest, case: Case, judged: Judgement) -> None:
    """Mark the test as one that is known to fail, if this is listed.

    Also one that is listed and is inside now, so that it fails until the entry is removed. What
    is listed are claims of the paper, so that nothing else is excused.
    """
    thresholds = run_configuration(request.config).thresholds
    known = thresholds.known_failure(case.item, case.model, case.dataset, judged.source)
    if known is not None and judged.finding is not Finding.INSIDE:
        known = known if known.covers(judged.finding, judged.value) else None
    request.node.stash[LISTED] = known is not None
    if known is not None:
        mark = pytest.mark.xfail(strict=True, raises=NotInside, reason=known.evidence)
        request.applymarker(mark)
