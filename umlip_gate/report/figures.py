"""The figures of the paper, drawn from what runs measured, and what is missing for the others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from umlip_gate.report.charts import (
    Bar,
    Point,
    clouds,
    density,
    histogram,
    interval_chart,
    scatter,
)
from umlip_gate.report.coverages import Coverage
from umlip_gate.report.elements import by_element, picture
from umlip_gate.report.run import Run

ENERGY = ("energy_rmse_mev_per_atom", "per_atom", "energy RMSE, meV/atom (per atom)")
FORCE = ("force_rmse_mev_per_ang", "component", "force RMSE, meV/Å (components)")
SPECIALISED = ("ace", "eam", "mtp")
"""Families of potentials that were fitted to a few elements."""
COST_SIZE = 125
BINS = 60

TITLES = {
    "fig1": "Distributions of energies and forces",
    "fig2": "RMSE by element",
    "fig3": "The best model of each dataset",
    "fig4": "Predicted against reference, configuration by configuration",
    "fig5": "Ranking",
    "fig6": "Interaction energies of solutes and defects",
    "fig7": "Cost against accuracy",
    "fig8": "Deviation against error of an ensemble",
    "fig9": "Universal beside specialised potentials",
    "fig10": "Coverage of local environments",
}
"""The figures of the paper."""

NEEDS = {
    "fig1": "no dataset was read",
    "fig2": "no dataset with configurations of a single element was measured",
    "fig3": "no RMSE was measured",
    "fig4": "there is no file of configurations beside the results",
    "fig5": "no RMSE was measured",
    "fig6": "no dataset of interaction energies was measured: "
    "`pytest -m accuracy --umlip-dataset solute-defect` with the data brought",
    "fig7": "costs and RMSE of at least one model are needed: run `pytest --benchmark-only "
    "--umlip-results=costs.json`, then `python -m umlip_gate.report costs.json "
    "accuracy.json -o report.html`",
    "fig8": "no ensemble was measured (--umlip-ensemble), nor a model that states its uncertainty",
    "fig9": "no dataset has both kinds measured: `tox run -e classical` measures ACE and EAM",
    "fig10": "no two datasets were compared: `python -m umlip_gate.evaluation.coverage FIRST "
    "SECOND --results coverage.json`, then `python -m umlip_gate.report coverage.json "
    "results.json -o report.html`",
}
"""What is missing where one cannot be drawn."""

Figures = Iterator[tuple[str, str]]
Entries = Sequence[Mapping[str, Any]]


def figures(run: Run) -> dict[str, str]:
    """Return every figure that can be drawn as SVG, by a name that a file may have."""
    return page_figures(run) | dict(_parity(run))


def page_figures(run: Run) -> dict[str, str]:
    """Return the same without those that the page draws itself: parity."""
    entries = run.results["measurements"]
    return {
        **dict(_distributions(run.results)),
        **dict(_elements(run.results)),
        **dict(_best(entries)),
        **dict(_ranking(entries)),
        **dict(_interactions(entries)),
        **dict(_cost_and_accuracy(run.results)),
        **dict(_deviations(entries)),
        **dict(_specialised(entries)),
        **dict(_coverages(run.coverages)),
    }


def is_of(figure: str, name: str) -> bool:
    """Return whether a drawing, by its name, belongs to a figure of the paper."""
    return name.startswith(f"{figure}-")


def missing(run: Run, drawn: Mapping[str, str]) -> dict[str, str]:
    """Return what is needed for each figure that is not drawn, by the keys of `TITLES`."""
    absent = {
        figure: why
        for figure, why in NEEDS.items()
        if figure != "fig4" and not any(is_of(figure, name) for name in drawn)
    }
    if not run.configurations["measurements"]:
        absent["fig4"] = NEEDS["fig4"]
    return absent


def _distributions(results: Mapping[str, Any]) -> Figures:
    for name, about in results["datasets"].items():
        for key, title, counted in (
            ("energy_ev_per_atom", "reference energy, eV/atom", "configurations"),
            ("force_norm_ev_per_ang", "reference force, eV/Å", "atoms"),
        ):
            if about.get(key, {}).get("counts"):
                kind = key.partition("_")[0]
                yield f"fig1-{name}-{kind}", histogram(f"{name}: {title}", about[key], counted)


def _elements(results: Mapping[str, Any]) -> Figures:
    for model, elements in known_elements(results).items():
        yield f"fig2-{model}", picture(model, elements)


def known_elements(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was measured by model and element."""
    systems = {name: about.get("systems", {}) for name, about in results["datasets"].items()}
    return by_element(results["measurements"], systems)


