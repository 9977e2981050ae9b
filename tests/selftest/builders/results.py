"""Made results files: numbers and texts of any kind, in the form of the real ones."""

from typing import Any

ENERGY, FORCE = "energy_rmse_mev_per_atom", "force_rmse_mev_per_ang"


def made_measurement(model: str, dataset: str, energy: float | None, n: int = 6) -> dict[str, Any]:
    ends = None if energy is None else [0.9 * energy, 1.1 * energy]
    return {
        "model": model,
        "dataset": dataset,
        "source": "live",
        "n_configurations": n,
        "n_failed": 1,
        "sample_of": None,
        ENERGY: {"per_atom": energy},
        FORCE: {"component": energy},
        "intervals": {ENERGY: {"per_atom": ends}, FORCE: {"component": ends}},
        "failures": {"5": f"{model} failed"},
        "identity": {"source": "live"},
    }


def made_columns(n: int = 6) -> dict[str, Any]:
    """Errors that grow with the row; the last row failed."""
    good = list(range(n - 1))
    return {
        "row": list(range(n)),
        "n_atoms": [2] * n,
        "reference_energy_ev_per_atom": [-8.0 + 0.1 * row for row in good] + [None],
        "energy_error_mev_per_atom": [float(row**2) for row in good] + [None],
        "reference_force_ev_per_ang": [0.5 * row for row in good] + [None],
        "force_rmse_mev_per_ang": [10.0 * row for row in good] + [None],
    }


def made_results(
    model: str = "mine", text: str = "because", energy: float | None = 4.5, exit_code: int = 1
) -> dict[str, Any]:
    base: dict[str, Any] = {
        "model": model,
        "dataset": "W-g",
        "judged": None,
        "interval": None,
        "relation": "<",
        "limit": 5.0,
        "unit": "meV/atom",
        "source": "live",
        "reason": text,
        "limit_source": text,
        "rationale": text,
        "details": {},
    }
    outcomes = ["passed", "failed", "skipped", "passed"]
    verdicts = [
        {
            **base,
            "id": f"{model}:W-g:item-{number}",
            "outcome": outcome,
            "value": None if outcome == "skipped" else energy,
        }
        for number, outcome in enumerate(outcomes)
    ]
    histogram = {"least": 0, "mean": 1, "greatest": 2, "edges": [0.0, 1.0, 2.0], "counts": [3, 3]}
    claim = {"id": "fig1", "figure": "Fig. 1", "label": "reproduced", "n_items": 1, "n_asked": 1}
    return {
        "exit_code": exit_code,
        "judged": {"candidate": model, "gate": "quick"},
        "interrupted": None,
        "unmeasured": [],
        "datasets": {"W-g": {"energy_ev_per_atom": histogram}},
        "measurements": [made_measurement(model, "W-g", energy)],
        "costs": [],
        "verdicts": verdicts,
        "claims": [{**claim, "measured": [text], "missing": []}],
    }


def made_configurations(model: str = "mine") -> dict[str, Any]:
    formulas = {"W-g": [f"W{row + 1}" for row in range(6)]}
    key = f"{model} | W-g | live"
    return {
        "formulas": formulas,
        "measurements": {key: made_columns()},
        "illustrations": {key: made_illustrations()},
    }


def made_illustrations() -> dict[str, Any]:
    """The failed configuration and the worst, and forces whose counts are known."""
    forces = [[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]]
    structure = {
        "row": 4,
        "numbers": [74, 74],
        "positions_ang": [[0.0, 0.0, 0.0], [1.6, 1.6, 1.6]],
        "cell_ang": [[3.2, 0.0, 0.0], [0.0, 3.2, 0.0], [0.0, 0.0, 3.2]],
        "forces_ev_per_ang": forces,
        "predicted_forces_ev_per_ang": [[0.3, 0.0, 0.0], [-0.3, 0.0, 0.0]],
    }
    failed = {**structure, "row": 5, "predicted_forces_ev_per_ang": None}
    return {
        "structures": [failed, structure],
        "force_parity": {
            "edges_ev_per_ang": [-1.0, 0.0, 1.0],
            "n_components": 30,
            "n_failed": 6,
            "counts": [[0, 0, 14], [1, 1, 16]],
        },
    }
