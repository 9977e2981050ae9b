"""What it costs to evaluate a dataset through the workers, beside a plain ASE loop."""

import json
import resource
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from umlip_gate.datasets.load import load_dataset
from umlip_gate.models.prepare import prepare_model
from umlip_gate.plugin.run_configuration import RunConfiguration
from umlip_gate.plugin.run_settings import worker_share
from umlip_gate.predictions.compute import compute
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Store

pytestmark = [pytest.mark.cost, pytest.mark.slow]

PLAIN = Path(__file__).with_name("plain_ase_loop.py")
SAME_EV_PER_ATOM = 1e-5


def test_all_of_w_g_takes_no_longer_than_a_plain_ase_loop(
    benchmark: BenchmarkFixture, suite: RunConfiguration, tmp_path: Path
) -> None:
    """CHGNet on this machine's cores, both in one run; the starts of our workers count."""
    if benchmark.disabled:
        pytest.fail("benchmarks are disabled: run without xdist and --benchmark-disable")
    live = prepare_model(suite.models["CHGNet_0.3.0"], "cpu", suite.settings)
    reference = load_dataset(suite.datasets["W-g"], suite.settings).configurations
    np.savez(
        tmp_path / "w-g.npz",
        n_atoms=reference.n_atoms,
        numbers=reference.numbers,
        positions=reference.positions,
        cells=reference.cells,
    )
    arguments = [str(tmp_path / "w-g.npz"), "chgnet", "cpu"]
    command = [str(live.job.python), str(PLAIN), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    plain = json.loads(run.stdout.splitlines()[-1])

    def ours() -> Predictions:
        return compute(
            Pool(live.job, [None] * worker_share(), tmp_path),
            Store(tmp_path / "predictions", {"benchmark": True}),
            reference,
            np.arange(len(reference)),
            atoms_per_batch=live.atoms_per_batch,
            announce=lambda _: None,
        )

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    predictions = benchmark.pedantic(ours, rounds=1, iterations=1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert benchmark.stats is not None
    wall_s = benchmark.stats.stats.total
    benchmark.extra_info |= {
        "plain_wall_s": plain["wall_s"],
        "plain_cpu_s": plain["cpu_s"],
        "cpu_s": cpu_s,
        "cores_used": cpu_s / wall_s,
        "speedup": plain["wall_s"] / wall_s,
    }
    gap = np.abs(predictions.energies - plain["energies_ev"]) / reference.n_atoms
    assert gap.max() < SAME_EV_PER_ATOM
    assert wall_s <= plain["wall_s"]
    if worker_share() > 1:
        assert cpu_s > wall_s
