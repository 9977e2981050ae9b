"""The report's sections with pictures: figures, parity, and the worst configurations."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ase.data import chemical_symbols, covalent_radii
from ase.data.colors import jmol_colors

from umlip_gate.report.configurations import key_of
from umlip_gate.report.costs import HEADS, cost_rows
from umlip_gate.report.elements import tiles
from umlip_gate.report.figures import (
    COST_SIZE,
    ENERGY,
    FORCE,
    TITLES,
    is_of,
    known_elements,
    missing,
    page_figures,
)
from umlip_gate.report.markup import folded, number, row, select, shown, table
from umlip_gate.report.run import Run
from umlip_gate.report.tables import shown_interval

MOST_POINTS = 250_000
"""Of all parity plots together: beyond it they are thinned."""
N_WORST = 10
QUANTITIES = ("energy parity", "force parity", "energy error", "force error")
"""What the plot of configurations shows; page.js knows their axes."""
POINT_KEYS = (
    "row",
    "reference_energy_ev_per_atom",
    "energy_error_mev_per_atom",
    "reference_force_ev_per_ang",
    "force_rmse_mev_per_ang",
)


def figures_section(run: Run) -> str:
    """Return every figure of the paper under its number, or what is missing for it."""
    drawn = page_figures(run)
    absent = missing(run, drawn)
    parts = []
    for figure, title in TITLES.items():
        number_of_figure = figure.removeprefix("fig")
        content = (
            f'<p class="absent">Not drawn: {escape(absent[figure])}</p>'
            if figure in absent
            else _figure(figure, run, drawn)
        )
        parts.append(f'<h3 id="{figure}">Fig. {number_of_figure} · {title}</h3>{content}')
    return f'<section id="figures"><h2>Figures</h2>{"".join(parts)}</section>'


def _figure(figure: str, run: Run, drawn: Mapping[str, str]) -> str:
    """Return what one figure of the paper has: pictures, with their numbers in tables."""
    results = run.results
    if figure == "fig2":
        each = [
            folded(model, tiles(model, known), is_open=not place)
            for place, (model, known) in enumerate(known_elements(results).items())
        ]
        return "".join(each)
    if figure == "fig4":
        return _parity(run)
    pictures = "".join(
        f"<figure>{svg}</figure>" for name, svg in drawn.items() if is_of(figure, name)
    )
    shown_pictures = f'<div class="figures">{pictures}</div>'
    if figure == "fig5":
        return (
            f"{shown_pictures}<p>A number before a model is its group, and a bracket joins it: "
            "models of one group have 95 % intervals that overlap the interval of its best.</p>"
            f"{_errors(results)}"
        )
    if figure == "fig7":
        costs = [row(*cells) for cells in cost_rows(results["costs"], COST_SIZE)]
        return (
            f"{shown_pictures}<p>The dashed line joins the models that no other beats in both.</p>"
            f"{table(HEADS, costs, f'costs at {COST_SIZE} atoms')}"
        )
    return shown_pictures


def _errors(results: Mapping[str, Any]) -> str:
    rows = []
    for entry in results["measurements"]:
        count = f"{entry['n_configurations']}, {entry['n_failed']} failed"
        cells = [
            f'<td class="name">{escape(entry["model"])}</td>',
            *(f"<td>{escape(text)}</td>" for text in (entry["dataset"], entry["source"], count)),
        ]
        for quantity, convention, _ in (ENERGY, FORCE):
            value = entry[quantity][convention]
            ends = shown_interval(entry["intervals"][quantity][convention])
            cells += [number(value, shown(value)), f'<td class="number">{ends}</td>']
        rows.append(f"<tr>{''.join(cells)}</tr>")
    names = ("model", "dataset", "predictions", "configurations")
    heads = (*names, "E RMSE, meV/atom", "95 %", "F RMSE, meV/Å", "95 %")
    return table(heads, rows, "errors", "measured-rows", sortable=True)


def _parity(run: Run) -> str:
    names = run.configurations["measurements"]
    if not names:
        return ""
    return (
        f'<div class="controls">{select("id=parity-of", "model | dataset", names)}'
        f"{select('id=parity-quantity', 'quantity', QUANTITIES)}</div>"
        '<canvas id="parity" width="640" height="400" tabindex="0" role="img" '
        'aria-label="configuration by configuration; arrow keys: the worst first"></canvas>'
        '<p id="n-points"></p><p id="told" role="status"></p>'
    )


def page_data(run: Run) -> dict[str, Any]:
    """Return what the page's script draws: points, counts of forces, structures."""
    plots: dict[str, Any] = run.configurations["measurements"]
    illustrations = run.configurations["illustrations"]
    most = MOST_POINTS // max(1, len(plots))
    found = {}
    for name, columns in plots.items():
        formulas = run.configurations["formulas"].get(name.split(" | ")[1], [])
        about = illustrations.get(name, {})
        found[name] = {
            "n": len(columns["row"]),
            "points": [
                [*(columns[key][i] for key in POINT_KEYS), _formula(formulas, columns["row"][i])]
                for i in thinned(columns, most)
            ],
            "forces": about.get("force_parity"),
            "structures": about.get("structures", []),
        }
    numbers = {n for plot in found.values() for each in plot["structures"] for n in each["numbers"]}
    return {"plots": found, "elements": {n: _element(n) for n in sorted(numbers)}}