def _best(entries: Entries) -> Figures:
    for quantity, convention, title in (ENERGY, FORCE):
        bars: list[Bar] = []
        for dataset, own in _by_dataset(entries).items():
            for model, value, interval in ranked(own, quantity, convention)[:1]:
                bars.append((f"{dataset}: {model}", value, interval))
        if bars:
            chart = interval_chart(f"best model: {title}", bars, ties=False)
            yield f"fig3-{_kind(quantity)}", chart


def _ranking(entries: Entries) -> Figures:
    for dataset, own in _by_dataset(entries).items():
        for quantity, convention, title in (ENERGY, FORCE):
            if bars := ranked(own, quantity, convention):
                yield (
                    f"fig5-{dataset}-{_kind(quantity)}",
                    interval_chart(f"{dataset}: {title}", bars),
                )


def ranked(entries: Entries, quantity: str, convention: str) -> list[Bar]:
    """Return the models that have a value, the best first."""
    bars = [
        (entry["model"], value, _complete(entry["intervals"][quantity][convention]))
        for entry in entries
        if (value := entry[quantity][convention]) is not None
    ]
    return sorted(bars, key=lambda bar: bar[1])


def _interactions(entries: Entries) -> Figures:
    for dataset, own in _by_dataset(entries).items():
        systems: dict[str, list[Bar]] = {}
        for entry in own:
            for system in entry.get("interactions", ()):
                if system["rmse_mev"] is not None:
                    bar = entry["model"], system["rmse_mev"], _complete(system["interval_mev"])
                    systems.setdefault(system["system"], []).append(bar)
        for system, bars in systems.items():
            title = f"{dataset}, {system}: RMSE of interaction energies, meV"
            yield (
                f"fig6-{dataset}-{system}",
                interval_chart(title, sorted(bars, key=lambda b: b[1])),
            )


def _cost_and_accuracy(results: Mapping[str, Any]) -> Figures:
    costs: dict[str, dict[str, float]] = {}
    for entry in results["costs"]:
        for cost in entry["costs"]:
            if cost["n_atoms"] == COST_SIZE:
                costs.setdefault(entry["device"], {})[entry["model"]] = cost["us_per_step_per_atom"]
    for device, of_models in costs.items():
        for dataset, own in _by_dataset(results["measurements"]).items():
            for quantity, convention, title in (ENERGY, FORCE):
                points: list[Point] = [
                    (model, of_models[model], value)
                    for model, value, _ in ranked(own, quantity, convention)
                    if model in of_models and value > 0 and of_models[model] > 0
                ]
                if points:
                    where = "core" if device == "cpu" else "GPU"
                    axes = f"µs/step/atom on a {where}, {COST_SIZE} atoms", title
                    yield (
                        f"fig7-{device}-{dataset}-{_kind(quantity)}",
                        scatter(f"{dataset}: cost on a {where} and accuracy", axes, points),
                    )


