import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.selftest.builders.measured import measure
from tests.selftest.reference.metrics import (
    assert_close,
    dataset,
    flat,
    random_case,
    slow,
    stressed,
)
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.errors import errors_of
from umlip_gate.metrics.estimates import estimates_of
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

Case = tuple[Configurations, Predictions]

# steps of 1 µeV: errors that are neither 0 nor far from it square to ordinary numbers
ev = st.integers(-10_000_000, 10_000_000).map(lambda steps: steps / 1e6)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n_atoms = draw(st.lists(st.integers(1, 4), min_size=1, max_size=8))
    n, total = len(n_atoms), sum(n_atoms)
    energies, predicted = (draw(st.lists(ev, min_size=n, max_size=n)) for _ in range(2))
    vectors = st.lists(st.tuples(ev, ev, ev).map(list), min_size=total, max_size=total)
    elements = draw(st.lists(st.sampled_from([1, 42, 74]), min_size=total, max_size=total))
    reference = dataset(n_atoms, energies, draw(vectors), elements)
    return reference, Predictions(np.array(predicted), np.array(draw(vectors)), {})


def few(case: Case) -> Metrics:
    """Measure with next to no bootstrap."""
    return measure(*case, n_resamples=2)


def pick(case: Case, rows: list[int]) -> Case:
    configurations, predictions = case
    offsets = configurations.offsets
    forces = [predictions.forces[offsets[row] : offsets[row + 1]] for row in rows]
    chosen = Predictions(predictions.energies[rows], np.concatenate(forces), {})
    return configurations.select(rows), chosen


def spoil(case: Case, row: int, how: str) -> Case:
    """Let one row fail, in one of the ways in which rows do."""
    configurations, predictions = case
    energies, forces, failures = predictions.energies.copy(), predictions.forces.copy(), {}
    last = configurations.offsets[row + 1] - 1
    if how == "listed":
        energies[row], failures = np.nan, {row: "RuntimeError: no"}
    elif how.endswith("energy"):
        energies[row] = float(how.partition(" ")[0])
    else:
        forces[last, 2] = float(how.partition(" ")[0])
    return configurations, Predictions(energies, forces, failures)


WAYS_TO_FAIL = ["listed", "nan energy", "-inf energy", "nan force", "inf force", "1e200 force"]


@given(cases())
def test_every_quantity_agrees_with_plain_python(case: Case) -> None:
    assert_close(flat(few(case)), slow(*case, rows=list(range(len(case[0])))))


@pytest.mark.parametrize("n", [99, 100, 101, 250])
def test_larger_sets_agree_with_plain_python(n: int) -> None:
    case = random_case(n, seed=n)
    assert_close(flat(few(case)), slow(*case, rows=list(range(n))))


@pytest.mark.parametrize("n", [1, 2, 30])
def test_stresses_agree_with_plain_python(n: int) -> None:
    case = stressed(random_case(n, seed=n), seed=n)
    found = flat(few(case))
    assert_close(found, slow(*case, rows=list(range(n))))
    assert found["stress_rmse", "component"] is not None
    rows = [0] * n  # of a set that repeats one row
    repeated = case[0].select(rows), case[1].select(np.array(rows), case[0].n_atoms)
    assert_close(flat(few(repeated)), slow(*case, rows=rows))


def test_stresses_change_no_other_number_and_no_interval() -> None:
    case = random_case(40, seed=4)
    plain, more = measure(*case), measure(*stressed(case, seed=4))
    for quantity in QUANTITIES:
        if not quantity.startswith("stress_"):
            assert more.values[quantity] == plain.values[quantity]
            assert more.intervals[quantity] == plain.intervals[quantity]
    low, high = more.intervals["stress_rmse"]["component"] or (0.0, 0.0)
    assert low < (more.values["stress_rmse"]["component"] or 0.0) < high