def _element(n: int) -> tuple[str, str, float]:
    """Return symbol, colour and radius in Å."""
    colour = "".join(f"{round(255 * part):02x}" for part in jmol_colors[n])
    return chemical_symbols[n], f"#{colour}", round(float(covalent_radii[n]), 2)


def _formula(formulas: Sequence[str], number_of_row: int) -> str:
    return formulas[number_of_row] if number_of_row < len(formulas) else ""


def thinned(columns: Mapping[str, list[Any]], most: int) -> list[int]:
    """Return which configurations are drawn: all, or the failed, the worst, and every k-th."""
    n = len(columns["row"])
    if n <= most:
        return list(range(n))
    worst = worst_first(columns)
    step = -(-n // max(1, most // 2))
    return sorted({*worst[: most // 2], *range(0, n, step)})


def worst_first(columns: Mapping[str, list[Any]]) -> list[int]:
    """Return the configurations by their error of force, then of energy; the failed ones first."""
    energy, force = columns["energy_error_mev_per_atom"], columns["force_rmse_mev_per_ang"]
    return sorted(
        range(len(columns["row"])),
        key=lambda i: (energy[i] is not None, -(force[i] or 0), -abs(energy[i] or 0)),
    )


def worst_section(run: Run) -> str:
    """Return the worst configurations of each result, some of them as structures."""
    parts = []
    heads = ("row", "formula", "atoms", "energy error, meV/atom", "force RMSE, meV/Å", "failure")
    for entry in run.results["measurements"]:
        columns = run.configurations["measurements"].get(key_of(entry))
        if not columns:
            continue
        formulas = run.configurations["formulas"].get(entry["dataset"], [])
        rows = [
            row(
                columns["row"][i],
                _formula(formulas, columns["row"][i]),
                columns["n_atoms"][i],
                shown(columns["energy_error_mev_per_atom"][i]),
                shown(columns["force_rmse_mev_per_ang"][i]),
                entry["failures"].get(str(columns["row"][i]), ""),
            )
            for i in worst_first(columns)[:N_WORST]
        ]
        name = f"{entry['model']} on {entry['dataset']}"
        parts.append(folded(name, table(heads, rows, f"worst of {name}")))
    told = "".join(parts) or "<p>There is no file of configurations beside the results.</p>"
    return f'<section id="worst"><h2>Worst configurations</h2>{_viewer(run)}{told}</section>'


def _viewer(run: Run) -> str:
    names = [n for n, each in run.configurations["illustrations"].items() if each["structures"]]
    if not names:
        return "<p>No structures: they are not in the file of configurations.</p>"
    return (
        f'<div class="controls">{select("id=structure-of", "model | dataset", names)}'
        '<label>row<select id="structure-row"></select></label>'
        '<label>size of arrows<input id="arrow-scale" type="range" min="-2" max="2" step="0.25" '
        'value="0"></label></div>'
        '<canvas id="structure" width="640" height="420" tabindex="0" role="img" '
        'aria-label="a structure in three dimensions; arrow keys or a drag turn it"></canvas>'
        '<p id="structure-told" role="status"></p>'
        "<p>Solid arrows are the forces of DFT, dashed ones the model's.</p>"
    )
