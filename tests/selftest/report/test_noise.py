"""How well DFT agrees with DFT, as it stands beside every model."""

import pytest

from umlip_gate.claims.schema import Reference
from umlip_gate.datasets.registry import Dataset
from umlip_gate.report.noise import noise_floors
from umlip_gate.report.tables import ensemble_table, measured_table

pytestmark = pytest.mark.selftest


def dataset(id_: str, **subset: object) -> Dataset:
    entry: dict[str, object] = {
        "id": id_,
        "title": "made up",
        "elements": ["W"],
        "files": [{"path": "x.xyz"}],
        "reader": "extxyz",
    }
    return Dataset.model_validate(entry | ({"subset": subset} if subset else {}))


def reference(model: str, on: str, **values: float) -> Reference:
    units = {"per_atom": ("energy_rmse", "meV/atom"), "component": ("force_rmse", "meV/Å")}
    return Reference.model_validate(
        {
            "model": model,
            "dataset": on,
            "source": "published",
            "rationale": "a self-test's",
            "values": [
                {
                    "quantity": units[convention][0],
                    "convention": convention,
                    "unit": units[convention][1],
                    "value": value,
                    "absolute_tolerance": 0.1,
                }
                for convention, value in values.items()
            ],
        }
    )


OTHER = {"of": "whole", "within_ang": 0.1, "recalculation": "DFT-2", "recalculation_of": "source"}
DATASETS = {
    each.id: each
    for each in (
        dataset("whole"),
        dataset("source"),
        dataset("bulk", **OTHER),
        dataset("slab", **OTHER),
        dataset("part", of="whole", within_ang=0.1),
    )
}


def row(model: str, on: str, **more: object) -> dict[str, object]:
    energies = dict.fromkeys(
        (
            "per_configuration",
            "per_atom",
            "per_configuration_offset_removed",
            "per_atom_offset_removed",
            "per_configuration_composition_removed",
        ),
        3.0,
    )
    return {
        "model": model,
        "dataset": on,
        "source": "live",
        "n_configurations": 64,
        "sample_of": None,
        "n_failed": 0,
        "energy_rmse_mev_per_atom": energies,
        "energy_slope": {"per_configuration_composition_removed": 1.0},
        "force_rmse_mev_per_ang": {"component": 90.0, "vector": 156.0},
        "force_slope": {"component": None},
        **more,
    }


def test_a_floor_spans_the_parts_and_stands_for_both_datasets() -> None:
    floors = noise_floors(
        [
            reference("DFT-2", "bulk", per_atom=1.5, component=21.0),
            reference("DFT-2", "slab", per_atom=1.9),
            reference("a-model", "bulk", per_atom=400.0),
            reference("a-model", "part", per_atom=400.0),
        ],
        DATASETS,
    )
    both = {"energy_rmse": {"per_atom": (1.5, 1.9)}, "force_rmse": {"component": (21.0, 21.0)}}
    assert floors["whole"] == floors["source"] == both
    assert floors["slab"] == {"energy_rmse": {"per_atom": (1.9, 1.9)}}
    assert "part" not in floors


def test_the_floor_is_a_line_of_the_table_of_its_dataset_only() -> None:
    floors = noise_floors([reference("DFT-2", "bulk", per_atom=1.5, component=21.0)], DATASETS)
    lines = measured_table([row("m", "whole"), row("m", "part")], floors)
    assert len(lines) == 4
    assert lines[-1].split() == [
        *("DFT", "against", "DFT", "whole", "reference", "parts"),
        *("-", "1.50", "-", "-", "-", "-", "21.0", "-", "-"),
    ]
    assert len(measured_table([row("m", "part")], floors)) == 2


def test_a_sample_says_of_how_many() -> None:
    (_, line) = measured_table([row("m", "whole", sample_of=1026, n_failed=2)])
    assert "64 of 1026, 2 failed" in line


def test_ensembles_have_a_table_of_their_own() -> None:
    above = dict.fromkeys(("1", "2", "3", "5"), 0.25)
    spearman = {"energy_deviation_spearman": {"total": 0.445, "per_atom": None}}
    measured = row(
        "e",
        "whole",
        **spearman,
        force_deviation_spearman={"vector": 0.754},
        intervals={
            "energy_deviation_spearman": {"total": (0.39, 0.5), "per_atom": None},
            "force_deviation_spearman": {"vector": None},
        },
        uncertainty={
            "share_of_errors_above_multiples_of_the_deviation": {"energy": above, "force": above}
        },
    )
    lines = ensemble_table([row("m", "whole"), measured])
    assert len(lines) == 2
    assert "0.445 (0.39 … 0.50)  -" in lines[1]
    assert "25.0% / 25.0% / 25.0%" in lines[1]
    assert ensemble_table([row("m", "whole")]) == []