def test_a_model_that_skips_a_stress_has_none_measured() -> None:
    configurations, predictions = stressed(random_case(6, seed=5), seed=5)
    assert predictions.stresses is not None
    some = predictions.stresses.copy()
    some[1] = np.nan
    metrics = few((configurations, replace(predictions, stresses=some)))
    assert metrics.values["stress_rmse"]["component"] is None
    assert metrics.n_failed == 0
    energies = predictions.energies.copy()
    energies[1] = np.nan
    failed = few((configurations, replace(predictions, energies=energies, stresses=some)))
    assert failed.values["stress_rmse"]["component"] is None
    assert failed.survivors is not None
    assert failed.survivors["stress_rmse"]["component"] is not None


def test_an_absurd_stress_is_a_failed_configuration() -> None:
    configurations, predictions = stressed(random_case(6, seed=5), seed=5)
    assert predictions.stresses is not None
    stresses = predictions.stresses.copy()
    stresses[1] = 1e200
    assert few((configurations, replace(predictions, stresses=stresses))).n_failed == 1


def test_what_is_estimated_is_what_is_declared() -> None:
    of_models = [quantity for quantity in QUANTITIES.values() if quantity.of == "model"]
    declared = {(each.name, convention) for each in of_models for convention in each.conventions}
    estimated = estimates_of(errors_of(*stressed(random_case(3, seed=0), 0))).keys()
    assert estimated | {("failed_configurations", "count")} == declared
    assert len({quantity.key for quantity in QUANTITIES.values()}) == len(QUANTITIES)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(case: Case, random: Any) -> None:  # noqa: ANN401 - hypothesis gives a Random of its own
    rows = list(range(len(case[0])))
    random.shuffle(rows)
    assert_close(flat(few(pick(case, rows))), flat(few(case)))


@given(cases(), st.data())
def test_the_whole_is_what_its_parts_combine_to(case: Case, data: st.DataObject) -> None:
    n = len(case[0])
    cut = data.draw(st.integers(1, max(1, n - 1)))
    parts = [pick(case, rows) for rows in (list(range(cut)), list(range(cut, n))) if rows]
    measured = [few(part) for part in parts]
    whole = few(case)
    sizes = {
        "per_configuration": [len(part[0]) for part in parts],
        "per_atom": [int(part[0].n_atoms.sum()) for part in parts],
    }

    def combined(quantity: str, convention: str, weight: str, power: int) -> float:
        values = [metrics.values[quantity][convention] for metrics in measured]
        assert None not in values
        terms = [w * (v or 0) ** power for w, v in zip(sizes[weight], values, strict=True)]
        return math.pow(sum(terms) / sum(sizes[weight]), 1 / power)

    for name in sizes:
        for quantity, power in (("energy_rmse", 2), ("energy_mae", 1)):
            expected = combined(quantity, name, name, power)
            assert whole.values[quantity][name] == pytest.approx(expected, rel=1e-10, abs=1e-9)
    for convention in ("component", "vector"):
        for quantity, power in (("force_rmse", 2), ("force_mae", 1)):
            expected = combined(quantity, convention, "per_atom", power)
            assert whole.values[quantity][convention] == pytest.approx(expected, rel=1e-10)


def test_a_constant_offset_is_removed_entirely() -> None:
    configurations, _ = random_case(40, seed=1)
    shifted = configurations.energies + 4.2 * configurations.n_atoms  # as EAM-Zhou's is
    values = few((configurations, Predictions(shifted, configurations.forces, {}))).values
    for name in ("per_configuration", "per_atom"):
        assert values["energy_offset"][name] == pytest.approx(4200)
        assert values["energy_rmse"][name] == pytest.approx(4200)
        assert values["energy_mae"][name] == pytest.approx(4200)
        assert values["energy_rmse"][f"{name}_offset_removed"] == pytest.approx(0, abs=1e-9)
        assert values["energy_mae"][f"{name}_offset_removed"] == pytest.approx(0, abs=1e-9)


def test_a_large_offset_does_not_cost_digits_of_the_rest() -> None:
    configurations, predictions = random_case(40, seed=2)
    shifted = predictions.energies + 1000.0 * configurations.n_atoms
    plain = few((configurations, predictions)).values
    values = few((configurations, Predictions(shifted, predictions.forces, {}))).values
    for convention in ("per_configuration_offset_removed", "per_atom_offset_removed"):
        for quantity in ("energy_rmse", "energy_mae"):
            # 1 keV/atom in float64 leaves 1e-13 keV
            expected = pytest.approx(plain[quantity][convention], rel=1e-9)
            assert values[quantity][convention] == expected


