"""Compute what is not computed yet, one record a configuration.

    python3 -m tools.refractory_mini.generate RECORDS [--public FOLDER] [--only NAME ...]

What the dataset or its studies hold already is left out, unless it is asked for by name.
Any number of these may run at once on one folder of records: each takes what no other holds. A
record is written under another name and renamed, and a lock dies with its holder, so that a
killed run loses the configuration in work and nothing else. Single-threaded; set
OMP_NUM_THREADS=1 and start one per core.
"""

import argparse
import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.refractory_mini.collect import stored_frames, stored_studies
from tools.refractory_mini.dft import compute
from tools.refractory_mini.studies import Job, all_jobs


def main() -> None:
    """Compute whatever has no record yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, help="folder of the records")
    parser.add_argument("--public", type=Path, help="folder of MVL-NbMoTaW's files")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these records alone")
    arguments = parser.parse_args()
    jobs = all_jobs(arguments.public)
    known = {job.item.name for job in jobs}
    if unknown := set(arguments.only or ()) - known:
        sys.exit(f"no such configuration: {', '.join(sorted(unknown))}")
    wanted = set(arguments.only or known - {*stored_frames(), *stored_studies()})
    arguments.records.mkdir(parents=True, exist_ok=True)
    for job in jobs:
        if job.item.name in wanted:
            compute_once(job, arguments.records)


def compute_once(job: Job, records: Path) -> None:
    """Write a job's record, unless it is there or another process is at it."""
    record = records / f"{job.item.name}.json"
    with _held(records / f".{job.item.name}.lock") as held:
        if not held or record.is_file():
            return
        log = records / f"{job.item.name}.txt"
        result = compute(job.item, job.settings, log)
        part = record.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(result) + "\n")
        part.rename(record)
        print(f"{job.item.name}: {result['energy']:.4f} eV, {result['cpu_s']} s", flush=True)  # noqa: T201


@contextmanager
def _held(lock: Path) -> Iterator[bool]:
    """Hold a lock, or say that another process does."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


if __name__ == "__main__":
    main()
