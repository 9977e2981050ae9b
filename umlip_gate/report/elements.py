"""RMSE by element, on a periodic table: Fig. 2 of the paper."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from umlip_gate.report.charts import svg
from umlip_gate.report.tables import NOTHING, format_number

PERIODS = (
    "H . . . . . . . . . . . . . . . . He",
    "Li Be . . . . . . . . . . B C N O F Ne",
    "Na Mg . . . . . . . . . . Al Si P S Cl Ar",
    "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
    "Cs Ba . Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
    "Fr Ra . Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og",
    ". . La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu .",
    ". . Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr .",
)
SYMBOLS = {symbol for row in PERIODS for symbol in row.split()} - {"."}
TILE = 35


@dataclass(frozen=True)
class Element:
    """What was measured of a model on the configurations of one element.

    Attributes
    ----------
    dataset
        Of several, the one with the most configurations of the element.
    n
        Their number.
    energy, force
        RMSE per atom, meV/atom, and of components, meV/Å; None without one.
    """

    dataset: str
    n: int
    energy: float | None
    force: float | None


def by_element(
    measurements: Iterable[Mapping[str, Any]], systems: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, Element]]:
    """Return what is known by model and element.

    Parameters
    ----------
    measurements
        As in a results file.
    systems
        Dataset -> chemical system -> number of configurations.
    """
    found: dict[str, dict[str, Element]] = {}
    for entry in measurements:
        only = list(systems.get(entry["dataset"], ()))
        parts = dict(entry.get("groups") or {})
        if len(only) == 1:
            parts = {only[0]: entry}
        for symbol, part in parts.items():
            if symbol not in SYMBOLS or not part.get("energy_rmse_mev_per_atom"):
                continue
            known = Element(
                entry["dataset"],
                part["n_configurations"],
                part["energy_rmse_mev_per_atom"]["per_atom"],
                part["force_rmse_mev_per_ang"]["component"],
            )
            own = found.setdefault(entry["model"], {})
            if symbol not in own or own[symbol].n < known.n:
                own[symbol] = known
    return found


def tiles(model: str, elements: Mapping[str, Element]) -> str:
    """Return the periodic table as an HTML table of tiles: symbol, energy, force."""
    greatest = max((each.force or 0 for each in elements.values()), default=0) or 1
    rows = []
    for period in PERIODS:
        cells = []
        for symbol in period.split():
            known = elements.get(symbol)
            if symbol == ".":
                cells.append("<td></td>")
            elif known is None:
                cells.append(f'<td class="tile">{symbol}</td>')
            else:
                share = 15 + 60 * _share(known.force, greatest)
                told = f"{symbol}: {known.n} configurations of {known.dataset}"
                cells.append(
                    f'<td class="tile known" style="--share:{share:.0f}%" title="{escape(told)}">'
                    f"<b>{symbol}</b><br>{_number(known.energy)}<br>{_number(known.force)}</td>"
                )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = f"{model}: energy RMSE, meV/atom, above force RMSE, meV/Å; empty: not measured"
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="periodic"><caption>{escape(caption)}</caption>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def picture(model: str, elements: Mapping[str, Element]) -> str:
    """Return the same as SVG."""
    greatest = max((each.force or 0 for each in elements.values()), default=0) or 1
    parts = []
    for line, period in enumerate(PERIODS):
        for column, symbol in enumerate(period.split()):
            if symbol == ".":
                continue
            left, top = 4 + column * TILE, 26 + line * TILE
            known = elements.get(symbol)
            opacity = 0 if known is None else 0.15 + 0.6 * _share(known.force, greatest)
            lines = [symbol, *([_number(known.energy), _number(known.force)] if known else [])]
            parts.append(
                f'<rect class="bar" x="{left}" y="{top}" width="{TILE - 1}" height="{TILE - 1}" '
                f'opacity="{opacity:.2f}"/><rect class="interval" opacity="0.3" x="{left}" '
                f'y="{top}" width="{TILE - 1}" height="{TILE - 1}"/>'
                + "".join(
                    f'<text x="{left + 2}" y="{top + 11 + 10 * k}" '
                    f'style="font-size:10px">{text}</text>'
                    for k, text in enumerate(lines)
                )
            )
    return svg(f"{model}: energy RMSE, meV/atom, and force RMSE, meV/Å", 350, parts)


def _share(value: float | None, greatest: float) -> float:
    return math.sqrt(max(0.0, value or 0) / greatest)


def _number(value: float | None) -> str:
    return NOTHING if value is None else format_number(value, 1)