def test_scaled_forces_err_in_proportion() -> None:
    configurations, _ = random_case(40, seed=3)
    scaled = Predictions(configurations.energies, 1.25 * configurations.forces, {})
    values = few((configurations, scaled)).values
    rms = 1000 * math.sqrt(float(np.mean(configurations.forces**2)))
    lengths = 1000 * np.linalg.norm(configurations.forces, axis=1)
    assert values["force_rmse"]["component"] == pytest.approx(0.25 * rms)
    assert values["force_rmse"]["vector"] == pytest.approx(0.25 * rms * math.sqrt(3))
    assert values["force_mae"]["vector"] == pytest.approx(0.25 * lengths.mean())
    assert values["energy_rmse"]["per_atom"] == 0


ELEMENTS = np.array([3.0, -8.0, 0.5])
"""References of another code for H, Mo and W, eV."""

BOTH = ("per_configuration_composition_removed", "per_atom_composition_removed")


def moved(configurations: Configurations, scale: float) -> Predictions:
    """Scale energies and forces, and count energies from other zeros."""
    zeros = ELEMENTS[np.searchsorted([41, 42, 74], configurations.numbers)]
    references = np.add.reduceat(zeros, configurations.offsets[:-1])
    return Predictions(
        scale * configurations.energies + references, scale * configurations.forces, {}
    )


def test_references_of_another_code_are_removed_entirely() -> None:
    configurations, _ = random_case(40, seed=21)
    values = few((configurations, moved(configurations, 1.0))).values
    for convention in BOTH:
        assert values["energy_rmse"][convention] == pytest.approx(0, abs=1e-6)
        assert values["energy_slope"][convention] == pytest.approx(1)
    assert (values["energy_rmse"]["per_atom_offset_removed"] or 0) > 1000


@pytest.mark.parametrize("scale", [0.7, 1.3, -1.0, 0.0])
def test_a_slope_is_the_scale_of_differences_and_forces(scale: float) -> None:
    configurations, _ = random_case(40, seed=22)
    metrics = few((configurations, moved(configurations, scale)))
    for convention in BOTH:
        assert metrics.values["energy_slope"][convention] == pytest.approx(scale)
    assert metrics.values["force_slope"]["component"] == pytest.approx(scale)


def test_of_one_element_the_composition_is_an_offset() -> None:
    configurations, predictions = random_case(40, seed=23)
    alike = dataset(
        configurations.n_atoms.tolist(),
        configurations.energies.tolist(),
        configurations.forces.tolist(),
    )
    values = few((alike, predictions)).values["energy_rmse"]
    for name in ("per_configuration", "per_atom"):
        expected = values[f"{name}_offset_removed"]
        assert values[f"{name}_composition_removed"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("numbers", "removed"), [([42], {"offset", "composition"}), ([42, 74], {"composition"})]
)
def test_what_has_as_many_parameters_as_rows_is_no_measurement(
    numbers: list[int], removed: set[str]
) -> None:
    n = len(numbers)
    configurations = dataset([1] * n, [-1.0] * n, [[0.0, 0.0, 0.5]] * n, numbers)
    wrong = Predictions(np.array([900.0, -700.0][:n]), configurations.forces, {})
    metrics = few((configurations, wrong))
    for name in ("per_configuration", "per_atom"):
        for what in ("offset", "composition"):
            value = metrics.values["energy_rmse"][f"{name}_{what}_removed"]
            assert (value is None) == (what in removed)
        assert (metrics.values["energy_rmse"][name] or 0) > 1e5


def test_large_references_do_not_cost_digits_of_the_rest() -> None:
    configurations, predictions = random_case(40, seed=24)
    plain = few((configurations, predictions)).values["energy_rmse"]
    kev = predictions.energies + 1000 * np.add.reduceat(
        configurations.numbers, configurations.offsets[:-1]
    )
    values = few((configurations, Predictions(kev, predictions.forces, {}))).values["energy_rmse"]
    for convention in BOTH:
        assert values[convention] == pytest.approx(plain[convention], rel=1e-6)


