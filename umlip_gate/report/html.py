"""A run, or two of them side by side, as one HTML file that needs nothing from anywhere."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from umlip_gate.report.answer import counted, headline
from umlip_gate.report.causes import N_NAMED, ORDER, Cause, causes, distance
from umlip_gate.report.claims import IN_PART, State
from umlip_gate.report.configurations import key_of
from umlip_gate.report.drawings import figures_section, page_data, worst_section
from umlip_gate.report.figures import ENERGY, FORCE
from umlip_gate.report.markup import breakable, folded, number, row, select, shown, table
from umlip_gate.report.run import Run
from umlip_gate.report.tables import NOTHING, shown_interval, shown_limit, shown_value

CLASS_OF_STATE = {
    State.REPRODUCED: "passed",
    IN_PART: "passed",
    State.CONTRADICTED: "failed",
    State.ERROR: "failed",
    State.DEPENDS: "inconclusive",
    State.UNDECIDED: "inconclusive",
}
"""The colours of a claim's state: those of outcomes."""
Ends = Sequence[float | None] | None
"""Of an interval in a results file."""
MOST_TIMES = 100
"""A change beyond this factor is not written as a share."""
DIGITS = 12
"""Of a digest, in a row of the verdicts; the whole stands under Provenance."""


def page(runs: Sequence[Run]) -> str:
    """Return the report of the last run, with what changed since the first that measured errors."""
    run = runs[-1].with_costs_of(runs)
    asset = files("umlip_gate.report")
    points = json.dumps(page_data(run), ensure_ascii=False, separators=(",", ":"))
    points = points.replace("<", "\\u003c")  # no text ends the element
    before = next((each for each in runs[:-1] if each.results["measurements"]), None)
    compared = _comparison(before, run) if before else ""
    return "".join(
        (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">',
            f"<title>umlip-gate: {escape(headline(run.results)[1])}</title>",
            f"<style>{(asset / 'page.css').read_text(encoding='utf-8')}</style></head><body>",
            _answer(run),
            "<main>",
            compared,
            _verdicts(run.results),
            figures_section(run),
            worst_section(run),
            _claims(run.results),
            _identity(run.results),
            "</main>",
            f'<script type="application/json" id="points">{points}</script>',
            f"<script>{(asset / 'page.js').read_text(encoding='utf-8')}</script></body></html>",
        )
    )


def _answer(run: Run) -> str:
    results = run.results
    kind, sentence = headline(results)
    interrupted = results.get("interrupted") or {"kept": []}
    lines = [counted(results), *interrupted["kept"], *results["unmeasured"]]
    told = "".join(f"<p>{escape(line)}</p>" for line in lines)
    items = "".join(map(_cause, causes(results["verdicts"])))
    why = f"<details open><summary>What did not pass, and why</summary><ul>{items}</ul></details>"
    links = "".join(
        f'<a href="#{name}">{name}</a>' for name in ("verdicts", "figures", "worst", "claims")
    )
    return (
        f'<header><div class="answer {kind}"><h1>{escape(sentence)}</h1>{told}</div>'
        f'{why if items else ""}<nav aria-label="sections">{links}</nav></header>'
    )


def _cause(cause: Cause) -> str:
    """Return one cause: the values by how much they are outside, and why the limit is there."""
    first = cause.verdicts[0]
    about = cause.who()[0] if cause.who() else ""
    outside = [
        f"{verdict['id']}: {far}"
        for verdict in cause.verdicts[:N_NAMED]
        if cause.of_values and (far := distance(verdict))
    ]
    notes = "".join(f"<br><small>{escape(line)}</small>" for line in [*outside, about] if line)
    why = f"from {first.get('limit_source')}\n{first.get('rationale') or ''}"
    is_open = cause.outcome == "failed"
    limit = folded("why this limit", f"<div>{escape(why)}</div>", is_open=is_open)
    return (
        f'<li><span class="outcome {cause.outcome}">{cause.count}</span>: '
        f"{escape(cause.text)}{notes}{limit if cause.of_values else ''}</li>"
    )


