"""Every verdict says where its limit comes from, and why it is what it is."""

import pytest

from umlip_gate.report.claims import committed_thresholds
from umlip_gate.report.origin import with_origin

pytestmark = pytest.mark.selftest


@pytest.mark.parametrize(
    ("verdict", "source", "rationale"),
    [
        ("eqV2:W-g:abstract-eqv2.energy", "Abstract; §4; §5: The latest Equi", "Models: the three"),
        ("mine:W-g:gate.release.energy", "gate release", "own"),
        ("mine:W-g:physics.rotation_energy", "thresholds/physics/", "own"),
        ("nobody:W-g:reference.energy_rmse.per_atom", "thresholds/reference/", "own"),
        ("mine:W-g:measured", "thresholds/", "own"),
    ],
)
def test_where_a_limit_comes_from(verdict: str, source: str, rationale: str) -> None:
    found = with_origin({"id": verdict, "rationale": "own"}, committed_thresholds())
    assert found["limit_source"].startswith(source)
    assert found["rationale"].strip().startswith(rationale)


def test_a_reference_has_its_files_rationale() -> None:
    thresholds = committed_thresholds()
    reference = thresholds.references[0]
    name = f"{reference.model}:{reference.dataset}:reference.energy_rmse.per_atom"
    found = with_origin({"id": name, "rationale": None}, thresholds)
    assert found["rationale"] == reference.rationale
