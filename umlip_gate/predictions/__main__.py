"""Predict a dataset, or a share of it, into the cache: `python -m umlip_gate.predictions`.

What an array of a batch system runs, a process for each share; docs/cluster.md has a script. A
later run of pytest with the same cache computes only what lacks. Exit code 0: everything that was
asked for is kept; 1: rows lack; 2: the command line or a file is wrong, or the model or the dataset
is not available here.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.registry import load_registry
from umlip_gate.errors import Fault, InputError, MeasurementError
from umlip_gate.models.candidate import Candidate, load_candidate
from umlip_gate.models.prepare import adapted_families
from umlip_gate.models.registry import Model, load_models
from umlip_gate.predictions.cores import MOST_WORKERS, usable_cores
from umlip_gate.predictions.shards import Shard, status_lines
from umlip_gate.predictions.sources import PredictionSources
from umlip_gate.run_folder import new_run_folder
from umlip_gate.schema import nearest
from umlip_gate.settings import FIXTURES, Settings, cache_folder, mirror_folder

KEPT, LACKING, WRONG = 0, 1, 2
"""Exit codes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Predict, or print what lacks, and return the exit code."""
    given = _parser().parse_args(arguments)
    cache = cache_folder()
    try:
        shard = Shard.parse(given.shard) if given.shard else Shard(1, 1)
        run = new_run_folder(cache)
    except (InputError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    try:
        terminal = sys.stderr if sys.stderr.isatty() else None
        settings = Settings(cache, run, mirror_folder(), given.offline, terminal=terminal)
        return _run(given, shard, settings)
    except MeasurementError as error:
        sys.stderr.write(f"{error}\n")
        return LACKING
    except Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return WRONG
    finally:
        shutil.rmtree(run, ignore_errors=True)


def _run(given: argparse.Namespace, shard: Shard, settings: Settings) -> int:
    datasets = load_registry(FIXTURES / "datasets.toml", given.datasets)
    if given.dataset not in datasets:
        raise InputError(f"{given.dataset}: no such dataset; {nearest(given.dataset, [*datasets])}")
    model = _model(given.model, given.device)
    cache = DatasetCache(datasets, settings)
    device = given.device or "cpu"
    sources = PredictionSources(cache, device, None, given.workers, _announce, share=shard.name)
    view = cache.view(given.dataset)
    n_atoms = view.configurations.n_atoms
    if given.status is None:
        rows = shard.rows(n_atoms)
        kept = sources.kept(model, view)[rows]
        if not kept.all():
            sources.of(model, view, rows, choice="live")
        sys.stdout.write(f"shard {shard}: {len(rows)} of {len(n_atoms)} configurations are kept\n")
        return KEPT
    kept = sources.kept(model, view)
    sys.stdout.writelines(f"{line}\n" for line in status_lines(kept, n_atoms, given.status))
    return KEPT if np.all(kept) else LACKING


def _model(name: str, device: str | None) -> Model | Candidate:
    models = load_models()
    if name.endswith(".toml"):
        candidate = load_candidate(Path(name), adapted_families(), set(models))
        if candidate.predictions:
            raise InputError(f"{name}: brings its predictions; there is nothing to compute")
        if device:
            raise InputError(f"--device {device} is for registered models; {name} has its own")
        return candidate
    if name not in models:
        raise InputError(f"{name}: no such model, and no TOML file; {nearest(name, [*models])}")
    return models[name]


def _announce(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m umlip_gate.predictions",
        description="Predict a dataset, or a share of it, into the cache.",
    )
    parser.add_argument("model", metavar="MODEL|FILE", help="a registered model, or a TOML file")
    parser.add_argument("dataset", metavar="DATASET", help="a registered dataset")
    parser.add_argument("--shard", metavar="i/N", help="only this share of the rows (default: 1/1)")
    parser.add_argument(
        "--status",
        metavar="N",
        type=_positive,
        nargs="?",
        const=1,
        help="compute nothing; print which rows lack, and which of N shards they are in",
    )
    parser.add_argument(
        "--datasets", metavar="FILE", type=Path, action="append", default=[], help="as in pytest"
    )
    parser.add_argument("--device", choices=("cpu", "cuda", "mps"), help="of a registered model")
    parser.add_argument(
        "--workers",
        metavar="N",
        type=_positive,
        default=min(usable_cores(), MOST_WORKERS),
        help="processes that compute (default: the cores that this process may use)",
    )
    parser.add_argument("--offline", action="store_true", help="ask nothing of the network")
    return parser


if __name__ == "__main__":
    sys.exit(main())
