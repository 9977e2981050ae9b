"""A run, or two of them side by side, as one HTML file that needs nothing from anywhere."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from umlip_gate.report.answer import counted, headline
from umlip_gate.report.causes import N_NAMED, ORDER, Cause, causes, distance
from umlip_gate.report.configurations import key_of
from umlip_gate.report.drawings import figures_section, page_data, worst_section
from umlip_gate.report.figures import ENERGY, FORCE
from umlip_gate.report.markup import folded, number, row, select, shown, table
from umlip_gate.report.run import Run
from umlip_gate.report.tables import shown_interval, shown_limit, shown_value

DIGITS = 12
"""Of a digest, in a row of the verdicts; the whole stands under Provenance."""


def page(runs: Sequence[Run]) -> str:
    """Return the report of the last run, with what changed since the first if there are two."""
    run = runs[-1].with_costs_of(runs)
    asset = files("umlip_gate.report")
    points = json.dumps(page_data(run), ensure_ascii=False, separators=(",", ":"))
    points = points.replace("<", "\\u003c")  # no text ends the element
    compared = _comparison(runs[0], run) if len(runs) > 1 else ""
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
    limit = folded("why this limit", f"<div>{escape(why)}</div>") if cause.of_values else ""
    return (
        f'<li><span class="outcome {cause.outcome}">{cause.count}</span>: '
        f"{escape(cause.text)}{notes}{limit}</li>"
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
            f'data-dataset="{escape(dataset)}"><td class="outcome {escape(outcome)}">'
            f"{escape(outcome.replace('_', ' '))}</td><td>{escape(model)}</td>"
            f"<td>{escape(dataset)}</td><td><details><summary>{escape(item)}</summary>"
            f"<div>{escape(told)}</div></details></td>"
            f"{number(value, shown_value(value, verdict['limit'], verdict['unit']))}"
            f'<td class="number">{escape(shown_interval(verdict["interval"]))}</td>'
            f'<td class="number">{escape(shown_limit(verdict["relation"], verdict["limit"]))}</td>'
            "</tr>"
        )
    controls = "".join(
        select(f"data-filter={name}", name, values, everything=True)
        for name, values in (
            ("outcome", [v["outcome"] for v in verdicts]),
            ("model", [v["id"].split(":", 2)[0] for v in verdicts]),
            ("dataset", [v["id"].split(":", 2)[1] for v in verdicts]),
        )
    )
    heads = ("verdict", "model", "dataset", "item", "value", "95 % interval", "limit")
    return (
        f'<section id="verdicts"><h2>Verdicts</h2><div class="controls">{controls}'
        '<label>search<input type="search" data-filter="text"></label></div>'
        f'<p role="status" id="n-shown">{len(rows)} shown</p>'
        f"{table(heads, rows, 'verdicts', 'verdict-rows', sortable=True)}</section>"
    )


def _claims(results: Mapping[str, Any]) -> str:
    rows = [
        row(
            claim["id"],
            claim["figure"],
            claim["label"],
            f"{len(claim['measured'])} of {claim['n_items']}",
            "; ".join(claim["measured"]),
            "; ".join(claim["missing"]),
            claim.get("statement") or "",
            claim.get("rationale") or "",
        )
        for claim in results["claims"]
    ]
    heads = (
        "claim",
        "figure",
        "state",
        "items",
        "measured",
        "missing",
        "what the paper says",
        "how it is read",
    )
    listed = table(heads, rows, "claims", "claim-rows", sortable=True)
    return f'<section id="claims"><h2>Claims of the paper ({len(rows)})</h2>{listed}</section>'


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
    """Return which verdicts changed, and which numbers moved beyond their intervals."""
    earlier = {verdict["id"]: verdict for verdict in before.results["verdicts"]}
    changed = [
        row(verdict["id"], earlier[verdict["id"]]["outcome"], verdict["outcome"])
        for verdict in after.results["verdicts"]
        if verdict["id"] in earlier and earlier[verdict["id"]]["outcome"] != verdict["outcome"]
    ]
    known = {key_of(entry): entry for entry in before.results["measurements"]}
    moved = []
    for entry in after.results["measurements"]:
        other = known.get(key_of(entry))
        for quantity, convention, title in (ENERGY, FORCE):
            if other is None:
                continue
            old, new = other[quantity][convention], entry[quantity][convention]
            if old is None or new is None or old == new:
                continue
            ends = [each["intervals"][quantity][convention] for each in (other, entry)]
            known_ends = all(each and None not in each for each in ends)
            apart = known_ends and (ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0])
            beyond = "beyond the intervals" if apart else "within the intervals"
            moved.append(row(key_of(entry), title, shown(old), shown(new), beyond))
    heads = ("result", "quantity", before.name, after.name, "by how much")
    return (
        f'<section id="changes"><h2>{escape(before.name)} and {escape(after.name)}</h2>'
        f"<h3>Verdicts that changed: {len(changed)}</h3>"
        f"{table(('item', before.name, after.name), changed, 'changed verdicts', 'changed-rows')}"
        f"<h3>Numbers that moved: {len(moved)}</h3>"
        f"{table(heads, moved, 'moved numbers', 'moved-rows')}"
        "</section>"
    )
