"""Units that a slope of predicted against reference values suggests for the reference."""

from umlip_gate.datasets.readers.limits import limits
from umlip_gate.metrics.errors import GPA_PER_EV_PER_ANG3
from umlip_gate.metrics.measurement import Metrics

SLOPES = {
    ("energy_slope", "per_configuration_composition_removed"): {
        "hartree": 27.211386,
        "kcal/mol": 1 / 23.060548,
        "kJ/mol": 1 / 96.485332,
    },
    ("force_slope", "component"): {
        "hartree/bohr": 51.422067,
        "hartree/Å": 27.211386,
        "kcal/mol/Å": 1 / 23.060548,
        "kJ/mol/Å": 1 / 96.485332,
    },
    ("stress_slope", "component"): {
        "GPa": 1 / GPA_PER_EV_PER_ANG3,
        "kbar": 0.1 / GPA_PER_EV_PER_ANG3,
        "eV/Å³ of the opposite sign, as a pressure,": -1.0,
        "GPa of the opposite sign, as a pressure,": -1 / GPA_PER_EV_PER_ANG3,
        "kbar of the opposite sign, as VASP prints it,": -0.1 / GPA_PER_EV_PER_ANG3,
    },
}
"""(quantity, convention) -> unit of the reference -> the slope of a right model (CODATA 2018)."""


def suspected_units(metrics: Metrics) -> list[str]:
    """Return, in a line each, which unit a slope suggests that the reference is in."""
    share = limits().suspicion.unit_share
    return [
        f"{quantity} {slope:.4g} is near {expected:.4g}: is the reference in {unit}?"
        for (quantity, convention), units in SLOPES.items()
        for unit, expected in units.items()
        if (slope := metrics.values[quantity][convention]) is not None
        and abs(slope - expected) <= share * abs(expected)
    ]
