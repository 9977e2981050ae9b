"""A run, or two of them side by side, as one HTML file that needs nothing from anywhere."""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from umlip_gate.report.answer import counted, headline
from umlip_gate.report.causes import ORDER
from umlip_gate.report.configurations import key_of
from umlip_gate.report.costs import HEADS, cost_rows
from umlip_gate.report.figures import ENERGY, FORCE, figures
from umlip_gate.report.run import Run
from umlip_gate.report.tables import format_number, shown_interval, shown_limit, shown_value

MOST_POINTS = 250_000
"""Of all parity plots together: beyond it they are thinned."""
N_WORST = 10
NOT_DRAWN = {
    "Fig. 2, RMSE per element": "the periodic table is not drawn; the table of groups has them",
    "Fig. 6, interaction energies": "no figure; the results file has them by system",
    "Fig. 8, deviation against error": "no figure; an ensemble's correlations are in the claims",
    "Fig. 10, coverage of local environments": "`python -m umlip_gate.descriptors` computes it",
}


def page(runs: Sequence[Run]) -> str:
    """Return the report of the last run, with what changed since the first if there are two."""
    run = runs[-1]
    asset = files("umlip_gate.report")
    points = json.dumps(_points(run), ensure_ascii=False, separators=(",", ":"))
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
            _figures(run),
            _worst(run),
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
    lines = [counted(results)]
    interrupted = results.get("interrupted") or {"kept": []}
    lines += [*interrupted["kept"], *results["unmeasured"]]
    causes: dict[tuple[str, str], list[str]] = {}
    for verdict in results["verdicts"]:
        if verdict["outcome"] != "passed":
            key = verdict["outcome"], verdict["reason"]
            causes.setdefault(key, []).append(verdict["id"])
    ordered = sorted(causes.items(), key=lambda item: ORDER.index(item[0][0]))
    items = "".join(
        f'<li><span class="outcome {outcome}">{len(ids)} {outcome.replace("_", " ")}</span>: '
        f"{escape(reason.splitlines()[0] if reason else '')} <small>({escape(ids[0])}"
        f"{f' and {len(ids) - 1} others' if len(ids) > 1 else ''})</small></li>"
        for (outcome, reason), ids in ordered
    )
    told = "".join(f"<p>{escape(line)}</p>" for line in lines)
    why = f"<details open><summary>What did not pass, and why</summary><ul>{items}</ul></details>"
    links = "".join(
        f'<a href="#{name}">{name}</a>' for name in ("verdicts", "figures", "worst", "claims")
    )
    return (
        f'<header><div class="answer {kind}"><h1>{escape(sentence)}</h1>{told}</div>'
        f'{why if items else ""}<nav aria-label="sections">{links}</nav></header>'
    )


def _verdicts(results: Mapping[str, Any]) -> str:
    verdicts = sorted(results["verdicts"], key=lambda v: (ORDER.index(v["outcome"]), v["id"]))
    rows = []
    for verdict in verdicts:
        model, dataset, item = verdict["id"].split(":", 2)
        outcome = verdict["outcome"]
        more = {
            "reason": verdict["reason"],
            "why this limit": verdict.get("rationale"),
            "predictions": verdict["source"],
        }
        told = "\n".join(f"{key}: {text}" for key, text in more.items() if text)
        value = verdict["value"]
        rows.append(
            f'<tr data-outcome="{escape(outcome)}" data-model="{escape(model)}" '
            f'data-dataset="{escape(dataset)}"><td class="outcome {escape(outcome)}">'
            f"{escape(outcome.replace('_', ' '))}</td><td>{escape(model)}</td>"
            f"<td>{escape(dataset)}</td><td><details><summary>{escape(item)}</summary>"
            f'<div>{escape(told)}</div></details></td><td class="number" '
            f'data-value="{"" if value is None else value}">'
            f"{escape(shown_value(value, verdict['limit'], verdict['unit']))}</td>"
            f'<td class="number">{escape(shown_interval(verdict["interval"]))}</td>'
            f'<td class="number">{escape(shown_limit(verdict["relation"], verdict["limit"]))}</td>'
            "</tr>"
        )
    controls = "".join(
        _select(f"data-filter={name}", name, values)
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
        f"{_table(heads, rows, 'verdicts', 'verdict-rows', sortable=True)}</section>"
    )


