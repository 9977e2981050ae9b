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
    return {"formulas": formulas, "measurements": {f"{model} | W-g | live": made_columns()}}
