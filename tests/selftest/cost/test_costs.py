"""The line through costs, the ratio of two models, baselines: from times that a test sets."""

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.neighborlist import neighbor_list

from benchmarks.paired_power import rates, summary
from tests.selftest.checkout import ROOT
from umlip_gate.claims.cost_verdicts import judge_baseline
from umlip_gate.claims.verdict import Outcome
from umlip_gate.cost.baseline import Baseline, baseline_toml, load_baseline
from umlip_gate.cost.costs import Cost, ModelCosts, fit
from umlip_gate.cost.evidence import measured_here, stored
from umlip_gate.cost.paired import _require_one_device, ratio
from umlip_gate.cost.protocol import crystal, neighbours_per_atom
from umlip_gate.cost.session import CostSession
from umlip_gate.cost.thresholds import load_cost_thresholds
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.registry import Model, load_models
from umlip_gate.schema import validate
from umlip_gate.settings import Settings

pytestmark = pytest.mark.selftest

MODELS = load_models()
THRESHOLDS = load_cost_thresholds(ROOT / "thresholds", MODELS)
SIZES, COMPARISON = THRESHOLDS.protocol.sizes, THRESHOLDS.comparison
HOST: dict[str, Any] = {
    "cpu": "a CPU",
    "cores": [3],
    "threads": {},
    "gpu": None,
    "driver": None,
    "gpu_library": None,
}


def cost(n_atoms: int, step_s: float, n_steps: int = 10) -> Cost:
    record = (step_s * n_steps,) * 3
    return Cost(n_atoms, n_steps, record, record, (0.0,) * 3, "cpu", 2**20 * (100 + n_atoms), 58)


def measured(step_s: float = 1e-3, **keys: Any) -> ModelCosts:  # noqa: ANN401 - any field
    costs = {n: cost(n, step_s * n) for n in SIZES}
    fields = {
        "model": "M",
        "family": "f",
        "device": "cpu",
        "dtype": "float64",
        "weights": "random",
        "n_parameters": 1,
        "packages": {},
        "host": HOST,
        "costs": costs,
    }
    return ModelCosts(**{**fields, **keys})


def test_a_line_is_found_again() -> None:
    line = fit({n: cost(n, 0.02 + 3e-4 * n) for n in SIZES})
    assert line is not None
    assert line.intercept_s == pytest.approx(0.02)
    assert line.slope_s == pytest.approx(3e-4)
    assert line.rms_residual == pytest.approx(0, abs=1e-9)
    assert line.bytes_per_atom == pytest.approx(2**20)


def test_a_fast_size_weighs_as_much_as_a_slow_one() -> None:
    times = {n: 0.02 + 3e-4 * n for n in SIZES}
    off = {**times, SIZES[-1]: 1.05 * times[SIZES[-1]]}
    line = fit({n: cost(n, seconds) for n, seconds in off.items()})
    assert line is not None
    assert line.intercept_s == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize(("power", "least"), [(1.2, 0.05), (1.5, 0.15), (2.0, 0.3), (3.0, 0.5)])
def test_growth_faster_than_linear_leaves_residuals(power: float, least: float) -> None:
    line = fit({n: cost(n, 1e-3 * n**power) for n in SIZES})
    assert line is not None
    assert line.rms_residual > least


def test_two_sizes_make_no_line() -> None:
    assert fit({n: cost(n, 1e-3 * n) for n in SIZES[:2]}) is None


def test_the_record_is_cpu_time_on_a_core_and_wall_time_on_a_gpu() -> None:
    on_core = Cost(125, 2, (8.0,) * 3, (1.0,) * 3, (0.08,) * 3, "cpu", 0, None)
    on_gpu = Cost(125, 2, (8.0,) * 3, (1.0,) * 3, (0.08,) * 3, "wall", 0, None)
    assert on_core.us_per_step_per_atom == pytest.approx(4000)
    assert on_gpu.us_per_step_per_atom == pytest.approx(32000)
    assert on_core.ns_per_day(1.0) == pytest.approx(86400 / 0.5 * 1e-6)


@pytest.mark.parametrize("cutoff_ang", [3.0, 5.0, 6.0, 12.0])
def test_neighbours_are_those_of_the_lattice(cutoff_ang: float) -> None:
    found = len(neighbor_list("i", crystal(1), cutoff_ang))
    assert neighbours_per_atom(cutoff_ang) == found


