"""What did not pass, each cause once, the worst first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from umlip_gate.report.tables import shown_interval, shown_limit, shown_value

ORDER = ("failed", "error", "inconclusive", "known_failure", "skipped", "passed")
"""Outcomes, the worst first."""
DECIDED = ("failed", "known_failure")
N_NAMED = 3
"""How many of the verdicts that share a cause are named."""


@dataclass(frozen=True)
class Cause:
    """Verdicts that ended alike for one reason.

    Attributes
    ----------
    outcome
        How they ended.
    text
        The reason: of measured values, the check and the values.
    verdicts
        As in a results file.
    of_values
        Whether the text says what was measured, of which models and datasets.
    """

    outcome: str
    text: str
    verdicts: Sequence[Mapping[str, Any]]
    of_values: bool = False

    @property
    def models(self) -> list[str]:
        """The models that the verdicts are about."""
        return list(dict.fromkeys(verdict["id"].split(":", 2)[0] for verdict in self.verdicts))

    @property
    def datasets(self) -> list[str]:
        """The datasets that the verdicts are about."""
        return list(dict.fromkeys(verdict["id"].split(":", 2)[1] for verdict in self.verdicts))

    @property
    def count(self) -> str:
        """How many, and how they ended."""
        return number_of(len(self.verdicts), self.outcome)

    def who(self) -> list[str]:
        """Return what the verdicts are about, in words, the longest first."""
        if self.of_values:
            return []
        models, datasets = ", ".join(self.models), ", ".join(self.datasets)
        return [
            f"{models} on {datasets}",
            models,
            f"models: {len(self.models)}, datasets: {len(self.datasets)}",
        ]


def number_of(n: int, outcome: str) -> str:
    """Return a count of verdicts in words."""
    plural = "s" if n > 1 and outcome in ("error", "known_failure") else ""
    return f"{n} {outcome.replace('_', ' ')}{plural}"


def causes(verdicts: Iterable[Mapping[str, Any]]) -> list[Cause]:
    """Group what did not pass by its cause.

    A value outside its limit shares a cause with other values outside of the same limit; all else
    with what has the same reason, whichever model and dataset it names first.
    """
    found: dict[tuple[str, str, bool], list[Mapping[str, Any]]] = {}
    for verdict in verdicts:
        if verdict["outcome"] == "passed":
            continue
        of_values = verdict["outcome"] in DECIDED and distance(verdict) is not None
        by = _check(verdict) if of_values else reason_alone(verdict)
        found.setdefault((verdict["outcome"], by, of_values), []).append(verdict)
    grouped = [
        Cause(outcome, _values(own) if of_values else by, own, of_values)
        for (outcome, by, of_values), own in found.items()
    ]
    return sorted(grouped, key=lambda cause: ORDER.index(cause.outcome))


def reason_alone(verdict: Mapping[str, Any]) -> str:
    """Return the first line of a reason without the model and dataset that it begins with.

    With what it announces by a colon; of what was measured, without what else is told of it.
    """
    lines = [line.strip() for line in verdict["reason"].splitlines()]
    reason = lines[0] if lines else ""
    if reason.endswith(":"):
        reason = f"{reason} {'; '.join(lines[1:])}"
    if verdict["value"] is not None:
        reason = reason.partition("; ")[0]
    model, dataset, _ = verdict["id"].split(":", 2)
    for prefix in (f"{model} on {dataset}: ", f"{model}: ", f"{dataset}: "):
        reason = reason.removeprefix(prefix)
    return reason


def distance(verdict: Mapping[str, Any]) -> str | None:
    """Return by how much a value is outside its limit; None if it is inside or has none."""
    value, limit = verdict["value"], verdict["limit"]
    if value is None or limit is None:
        return None
    ends = [end for end in (limit if isinstance(limit, Sequence) else [limit]) if end is not None]
    below, above = verdict["relation"] in ("<", "≤"), verdict["relation"] in (">", "≥")
    for end in ends:
        outside = value - end if below or (not above and end == max(ends)) else end - value
        if outside > 0 or (outside == 0 and verdict["relation"] in ("<", ">")):
            unit = verdict["unit"] if verdict["unit"] not in (None, "1") else ""
            share = f" ({outside / abs(end):.0%} of it)" if end else ""
            return f"{outside:.4g} {unit}".rstrip() + f" outside{share}"
    return None


def _check(verdict: Mapping[str, Any]) -> str:
    _, _, item = verdict["id"].split(":", 2)
    return f"{item} {shown_limit(verdict['relation'], verdict['limit'])}"


def _values(verdicts: Sequence[Mapping[str, Any]]) -> str:
    first = verdicts[0]
    _, _, item = first["id"].split(":", 2)
    parts = []
    for verdict in verdicts[:N_NAMED]:
        model, dataset, _ = verdict["id"].split(":", 2)
        value = shown_value(verdict["value"], verdict["limit"], verdict["unit"])
        ends = shown_interval(verdict["interval"]).replace(" … ", "…")
        ends = f" ({ends})" if verdict["interval"] else ""
        parts.append(f"{verdict['model'] or model} on {dataset} {value}{ends}")
    others = f" and {len(verdicts) - N_NAMED} others" if len(verdicts) > N_NAMED else ""
    limit = shown_limit(first["relation"], first["limit"])
    return f"{item}, limit {limit}: {'; '.join(parts)}{others}"
