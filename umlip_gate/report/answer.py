"""The answer of a run in a sentence, and how many checks ended how."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from umlip_gate.report.causes import ORDER, number_of


def headline(results: Mapping[str, Any]) -> tuple[str, str]:
    """Return `pass`, `fail` or `open`, and a sentence."""
    code = results["exit_code"]
    judged = results.get("judged") or {}
    who = judged.get("candidate") or "The run"
    gate = f" the gate {judged['gate']}" if judged.get("gate") else ""
    if results.get("interrupted"):
        return "open", f"{who}: interrupted by {results['interrupted']['by']}, no verdict"
    if code == 0:
        return "pass", f"{who} passes{gate}"
    if code == 1:
        return "fail", f"{who} fails{gate}"
    return "open", f"{who}: no verdict, something was not measured or not decided"


def counted(results: Mapping[str, Any]) -> str:
    """Return the exit code and the number of verdicts by outcome, the worst first."""
    counts = Counter(verdict["outcome"] for verdict in results["verdicts"])
    told = ", ".join(number_of(counts[o], o) for o in ORDER if counts[o])
    return f"exit code {results['exit_code']} · {told or 'no verdict'}"