def _deviations(entries: Entries) -> Figures:
    for entry in entries:
        plots = entry.get("uncertainty", {}).get("error_deviation_plot", {})
        for kind, plot in plots.items():
            if plot["counts"]:
                unit = "meV/Å" if kind.startswith("force") else "meV"
                title = f"{entry['model']} on {entry['dataset']}: {_kind(kind)}"
                yield (
                    f"fig8-{entry['model']}-{entry['dataset']}-{_kind(kind)}",
                    density(
                        title,
                        (f"deviation, {unit}", f"error, {unit}"),
                        (plot["deviation_edges"], plot["error_edges"]),
                        plot["counts"],
                        logarithmic=True,
                    ),
                )


def _specialised(entries: Entries) -> Figures:
    for dataset, own in _by_dataset(entries).items():
        kinds = {entry["model"]: entry["identity"].get("family") in SPECIALISED for entry in own}
        if len(set(kinds.values())) == 1:
            continue
        for quantity, convention, title in (ENERGY, FORCE):
            bars = [
                (f"{model} (specialised)" if kinds[model] else model, value, interval)
                for model, value, interval in ranked(own, quantity, convention)
            ]
            if bars:
                chart = interval_chart(f"{dataset}, universal beside specialised: {title}", bars)
                yield f"fig9-{dataset}-{_kind(quantity)}", chart


def _coverages(coverages: Iterable[Coverage]) -> Figures:
    for each in coverages:
        points = each.found["principal_components"]
        if not (points["first"] and points["second"]):
            continue
        shares = [
            each.found[f"share_of_{one}_covered_by_{other}"]
            for one, other in (("second", "first"), ("first", "second"))
        ]
        title = (
            f"{each.first} covers {shares[0]:.1%} of {each.second}, "
            f"which covers {shares[1]:.1%} of {each.first}"
        )
        sets = [(each.first, points["first"]), (each.second, points["second"])]
        axes = "first principal component of SOAP", "second"
        yield f"fig10-{each.first}-{each.second}", clouds(title, axes, sets[::-1])


def _parity(run: Run) -> Figures:
    for name, columns in run.configurations["measurements"].items():
        model, dataset, _ = name.split(" | ")
        pairs = [
            (known, known + error / 1000)
            for known, error in zip(
                columns["reference_energy_ev_per_atom"],
                columns["energy_error_mev_per_atom"],
                strict=True,
            )
            if known is not None and error is not None
        ]
        if pairs:
            told = f"{model} on {dataset}: {len(pairs)} of {len(columns['row'])} configurations"
            yield f"fig4-{model}-{dataset}-energy", _pairs(told, pairs)
    for name, about in run.configurations["illustrations"].items():
        model, dataset, _ = name.split(" | ")
        if forces := about["force_parity"]:
            edges = forces["edges_ev_per_ang"]
            told = f"{model} on {dataset}: {forces['n_components']} force components, by count"
            axes = "reference, eV/Å", "predicted, eV/Å"
            chart = density(told, axes, (edges, edges), forces["counts"])
            yield f"fig4-{model}-{dataset}-force", chart


def _pairs(title: str, pairs: Sequence[tuple[float, float]]) -> str:
    """Draw pairs as counts in bins."""
    low, high = min(map(min, pairs)), max(map(max, pairs))
    width = (high - low) / BINS or 1.0
    edges = [low + k * width for k in range(BINS + 1)]
    counts: dict[tuple[int, int], int] = {}
    for pair in pairs:
        i, j = (min(BINS - 1, int((value - low) / width)) for value in pair)
        counts[i, j] = counts.get((i, j), 0) + 1
    axes = "reference, eV/atom", "predicted, eV/atom"
    return density(title, axes, (edges, edges), [(*bins, n) for bins, n in counts.items()])


def _by_dataset(entries: Entries) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        found.setdefault(entry["dataset"], []).append(entry)
    return found


def _kind(quantity: str) -> str:
    return quantity.partition("_")[0]


def _complete(interval: Sequence[float | None] | None) -> Sequence[float] | None:
    """Return an interval if both of its ends are finite."""
    ends = [end for end in interval or () if end is not None]
    return ends if len(ends) == 2 else None  # noqa: PLR2004 - low and high