@pytest.mark.parametrize("n_atoms", SIZES)
def test_crystals_have_the_atoms_that_are_asked_for(n_atoms: int) -> None:
    atoms = crystal(n_atoms)
    assert len(atoms) == n_atoms
    assert atoms.get_volume() / n_atoms == pytest.approx(3.165**3 / 2)


def test_a_ratio_is_free_of_what_slows_both() -> None:
    found = ratio(np.full((6, 2, 4), 1.1), COMPARISON)
    assert found.value == pytest.approx(1.1)
    assert found.interval == pytest.approx((1.1, 1.1))


def test_a_ratios_interval_knows_that_processes_differ() -> None:
    """What is the same in every round of a block is no proof of a difference."""
    processes = np.exp(np.random.default_rng(0).normal(0, 0.03, size=(6, 2, 1)))
    low, high = ratio(np.repeat(processes, 4, axis=2), COMPARISON).interval
    assert low < 1 < high
    assert high - low > 0.01  # that of the rounds alone would be zero


def test_which_worker_starts_first_cancels_out() -> None:
    """In every block, so that it widens no interval either."""
    found = ratio([[[1.05] * 4, [1 / 1.05] * 4]] * 6, COMPARISON)
    assert found.value == pytest.approx(1)
    assert found.interval == pytest.approx((1, 1))


def test_slowdowns_are_found_out_as_often_as_their_size_allows() -> None:
    rng = np.random.default_rng(0)
    processes = rng.normal(0, 0.015, size=(24, 2, 1))
    blocks = np.exp(processes + rng.normal(0, 0.01, size=(24, 2, 4)))
    assert rates(blocks, 0, COMPARISON)[Outcome.FAILED] == 0
    assert rates(blocks, 0, COMPARISON)[Outcome.PASSED] > 0.95
    assert rates(blocks, 0.2, COMPARISON)[Outcome.FAILED] == 1
    assert sum(rates(blocks, 0.05, COMPARISON).values()) == pytest.approx(1)


def test_the_power_tells_an_effect_of_the_order_from_a_ratio() -> None:
    blocks = np.tile([[[1.05] * 4, [1 / 1.05] * 4]], (12, 1, 1))
    equal, by_order, *_ = summary(blocks, COMPARISON)
    assert "mean 1.0000 ± 0.0000" in equal
    assert "started first over the other: 1.0500 to 1.0500, mean 1.0500" in by_order


def baseline(**keys: Any) -> Baseline:  # noqa: ANN401 - any TOML value
    costs = [
        {
            "model": "M",
            "family": "f",
            "dtype": "float64",
            "weights": "random",
            "n_atoms": n,
            "steps": 30,
            "step_s": 1e-3 * n,
            "peak_bytes": 0,
        }
        for n in SIZES
    ]
    table = {
        "name": "mine",
        "kind": "cpu",
        "device": "a CPU",
        "host": "none",
        "measured": dt.date(2026, 1, 1),
        "commit": "none",
        "max_ratio": 1.1,
        "rationale": "a self-test's",
        "cost": costs,
    }
    return validate(Baseline, {**table, **keys}, "mine.toml")


@pytest.mark.parametrize(
    ("factor", "outcome"), [(0.5, Outcome.PASSED), (1.09, Outcome.PASSED), (1.11, Outcome.FAILED)]
)
def test_a_step_is_compared_with_what_it_cost(factor: float, outcome: Outcome) -> None:
    found, kept = measured(factor * 1e-3), baseline()
    entry = kept.by_key()["M", "float64", 125]
    judged = judge_baseline(found, found.costs[125], kept, entry)
    assert judged.outcome is outcome
    assert judged.value == pytest.approx(factor)


def test_another_device_is_no_comparison() -> None:
    found, kept = measured(), baseline(device="another CPU")
    with pytest.raises(
        MeasurementError, match="another device: the baseline mine is of another CPU"
    ):
        judge_baseline(found, found.costs[125], kept, kept.costs[0])


def test_the_same_name_on_a_gpu_is_another_device() -> None:
    found = measured(device="cuda", host={**HOST, "gpu": "a CPU"})
    with pytest.raises(MeasurementError, match="another device"):
        judge_baseline(found, found.costs[125], baseline(), baseline().costs[0])


