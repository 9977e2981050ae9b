"""`python -m umlip_gate.evaluation.coverage FIRST SECOND`: two datasets' environments, compared."""

import argparse
import json
import sys
import uuid
from pathlib import Path

from umlip_gate.claims.assertions import CoversMore
from umlip_gate.claims.schema import ClaimFile
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.registry import load_registry
from umlip_gate.descriptors.comparison import compare
from umlip_gate.errors import Fault
from umlip_gate.schema import nearest, read_toml, validate
from umlip_gate.settings import FIXTURES, THRESHOLDS, Settings, cache_folder, mirror_folder

FIG10 = THRESHOLDS / "paper" / "fig10.toml"


def main() -> int:
    """Print both coverages; 0 if they could be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m umlip_gate.evaluation.coverage",
        description="How much of one dataset's local environments another one has, with the "
        "settings of thresholds/paper/fig10.toml.",
    )
    parser.add_argument("first", help="a dataset's id")
    parser.add_argument("second", help="another one's")
    parser.add_argument("--datasets", action="append", default=[], type=Path, metavar="FILE")
    parser.add_argument("--results", type=Path, metavar="FILE", help="everything as JSON")
    asked = parser.parse_args()
    try:
        return _compare(asked)
    except Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return 1


def _compare(asked: argparse.Namespace) -> int:
    datasets = load_registry(FIXTURES / "datasets.toml", asked.datasets)
    for name in (asked.first, asked.second):
        if name not in datasets:
            sys.stderr.write(f"{name}: unknown dataset; {nearest(name, list(datasets))}\n")
            return 2
    claims = validate(ClaimFile, read_toml(FIG10), str(FIG10)).claim
    assertions = [assertion for claim in claims for assertion in claim.assertions]
    like = next(each for each in assertions if isinstance(each, CoversMore))
    folder = cache_folder()
    cache = DatasetCache(
        datasets, Settings(folder, folder / "runs" / uuid.uuid4().hex, mirror_folder())
    )
    first, second = (cache.view(name).configurations for name in (asked.first, asked.second))
    found = compare(first, second, like.soap, like.quantile)
    for by, of, share in (
        (asked.first, asked.second, found.of_second),
        (asked.second, asked.first, found.of_first),
    ):
        low, high = share.interval
        sys.stdout.write(
            f"{by} covers {share.value:.1%} ({low:.1%} to {high:.1%}) of the environments of {of}\n"
        )
    if asked.results:
        about = {"first": asked.first, "second": asked.second, **found.to_json()}
        asked.results.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
