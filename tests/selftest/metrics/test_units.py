from dataclasses import replace

import numpy as np
import pytest

from tests.selftest.builders.datasets import made_rows
from tests.selftest.builders.measured import measure
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics.units import suspected_units
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

TRUTH = Configurations.from_rows(made_rows(40))


def lines(energy_ev: float, force_ev_per_ang: float) -> list[str]:
    """What is said of a reference in other units, of a model that is right within 3 %."""
    reference = replace(
        TRUTH, energies=TRUTH.energies / energy_ev, forces=TRUTH.forces / force_ev_per_ang
    )
    predictions = Predictions(1.03 * TRUTH.energies, 0.97 * TRUTH.forces, {})
    return suspected_units(measure(reference, predictions, n_resamples=2))


def test_nothing_is_said_of_right_units_or_of_a_soft_model() -> None:
    assert lines(1.0, 1.0) == []
    assert lines(1.0, 1 / 0.38) == []


@pytest.mark.parametrize(
    ("ev", "unit"), [(27.211, "hartree"), (1 / 23.06, "kcal/mol"), (1 / 96.485, "kJ/mol")]
)
def test_an_energy_slope_names_the_unit(ev: float, unit: str) -> None:
    (line,) = lines(ev, 1.0)
    assert line.startswith("energy_slope ")
    assert line.endswith(f"is the reference in {unit}?")


@pytest.mark.parametrize(("ev_per_ang", "unit"), [(51.422, "hartree/bohr"), (27.2, "hartree/Å")])
def test_a_force_slope_names_the_unit(ev_per_ang: float, unit: str) -> None:
    (line,) = lines(1.0, ev_per_ang)
    assert line.startswith("force_slope ")
    assert line.endswith(f"is the reference in {unit}?")
    assert np.isfinite(float(line.split()[1]))
