"""The command line's options.

In a module of their own, so that tox can load them before pytest looks for conftest.py: else
pytest takes the value of an option it does not know yet, if it is a file, for a test path, and
leaves the project (`--umlip-candidate /elsewhere/my-model.toml`; with `=` it is always safe).
"""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the gate."""
    group = parser.getgroup("umlip-gate")
    add = group.addoption
    add("--umlip-candidate", type=Path, metavar="FILE", help="judge the model of this TOML file")
    add(
        "--umlip-ensemble",
        type=Path,
        metavar="FILE",
        help="judge the models of this TOML file together",
    )
    add(
        "--umlip-gate", metavar="NAME|PATH", help="what the candidate is judged by (default: quick)"
    )
    add(
        "--umlip-model", action="append", metavar="ID", help="only this model, or 'all'; repeatable"
    )
    add(
        "--umlip-dataset",
        action="append",
        metavar="ID",
        help="only this dataset, or 'all'; repeatable",
    )
    add(
        "--umlip-datasets",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a TOML file of datasets: new ones, or files for registered ones; repeatable",
    )
    add(
        "--umlip-source",
        choices=["auto", "live", "published"],
        default="auto",
        help="compute, take published predictions, or compute where the model can run (default)",
    )
    add(
        "--umlip-weights",
        metavar="random:SEED",
        help="run registered models with random weights: whether they run, never how well",
    )
    add(
        "--umlip-checkpoint",
        action="append",
        default=[],
        metavar="ID=FILE",
        help="weights of a registered model that are on this machine already; repeatable",
    )
    add(
        "--umlip-max-configurations",
        type=int,
        metavar="N",
        help="evaluate a stratified sample of each dataset, and judge by the interval",
    )
    add(
        "--umlip-budget",
        metavar="TIME",
        help="the same, as many configurations as a model evaluates in 90s, 10min or 1h",
    )
    add(
        "--umlip-device", choices=["cpu", "cuda"], default="cpu", help="where registered models run"
    )
    add("--umlip-offline", action="store_true", help="ask nothing of the network")
    add(
        "--umlip-require-digests",
        action="store_true",
        help="fetch or use no file whose digest is not registered",
    )
    add(
        "--umlip-cost-baseline",
        metavar="NAME|PATH",
        help="hold costs against this baseline of thresholds/cost/; with --benchmark-only",
    )
    add(
        "--umlip-against",
        metavar="ID|FILE",
        help="time the candidate, or the one --umlip-model, side by side with this model "
        "or candidate file; with --benchmark-only",
    )
    add(
        "--umlip-claims-table",
        type=Path,
        metavar="FILE",
        help="write what became of every claim as Markdown, into FILE or between its marks",
    )
    add(
        "--umlip-results", type=Path, metavar="FILE", help="write measurements and verdicts as JSON"
    )
