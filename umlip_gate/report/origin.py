"""Where a limit comes from, and why it is what it is."""

from collections.abc import Mapping
from typing import Any

from umlip_gate.claims.thresholds import Thresholds


def with_origin(verdict: Mapping[str, Any], thresholds: Thresholds) -> dict[str, Any]:
    """Return a verdict with `limit_source`, and with the `rationale` of claims and references."""
    model, dataset, item = verdict["id"].split(":", 2)
    first, _, rest = item.partition(".")
    source, rationale = "thresholds/", verdict["rationale"]
    if claim := thresholds.claims.get(first):
        source, rationale = f"{claim.source}: {claim.statement}", claim.rationale
    elif first == "reference":
        source = "thresholds/reference/, what is known of this model"
        rationale = next(
            (
                r.rationale
                for r in thresholds.references
                if (r.model, r.dataset) == (model, dataset)
            ),
            rationale,
        )
    elif first == "gate":
        source = f"gate {rest.partition('.')[0]}"
    elif first == "physics":
        source = "thresholds/physics/"
    return {**verdict, "limit_source": source, "rationale": rationale}