def _verdicts(results: Mapping[str, Any]) -> str:
    identities = {
        (entry["model"], entry["dataset"]): short_identity(entry["identity"])
        for entry in results["measurements"]
    }
    verdicts = sorted(results["verdicts"], key=lambda v: (ORDER.index(v["outcome"]), v["id"]))
    rows = []
    for verdict in verdicts:
        model, dataset, item = verdict["id"].split(":", 2)
        outcome = verdict["outcome"]
        more = {
            "reason": verdict["reason"],
            "limit from": verdict.get("limit_source"),
            "why this limit": verdict.get("rationale"),
            "predictions": verdict["source"],
            "identity": identities.get((model, dataset)),
        }
        told = "\n".join(f"{key}: {text}" for key, text in more.items() if text)
        value = verdict["value"]
        rows.append(
            f'<tr data-outcome="{escape(outcome)}" data-model="{escape(model)}" '
            f'data-dataset="{escape(dataset)}" data-claim="{escape(_claim_of(item))}">'
            f'<td class="outcome {escape(outcome)}">'
            f"{escape(outcome.replace('_', ' '))}</td><td>{escape(model)}</td>"
            f"<td>{escape(dataset)}</td><td><details><summary>{breakable(item)}</summary>"
            f"<div>{escape(told)}</div></details></td>"
            f"{number(value, shown_value(value, verdict['limit'], verdict['unit']))}"
            f'<td class="number">{escape(shown_interval(verdict["interval"]))}</td>'
            f'<td class="number">{escape(shown_limit(verdict["relation"], verdict["limit"]))}</td>'
            "</tr>"
        )
    controls = "".join(
        select(f"data-filter={name}", label, values, everything=True)
        for name, label, values in (
            ("outcome", "outcome", [v["outcome"] for v in verdicts]),
            ("model", "model", [v["id"].split(":", 2)[0] for v in verdicts]),
            ("dataset", "dataset", [v["id"].split(":", 2)[1] for v in verdicts]),
            ("claim", "claim or gate", [_claim_of(v["id"].split(":", 2)[2]) for v in verdicts]),
        )
    )
    heads = ("verdict", "model", "dataset", "item", "value", "95 % interval", "limit")
    return (
        f'<section id="verdicts"><h2>Verdicts</h2><div class="controls">{controls}'
        '<label>search<input type="search" data-filter="text"></label></div>'
        f'<p role="status" id="n-shown">{len(rows)} shown</p>'
        f"{table(heads, rows, 'verdicts', 'verdict-rows', sortable=True, tall=True)}</section>"
    )


def _claim_of(item: str) -> str:
    """Return the claim, or the gate, that an item belongs to."""
    first, _, rest = item.partition(".")
    return f"gate {rest.partition('.')[0]}" if first == "gate" else first


def _claims(results: Mapping[str, Any]) -> str:
    rows = []
    for claim in results["claims"]:
        told = {
            "measured": claim["measured"],
            "missing": claim["missing"],
            "how it is read": [claim["rationale"]] if claim.get("rationale") else [],
        }
        evidence = "\n".join(
            f"{name}:\n{''.join(f'  {line}{chr(10)}' for line in lines)}"
            for name, lines in told.items()
            if lines
        )
        opened = folded("evidence", f"<div>{escape(evidence)}</div>") if evidence else ""
        rows.append(
            f'<tr><td class="name">{escape(claim["id"])}</td><td>{escape(claim["figure"])}</td>'
            f'<td class="outcome {CLASS_OF_STATE.get(claim["label"], "")}">'
            f"{escape(claim['label'])}</td>"
            f'<td class="number">{len(claim["measured"])} of {claim["n_items"]}</td>'
            f"<td>{escape(claim.get('statement') or '')}{opened}</td></tr>"
        )
    counts = Counter(claim["label"] for claim in results["claims"])
    told_counts = ", ".join(f"{n} {label}" for label, n in counts.most_common())
    heads = ("claim", "figure", "state", "measured", "what the paper says, and the evidence")
    listed = table(heads, rows, "claims", "claim-rows", sortable=True, tall=True)
    return (
        f'<section id="claims"><h2>Claims of the paper ({len(rows)})</h2>'
        f"<p>{escape(told_counts)}</p>{listed}</section>"
    )