@pytest.mark.parametrize(("key", "other"), [("dtype", "float32"), ("weights", "real")])
def test_another_dtype_or_other_weights_are_no_comparison(key: str, other: str) -> None:
    found = measured(1e-3, **{key: other})
    with pytest.raises(MeasurementError, match=r"is of float64 and random weights, this is"):
        judge_baseline(found, found.costs[125], baseline(), baseline().costs[0])


def test_a_model_that_broke_at_the_required_size_is_no_absence() -> None:
    broke = measured(costs={16: cost(16, 0.1)})
    ended = measured(costs={16: cost(16, 0.1)}, ended=(125, "out of memory"))
    known = measured_here({"A": measured(), "B": broke, "C": ended}, {}, "cpu", 125)
    assert known.problems == dict.fromkeys("BC", "not timed at 125 atoms")
    with pytest.raises(MeasurementError, match="B: not timed at 125 atoms"):
        known.known(known.asked, 125)
    with pytest.raises(MeasurementError, match="B: not timed at 125 atoms"):
        known.of("B")


def test_two_devices_are_not_compared() -> None:
    with pytest.raises(MeasurementError, match="M ran on cpu and other on cuda"):
        _require_one_device(measured(), measured(model="other", device="cuda"))


def test_a_baseline_with_the_same_cost_twice() -> None:
    twice = [entry.model_dump() for entry in (baseline().costs[0],) * 2]
    with pytest.raises(InputError, match=rf"there twice: \('M', 'float64', {SIZES[0]}\)"):
        baseline(cost=twice)


KEPT = dt.date(2026, 1, 1), 1.3, 'two runs were "10 %" apart'


def test_a_results_file_becomes_a_baseline(tmp_path: Path) -> None:
    results = {"suite": {"commit": "abc"}, "costs": [measured().to_json(1.0)]}
    path = tmp_path / "mine.toml"
    path.write_text(baseline_toml(results, *KEPT))
    assert tomllib.loads(path.read_text())["device"] == "a CPU"
    kept = load_baseline(str(path), tmp_path)
    assert (kept.max_ratio, kept.rationale) == KEPT[1:]
    found = measured()
    for n_atoms in SIZES:
        entry = kept.by_key()["M", "float64", n_atoms]
        assert judge_baseline(found, found.costs[n_atoms], kept, entry).value == pytest.approx(
            1, abs=1e-3
        )


def test_a_kept_cost_in_another_dtype_is_of_another_model() -> None:
    in_float32 = [
        {**entry.model_dump(), "dtype": "float32", "step_s": 9.0} for entry in baseline().costs
    ]
    both = baseline(cost=[*(entry.model_dump() for entry in baseline().costs), *in_float32])
    assert stored(both, {"M": "float64"}).of("M").at(125) == pytest.approx(1000)
    assert stored(both, {"M": "float32"}).of("M").step_s == dict.fromkeys(SIZES, 9.0)
    assert stored(both, {"M": "float32"}).of("M").steps == dict.fromkeys(SIZES, 30)
    with pytest.raises(Unavailable, match="what M costs on a CPU"):
        stored(both, {}).of("M")


def test_kept_costs_stand_in_where_a_run_measures_none(tmp_path: Path) -> None:
    kept = baseline()
    models: dict[str, Model | Candidate] = {"M": MODELS["EAM-Zhou"]}  # in float64, as what is kept
    settings = Settings(tmp_path, tmp_path, None, offline=True)
    session = CostSession(models, settings, THRESHOLDS.protocol, "cpu", None)
    assert session.known("cpu", kept).of("M").source == "stored"
    with pytest.raises(Unavailable, match="no cost on a cpu device was measured"):
        session.known("cpu", None)
    session.measured["M"] = measured(9.0)
    assert session.known("cpu", kept).of("M").at(125) == pytest.approx(9e6)
    assert session.known("cuda", kept).of("M").source == "stored"


def test_two_devices_make_no_baseline() -> None:
    entries = [measured().to_json(1.0), measured(host={**HOST, "cpu": "another"}).to_json(1.0)]
    with pytest.raises(InputError, match="a baseline is of one device"):
        baseline_toml({"suite": {"commit": ""}, "costs": entries}, *KEPT)
    with pytest.raises(InputError, match="no costs"):
        baseline_toml({}, *KEPT)


def test_an_unknown_baseline(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown baseline 'H100'; there is none yet"):
        load_baseline("H100", tmp_path)
    (tmp_path / "h100.toml").touch()
    with pytest.raises(InputError, match="did you mean 'h100'"):
        load_baseline("H100x", tmp_path)