def _select(attribute: str, label: str, values: Iterable[str]) -> str:
    options = "".join(f"<option>{escape(value)}</option>" for value in dict.fromkeys(values))
    return (
        f"<label>{escape(label)}<select {attribute}>"
        f'<option value="">all</option>{options}</select></label>'
    )


def _table(
    heads: Sequence[str], rows: Sequence[str], label: str, body: str = "", *, sortable: bool = False
) -> str:
    cells = "".join(
        f'<th scope="col">{f"<button>{escape(head)}</button>" if sortable else escape(head)}</th>'
        for head in heads
    )
    if not rows:
        return "<p>none</p>"
    identity = f' id="{body}"' if body else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}"><table><thead>'
        f"<tr>{cells}</tr></thead><tbody{identity}>{''.join(rows)}</tbody></table></div>"
    )


def _row(*cells: object) -> str:
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


def _value(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else format_number(value, digits)


def _figures(run: Run) -> str:
    results = run.results
    drawn = "".join(f"<figure>{svg}</figure>" for svg in figures(results).values())
    rows = []
    for entry in results["measurements"]:
        energy, force = (entry[q][c] for q, c, _ in (ENERGY, FORCE))
        ends = [shown_interval(entry["intervals"][q][c]) for q, c, _ in (ENERGY, FORCE)]
        count = f"{entry['n_configurations']}, {entry['n_failed']} failed"
        rows.append(
            _row(entry["model"], entry["dataset"], entry["source"], count)[:-5]
            + f'<td class="number" data-value="{"" if energy is None else energy}">'
            f'{_value(energy)}</td><td class="number">{ends[0]}</td>'
            f'<td class="number" data-value="{"" if force is None else force}">'
            f'{_value(force)}</td><td class="number">{ends[1]}</td></tr>'
        )
    heads = (
        "model",
        "dataset",
        "predictions",
        "configurations",
        ENERGY[2],
        "95 %",
        FORCE[2],
        "95 %",
    )
    table = _table(heads, rows, "errors", "measured-rows", sortable=True)
    costs = [f"{_row(*cells)}" for cells in cost_rows(results["costs"], 125)]
    cost = f"<h3>Cost at 125 atoms</h3>{_table(HEADS, costs, 'costs')}" if costs else ""
    absent = "".join(f"<li>{escape(n)}: {escape(why)}</li>" for n, why in NOT_DRAWN.items())
    return (
        f'<section id="figures"><h2>Figures</h2>{_parity(run)}<div class="figures">{drawn}</div>'
        "<p>A number before a model is its group: models of one group have 95 % intervals that "
        f"overlap the interval of its best.</p><h3>The same as a table</h3>{table}{cost}"
        f"<h3>Not drawn here</h3><ul>{absent}</ul></section>"
    )


def _parity(run: Run) -> str:
    names = run.configurations["measurements"]
    if not names:
        return "<p>No parity plot: there is no file of configurations beside the results.</p>"
    options = "".join(f"<option>{escape(name)}</option>" for name in names)
    return (
        "<h3>Errors by configuration</h3>"
        f'<div class="controls"><label>model | dataset<select id="parity-of">{options}</select>'
        '</label><label>quantity<select id="parity-quantity"><option>energy</option>'
        '<option>force</option></select></label></div><canvas id="parity" width="640" '
        'height="400" tabindex="0" role="img" aria-label="errors by configuration; arrow keys: '
        'the worst first"></canvas><p id="n-points"></p>'
        '<p id="told" role="status"></p>'
    )


def _points(run: Run) -> dict[str, Any]:
    """Return the points of each plot: row, energies, forces, formula."""
    plots: dict[str, Any] = run.configurations["measurements"]
    most = MOST_POINTS // max(1, len(plots))
    points = {}
    for name, columns in plots.items():
        dataset = name.split(" | ")[1]
        formulas = run.configurations["formulas"].get(dataset, [])
        rows = thinned(columns, most)
        keys = (
            "row",
            "reference_energy_ev_per_atom",
            "energy_error_mev_per_atom",
            "reference_force_ev_per_ang",
            "force_rmse_mev_per_ang",
        )
        points[name] = {
            "n": len(columns["row"]),
            "points": [
                [*(columns[key][i] for key in keys), _formula(formulas, columns["row"][i])]
                for i in rows
            ],
        }
    return points


def _formula(formulas: Sequence[str], row: int) -> str:
    return formulas[row] if row < len(formulas) else ""


def thinned(columns: Mapping[str, list[Any]], most: int) -> list[int]:
    """Return which configurations are drawn: all, or the failed, the worst, and every k-th."""
    n = len(columns["row"])
    if n <= most:
        return list(range(n))
    worst = _worst_first(columns)
    step = -(-n // max(1, most // 2))
    return sorted({*worst[: most // 2], *range(0, n, step)})


def _worst_first(columns: Mapping[str, list[Any]]) -> list[int]:
    """Return the configurations by their error of energy or force, the failed ones first."""
    energy, force = columns["energy_error_mev_per_atom"], columns["force_rmse_mev_per_ang"]
    return sorted(
        range(len(columns["row"])),
        key=lambda i: (force[i] is not None, -(force[i] or 0), -abs(energy[i] or 0)),
    )


def _worst(run: Run) -> str:
    parts = []
    for entry in run.results["measurements"]:
        columns = run.configurations["measurements"].get(key_of(entry))
        if not columns:
            continue
        formulas = run.configurations["formulas"].get(entry["dataset"], [])
        rows = [
            _row(
                columns["row"][i],
                _formula(formulas, columns["row"][i]),
                columns["n_atoms"][i],
                _value(columns["energy_error_mev_per_atom"][i]),
                _value(columns["force_rmse_mev_per_ang"][i]),
                entry["failures"].get(str(columns["row"][i]), ""),
            )
            for i in _worst_first(columns)[:N_WORST]
        ]
        heads = (
            "row",
            "formula",
            "atoms",
            "energy error, meV/atom",
            "force RMSE, meV/Å",
            "failure",
        )
        name = f"{entry['model']} on {entry['dataset']}"
        parts.append(
            f"<details><summary>{escape(name)}</summary>"
            f"{_table(heads, rows, f'worst of {name}')}</details>"
        )
    told = "".join(parts) or "<p>There is no file of configurations beside the results.</p>"
    return f'<section id="worst"><h2>Worst configurations</h2>{told}</section>'


def _claims(results: Mapping[str, Any]) -> str:
    rows = [
        _row(
            claim["id"],
            claim["figure"],
            claim["label"],
            f"{len(claim['measured'])} of {claim['n_items']}",
            "; ".join(claim["measured"]),
            "; ".join(claim["missing"]),
        )
        for claim in results["claims"]
    ]
    heads = ("claim", "figure", "state", "items", "measured", "missing")
    table = _table(heads, rows, "claims", "claim-rows", sortable=True)
    return f'<section id="claims"><h2>Claims of the paper ({len(rows)})</h2>{table}</section>'


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
        _row(verdict["id"], earlier[verdict["id"]]["outcome"], verdict["outcome"])
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
            moved.append(_row(key_of(entry), title, _value(old), _value(new), beyond))
    heads = ("result", "quantity", before.name, after.name, "by how much")
    return (
        f'<section id="changes"><h2>{escape(before.name)} and {escape(after.name)}</h2>'
        f"<h3>Verdicts that changed: {len(changed)}</h3>"
        f"{_table(('item', before.name, after.name), changed, 'changed verdicts', 'changed-rows')}"
        f"<h3>Numbers that moved: {len(moved)}</h3>"
        f"{_table(heads, moved, 'moved numbers', 'moved-rows')}"
        "</section>"
    )