def short_identity(identity: Mapping[str, Any]) -> str:
    """Return what predictions were made with, in a line."""
    if parts := identity.get("members") or identity.get("datasets"):
        return f"of {', '.join(parts)}: see Provenance"
    told = [
        f"{key} {str(identity[key])[:DIGITS]}"
        for key in ("family", "device", "dtype", "checkpoint", "dataset", "file", "worker")
        if identity.get(key) is not None
    ]
    packages = identity.get("packages") or {}
    return ", ".join([*told, *(f"{name} {version}" for name, version in packages.items())])


def _identity(results: Mapping[str, Any]) -> str:
    keys = ("schema_version", "date", "duration_s", "host", "suite", "judged")
    about = {key: results[key] for key in keys if key in results}
    for entry in results["measurements"]:
        about[f"identity of {key_of(entry)}"] = entry["identity"]
    text = escape(json.dumps(about, indent=1, ensure_ascii=False))
    return (
        '<section id="identity"><h2>Provenance</h2><details><summary>versions, host and the '
        f"identity of all predictions</summary><div>{text}</div></details></section>"
    )


def _comparison(before: Run, after: Run) -> str:
    """Return which verdicts changed, which are of one run alone, and which numbers moved."""
    old, new = (
        {verdict["id"]: verdict["outcome"] for verdict in run.results["verdicts"]}
        for run in (before, after)
    )
    changed = [
        row(item, old.get(item, NOTHING), new.get(item, NOTHING))
        for item in dict.fromkeys([*new, *old])
        if old.get(item) != new.get(item)
    ]
    moved = [
        row(name, title, shown(numbers[0]), shown(numbers[1]), _how_far(numbers, ends))
        for name, title, numbers, ends in _moved(before, after)
    ]
    heads = ("result", "quantity", before.name, after.name, "by how much")
    return (
        f'<section id="changes"><h2>{escape(before.name)} and {escape(after.name)}</h2>'
        f"<h3>Verdicts that changed, or are of one run alone: {len(changed)}</h3>"
        f"{table(('item', before.name, after.name), changed, 'changed verdicts', 'changed-rows')}"
        f"<h3>Numbers that moved: {len(moved)}</h3>"
        f"{table(heads, moved, 'moved numbers', 'moved-rows')}"
        "</section>"
    )


def _moved(
    before: Run, after: Run
) -> Iterator[tuple[str, str, tuple[float, float], tuple[Ends, Ends]]]:
    """Yield result, quantity, both values and both intervals of every RMSE that differs."""
    known = {key_of(entry): entry for entry in before.results["measurements"]}
    for entry in after.results["measurements"]:
        if (other := known.get(key_of(entry))) is None:
            continue
        for quantity, convention, title in (ENERGY, FORCE):
            old, new = (each[quantity][convention] for each in (other, entry))
            if None in (old, new) or old == new:
                continue
            ends = (
                other["intervals"][quantity][convention],
                entry["intervals"][quantity][convention],
            )
            yield key_of(entry), title, (old, new), ends


def _how_far(numbers: tuple[float, float], ends: tuple[Ends, Ends]) -> str:
    """Return by how much a number moved, and whether the two intervals are apart."""
    (old, new), (one, other) = numbers, ends
    share = f"{new / old - 1:+.1%}, " if old and abs(new / old) < MOST_TIMES else ""
    if not one or not other or None in (*one, *other):
        return f"{share}without an interval"
    apart = one[1] < other[0] or other[1] < one[0]  # type: ignore[operator]
    return f"{share}{'beyond' if apart else 'within'} the intervals"