def test_without_differences_and_forces_there_is_no_slope() -> None:
    still = dataset([1, 2], [-1.0, -2.0], [[0.0, 1e-12, 0.0]] * 3)
    metrics = few((still, Predictions(np.array([-1.5, -2.0]), np.ones((3, 3)), {})))
    assert set(metrics.values["energy_slope"].values()) == {None}
    assert set(metrics.values["force_slope"].values()) == {None}
    assert metrics.intervals["force_slope"] == {"component": None}


def test_units_and_weights_by_hand() -> None:
    # 1 atom 2 meV off, 3 atoms together 18 meV off: 2 and 6 meV/atom
    configurations = dataset([1, 3], [-1.0, -3.0], [[0.0, 0.0, 0.0]] * 4)
    forces = np.array([[0.003, 0.0, 0.004], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    values = few((configurations, Predictions(np.array([-0.998, -2.982]), forces, {}))).values
    assert values["energy_offset"] == pytest.approx({"per_configuration": 4, "per_atom": 5})
    assert values["energy_rmse"] == pytest.approx(
        {
            "per_configuration": math.sqrt(20),
            "per_atom": math.sqrt(28),
            "per_configuration_offset_removed": 2,
            "per_atom_offset_removed": math.sqrt(3),
            "per_configuration_composition_removed": 2,
            "per_atom_composition_removed": math.sqrt(3),
        }
    )
    assert values["force_rmse"] == pytest.approx(
        {"component": math.sqrt(25 / 12), "vector": math.sqrt(25 / 4)}
    )
    assert values["force_mae"] == pytest.approx({"component": 7 / 12, "vector": 5 / 4})
    assert values["force_worst_share"] == pytest.approx({"component": 1})


def test_the_worst_one_per_cent_of_250_are_three() -> None:
    configurations = dataset([1] * 250, [0.0] * 250, [[0.0, 0.0, 0.0]] * 250)
    errors = np.full(250, 0.001)
    errors[[17, 100, 249]] = -0.003
    forces = np.outer(errors, [0, 1, 0])
    values = few((configurations, Predictions(errors, forces, {}))).values
    share = 27 / (27 + 247)
    assert values["energy_worst_share"] == pytest.approx(
        {"per_configuration": share, "per_atom": share}
    )
    assert values["force_worst_share"] == pytest.approx({"component": share})


def test_single_precision_predictions_are_taken_at_their_value() -> None:
    configurations, predictions = random_case(20, seed=4)
    energies, forces = (
        array.astype(np.float32) for array in (predictions.energies, predictions.forces)
    )
    single = Predictions(energies, forces, {})  # type: ignore[arg-type] # what a careless caller does
    double = Predictions(energies.astype(np.float64), forces.astype(np.float64), {})
    assert few((configurations, single)) == few((configurations, double))


def test_no_error_at_all_is_zero_and_has_no_worst_share() -> None:
    configurations, _ = stressed(random_case(5, seed=5), seed=5)
    right = Predictions(configurations.energies, configurations.forces, {})
    metrics = few((configurations, replace(right, stresses=configurations.stresses)))
    for name, values in metrics.values.items():
        undefined = name.endswith("worst_share") or QUANTITIES[name].of != "model"
        expected = None if undefined else 1 if name.endswith("slope") else 0
        assert set(values.values()) == {expected}, name
    assert metrics.intervals["energy_rmse"]["per_atom"] is None
    assert metrics.intervals["energy_worst_share"]["per_atom"] is None


@pytest.mark.parametrize("how", WAYS_TO_FAIL)
@pytest.mark.parametrize("row", [0, 7, 19])
def test_one_failed_row_leaves_no_headline_number(row: int, how: str) -> None:
    case = random_case(20, seed=6)
    metrics = few(spoil(case, row, how))
    assert (metrics.n_configurations, metrics.n_failed) == (20, 1)
    assert metrics.values["failed_configurations"] == {"count": 1}
    assert set(flat(metrics).values()) == {None}
    intervals = [value for values in metrics.intervals.values() for value in values.values()]
    assert set(intervals) == {None}
    others = few(pick(case, [i for i in range(20) if i != row]))
    expected = dict(others.values)
    del expected["failed_configurations"]
    assert metrics.survivors == expected


def test_rows_that_failed_in_different_ways_add_up() -> None:
    case = random_case(20, seed=7)
    for row, how in enumerate(WAYS_TO_FAIL):
        configurations, predictions = spoil(case, row, how)
        failures = {**case[1].failures, **predictions.failures}
        case = configurations, Predictions(predictions.energies, predictions.forces, failures)
    metrics = few(case)
    assert metrics.n_failed == len(WAYS_TO_FAIL)
    assert metrics.survivors is not None


def test_all_failed_leaves_nothing_measured() -> None:
    configurations, predictions = random_case(4, seed=8)
    nothing = Predictions(np.full(4, np.nan), np.full_like(predictions.forces, np.nan), {})
    metrics = few((configurations, nothing))
    assert metrics.n_failed == 4
    assert metrics.survivors is not None
    assert {v for values in metrics.survivors.values() for v in values.values()} == {None}


def test_an_absurd_energy_is_no_number_that_could_pass() -> None:
    configurations, predictions = spoil(random_case(20, seed=9), 3, "1e300 energy")
    with np.errstate(over="ignore", invalid="ignore"):
        metrics = few((configurations, predictions))
    assert metrics.values["energy_rmse"]["per_atom"] is None
    assert metrics.intervals["energy_rmse"]["per_atom"] is None


def test_without_failures_there_are_no_survivors() -> None:
    metrics = few(random_case(20, seed=10))
    assert metrics.n_failed == 0
    assert metrics.survivors is None
    assert metrics.values["failed_configurations"] == {"count": 0}
    assert metrics.intervals["failed_configurations"] == {"count": None}


def test_no_configurations_is_an_error() -> None:
    empty = Predictions(np.zeros(0), np.zeros((0, 3)), {})
    with pytest.raises(
        MeasurementError, match=r"^there are no configurations to measure errors on$"
    ):
        measure(dataset([], [], []), empty)


def test_a_configuration_without_atoms_is_an_error() -> None:
    configurations = dataset([1, 0], [0.0, 0.0], [[0.0, 0.0, 0.0]])
    with pytest.raises(MeasurementError, match="configuration 1 has no atoms"):
        measure(configurations, Predictions(np.zeros(2), np.zeros((1, 3)), {}))


@pytest.mark.parametrize(("more_rows", "more_atoms"), [(1, 0), (0, 1), (-1, 0), (0, -1)])
def test_predictions_of_another_dataset_are_an_error(more_rows: int, more_atoms: int) -> None:
    configurations, predictions = random_case(5, seed=11)
    other = Predictions(
        np.zeros(len(predictions) + more_rows),
        np.zeros((len(predictions.forces) + more_atoms, 3)),
        {},
    )
    with pytest.raises(MeasurementError, match="do not fit a dataset of 5 configurations"):
        measure(configurations, other)


@pytest.mark.parametrize("how", [*WAYS_TO_FAIL, "-1.5 energy"])
def test_results_are_valid_json(how: str) -> None:
    metrics = few(spoil(random_case(20, seed=12), 4, how))
    result = json.loads(json.dumps(metrics.to_json(), allow_nan=False))
    keys = {quantity.key for quantity in QUANTITIES.values()}
    assert result.keys() == keys | {
        *("n_configurations", "sample_of", "n_failed", "intervals", "survivors", "bootstrap")
    }
    assert result["intervals"].keys() == keys
    assert result["bootstrap"] == {
        "n_resamples": 2,
        "seed": metrics.how.seed,
        "level": 0.95,
        "n_groups": 20,
    }
    if metrics.n_failed:
        assert result["survivors"]["n_configurations"] == 19
        assert result["energy_rmse_mev_per_atom"]["per_atom"] is None
    else:
        assert result["survivors"] is None
        low, high = result["intervals"]["force_rmse_mev_per_ang"]["component"]
        assert low <= high
        # the one energy that was spoilt carries it: nothing bounds what others would do
        assert result["intervals"]["energy_rmse_mev_per_atom"]["per_atom"] is None
