"""Costs from the command line, in a copy of the project with a small protocol.

The candidates take a given CPU time per step, so that the machine's load decides nothing.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.cli import COST, CommandLineRun, Outcome

pytestmark = pytest.mark.selftest

OUTSIDE, USAGE, NOT_MEASURED = 1, 4, 6
SIZES = (2, 16, 54)
PASSED = {f"mine:bcc-W-{size}:step.cpu.float64": "passed" for size in SIZES}


class CostProject(CommandLineRun):
    """A copy of the project, with a small protocol and the folder of a person beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.root = folder / "project"
        skip = shutil.ignore_patterns("__pycache__", "selftest", "cost")
        for name in ("umlip_gate", "fixtures", "tests"):
            ignore = shutil.ignore_patterns("__pycache__", "selftest")
            shutil.copytree(ROOT / name, self.root / name, symlinks=True, ignore=ignore)
        shutil.copytree(ROOT / "thresholds", self.root / "thresholds", ignore=skip)
        for name in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / name, self.root)
        self.protocol()

    def protocol(self, **changes: str) -> None:
        text = COST
        for key, value in changes.items():
            head, _, rest = text.partition(f"\n{key} = ")
            text = f"{head}\n{key} = {value}\n{rest.partition(chr(10))[2]}"
        (self.root / "thresholds" / "cost.toml").write_text(text)

    def burning(self, cpu_ms: float, name: str = "mine") -> None:
        """Write a candidate that takes so much CPU time per step."""
        self.candidate("fakes:burns", f"[arguments]\ncpu_ms = {cpu_ms}\n", name=name)

    def time(self, *arguments: str) -> Outcome:
        return self.run(
            self.command(
                "--benchmark-only",
                f"--umlip-candidate={self.folder / 'mine.toml'}",
                f"--umlip-results={self.folder / 'results.json'}",
                *arguments,
            )
        )

    def baseline(self, results: dict[str, Any]) -> Path:
        """Make the baseline `kept` of a results file."""
        source = self.folder / "kept.json"
        source.write_text(json.dumps(results))
        command = [sys.executable, "-m", "umlip_gate.cost.baseline", str(source)]
        command += ["--max-ratio", "1.3", "--rationale", "a self-test's"]
        made = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
        path = self.root / "thresholds" / "cost" / "kept.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(made.stdout)
        return path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> CostProject:
    return CostProject(tmp_path_factory.mktemp("costs"))


@pytest.fixture(autouse=True)
def clean(project: CostProject) -> Iterator[None]:
    yield
    project.protocol()
    shutil.rmtree(project.root / "thresholds" / "cost", ignore_errors=True)


@pytest.fixture(scope="module")
def burned(project: CostProject) -> Outcome:
    """What a candidate of 4 ms per step measures."""
    project.burning(4)
    return project.time()


def outcomes(outcome: Outcome) -> dict[str, str]:
    assert outcome.results, outcome.output
    return {v["id"]: v["outcome"] for v in outcome.results["verdicts"]}


def reason(outcome: Outcome, item: str) -> str:
    return next(str(v["reason"]) for v in outcome.results["verdicts"] if v["id"] == item)


def test_every_size_is_timed_on_one_core(burned: Outcome) -> None:
    assert burned.code == 0, burned.output
    assert outcomes(burned) == PASSED
    (measured,) = burned.results["costs"]
    assert len(measured["host"]["cores"]) == 1
    assert measured["device"] == "cpu"
    assert measured["weights"] == "real"
    assert measured["ended"] is None
    assert measured["fit"]["sizes"] == list(SIZES)
    for cost in measured["costs"]:
        assert cost["clock"] == "cpu"
        assert min(cost["cpu_s"]) >= 0.02
        assert min(cost["cpu_s"]) >= 0.004 * cost["n_steps"]
        assert cost["peak_bytes"] > 2**20
    assert "µs/step/atom" in burned.output


def test_what_the_benchmarks_file_says(project: CostProject, burned: Outcome) -> None:
    project.burning(4)
    path = project.folder / "benchmarks.json"
    assert project.time(f"--benchmark-json={path}").code == burned.code
    written = json.loads(path.read_text())
    assert written["machine_info"]["workers"][0]["cores"]
    for entry in written["benchmarks"]:
        extra = entry["extra_info"]
        assert entry["stats"]["data"] == pytest.approx(extra["cpu_s"])
        assert extra["steps"] * 0.004 <= min(extra["cpu_s"])
        for key in ("model", "family", "device", "dtype", "weights", "atoms", "ns_per_day"):
            assert key in extra


def test_a_result_that_was_kept_is_an_error(project: CostProject) -> None:
    project.candidate("fakes:kept")
    outcome = project.time()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert set(outcomes(outcome).values()) == {"error"}
    assert "a result was kept and not computed" in outcome.output


def test_out_of_memory_ends_the_sweep_and_not_the_run(project: CostProject) -> None:
    project.candidate("fakes:large", "[arguments]\nn_atoms = 54\n")
    outcome = project.time()
    assert outcome.code == 0, outcome.output
    last = "mine:bcc-W-54:step.cpu.float64"
    assert outcomes(outcome) == {**PASSED, last: "skipped"}
    assert "out of memory at 54 atoms: MemoryError: no room" in reason(outcome, last)
    assert outcome.results["costs"][0]["ended"] == [
        54,
        "out of memory at 54 atoms: MemoryError: no room",
    ]


def test_out_of_memory_at_the_required_size_is_an_error(project: CostProject) -> None:
    project.candidate("fakes:large", "[arguments]\nn_atoms = 16\n")
    outcome = project.time()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert outcomes(outcome)["mine:bcc-W-16:step.cpu.float64"] == "error"
    assert outcomes(outcome)["mine:bcc-W-54:step.cpu.float64"] == "skipped"


def test_the_time_that_is_left_ends_the_sweep(project: CostProject) -> None:
    project.burning(4)
    project.protocol(budget_s_per_model="{ cpu = 0.001, cuda = 60 }")
    outcome = project.time()
    assert outcome.code == 0, outcome.output
    last = "mine:bcc-W-54:step.cpu.float64"
    assert outcomes(outcome) == {**PASSED, last: "skipped"}
    assert "s are left of 0.001 s per model" in reason(outcome, last)


def test_a_kill_that_is_not_ours_ends_the_sweep_as_what_it_is(project: CostProject) -> None:
    project.candidate("fakes:is_killed_at", "[arguments]\nn_atoms = 54\n")
    outcome = project.time()
    assert outcome.code == 0, outcome.output
    last = "mine:bcc-W-54:step.cpu.float64"
    assert outcomes(outcome) == {**PASSED, last: "skipped"}
    assert "at 54 atoms the worker died of SIGKILL" in reason(outcome, last)


def test_a_gpu_without_memory_is_not_lost(project: CostProject) -> None:
    arguments = '[arguments]\nn_atoms = 54\nwhat = "out of memory"\n'
    project.candidate("fakes:cuda_error_at", arguments)
    outcome = project.time()
    assert outcome.code == 0, outcome.output
    said = reason(outcome, "mine:bcc-W-54:step.cpu.float64")
    assert "out of memory at 54 atoms: RuntimeError: CUDA error: out of memory" in said


@pytest.mark.parametrize(
    ("calculator", "arguments", "said"),
    [
        ("hangs_at", "n_atoms = 16", "the worker did not answer within 5 s"),
        (
            "cuda_error_at",
            'n_atoms = 16\nwhat = "an illegal memory access was encountered"',
            "RuntimeError: CUDA error: an illegal memory access was encountered",
        ),
    ],
)
def test_what_ended_the_worker_is_no_want_of_memory(
    project: CostProject, calculator: str, arguments: str, said: str
) -> None:
    project.candidate(f"fakes:{calculator}", f"[arguments]\n{arguments}\n", time_limit_s=5)
    outcome = project.time()
    assert outcome.code == NOT_MEASURED, outcome.output
    ends = {size: f"mine:bcc-W-{size}:step.cpu.float64" for size in SIZES}
    assert outcomes(outcome) == {**PASSED, ends[16]: "error", ends[54]: "error"}
    assert said in reason(outcome, ends[16])
    assert "not tried, as at 16 atoms the worker did not answer" in reason(outcome, ends[54])
    assert "memory" not in reason(outcome, ends[54]).replace("illegal memory access", "")


def test_a_core_that_is_a_gpu_is_an_error(project: CostProject) -> None:
    project.candidate("fakes:on_gpu")
    outcome = project.time()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert set(outcomes(outcome).values()) == {"error"}
    assert "it is to compute on a core, and took 3.0 MiB of a GPU" in outcome.output


def test_a_gpu_that_is_none_is_an_error(project: CostProject) -> None:
    project.candidate(device="cuda")
    outcome = project.time()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert set(outcomes(outcome).values()) == {"error"}
    assert "it is to compute on a GPU, and neither torch nor tensorflow" in outcome.output


def test_a_gpu_is_timed_by_the_wall_clock(project: CostProject) -> None:
    project.candidate("fakes:on_gpu", device="cuda")
    outcome = project.time()
    assert outcome.code == 0, outcome.output
    assert outcomes(outcome) == {item.replace("cpu", "cuda"): "passed" for item in PASSED}
    (measured,) = outcome.results["costs"]
    assert measured["host"]["gpu"] == "a GPU"
    assert {(cost["clock"], cost["peak_bytes"]) for cost in measured["costs"]} == {
        ("wall", 3 << 20)
    }


@pytest.mark.parametrize("waits", ["true", "false"])
def test_work_of_other_processes_is_an_error(project: CostProject, waits: str) -> None:
    """Its CPU time is not in the worker's, whether they have ended or still run."""
    project.candidate("fakes:employs", f"[arguments]\nwaits = {waits}\n")
    outcome = project.time()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert set(outcomes(outcome).values()) == {"error"}
    assert "processes that it started took 0.0" in outcome.output


def test_models_that_know_a_cpu_alone_are_not_timed_on_a_gpu(project: CostProject) -> None:
    listed = project.run(
        project.command("-m", "cost", "--umlip-model=all", "--umlip-device=cuda", "--collect-only")
    ).output
    assert "CHGNet_0.3.0:bcc-W-16:step.cuda.float32" in listed
    assert "EAM-Zhou:bcc-W" not in listed


def test_a_registered_model_is_set_beside_a_candidate_on_its_device(project: CostProject) -> None:
    project.candidate("fakes:on_gpu", device="cuda")
    outcome = project.time("--umlip-against=CHGNet_0.3.0")
    assert outcome.code == NOT_MEASURED, outcome.output
    (said,) = (str(verdict["reason"]) for verdict in outcome.results["verdicts"])
    assert "a ratio of devices" not in said
    assert "GPU" in said or "CUDA" in said, said  # there is none on which CHGNet could start


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one core")
def test_a_package_that_leaves_its_core_is_an_error(project: CostProject) -> None:
    project.candidate("fakes:wanders")
    outcome = project.time()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "lets the process run on [0, 1" in outcome.output


@pytest.mark.parametrize("arguments", [("-n", "2"), ("--benchmark-disable",)])
def test_disabled_benchmarks_are_an_error(project: CostProject, arguments: tuple[str, ...]) -> None:
    project.burning(4)
    command = project.command(
        *("-m", "cost", f"--umlip-candidate={project.folder / 'mine.toml'}"),
        f"--umlip-results={project.folder / 'results.json'}",
        *arguments,
    )
    outcome = project.run(command)
    assert outcome.code == NOT_MEASURED, outcome.output
    assert outcomes(outcome) == dict.fromkeys(PASSED, "error")
    assert "benchmarks are disabled" in outcome.output


def test_skipped_benchmarks_measure_nothing(project: CostProject) -> None:
    project.burning(4)
    candidate = f"--umlip-candidate={project.folder / 'mine.toml'}"
    outcome = project.run(project.command("-m", "cost", candidate, "--benchmark-skip"))
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "nothing at all was measured" in outcome.output


def baseline_outcomes(outcome: Outcome) -> dict[str, str]:
    return {item: end for item, end in outcomes(outcome).items() if ":baseline.kept." in item}


def test_the_same_again_keeps_to_its_baseline(project: CostProject, burned: Outcome) -> None:
    project.burning(4)
    project.baseline(burned.results)
    outcome = project.time("--umlip-cost-baseline=kept")
    assert outcome.code == 0, outcome.output
    assert baseline_outcomes(outcome) == {
        f"mine:bcc-W-{size}:baseline.kept.cpu.float64": "passed" for size in SIZES
    }


def test_a_step_that_costs_twice_what_it_did_fails(project: CostProject, burned: Outcome) -> None:
    project.burning(8)
    project.baseline(burned.results)
    outcome = project.time("--umlip-cost-baseline=kept")
    assert outcome.code == OUTSIDE, outcome.output
    assert set(baseline_outcomes(outcome).values()) == {"failed"}


def test_a_renamed_benchmark_is_missed_by_both_names(project: CostProject, burned: Outcome) -> None:
    project.burning(4, name="mine-2")
    project.baseline(burned.results)
    outcome = project.time("--umlip-cost-baseline=kept")
    assert outcome.code == NOT_MEASURED, outcome.output
    assert baseline_outcomes(outcome) == {
        f"mine-2:bcc-W-{size}:baseline.kept.cpu.float64": "error" for size in SIZES
    }
    assert "the baseline kept does not have it" in outcome.output


def test_a_new_a_vanished_and_a_skipped_cost(project: CostProject, burned: Outcome) -> None:
    """The protocol loses a size and gains one; memory ends before another."""
    path = project.baseline(burned.results)
    path.write_text(path.read_text().replace("n_atoms = 2\n", "n_atoms = 1\n"))
    project.candidate("fakes:large", "[arguments]\nn_atoms = 54\n")
    outcome = project.time("--umlip-cost-baseline=kept")
    assert outcome.code in (OUTSIDE, NOT_MEASURED), outcome.output
    ends = {size: f"mine:bcc-W-{size}:baseline.kept.cpu.float64" for size in (1, 2, 54)}
    assert {baseline_outcomes(outcome)[item] for item in ends.values()} == {"error"}
    assert "its benchmark did not run to its end" in reason(outcome, ends[1])
    assert "does not have it" in reason(outcome, ends[2])
    assert "the baseline kept has it, and here: mine: out of memory" in reason(outcome, ends[54])


def test_a_deselected_benchmark_is_missed(project: CostProject, burned: Outcome) -> None:
    project.burning(4)
    project.baseline(burned.results)
    outcome = project.time("--umlip-cost-baseline=kept", "-k", "test_step and bcc-W-16")
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "required, and not measured: mine:bcc-W-16:baseline.kept.cpu.float64" in outcome.output


def test_another_device_is_an_error(project: CostProject, burned: Outcome) -> None:
    project.burning(4)
    path = project.baseline(burned.results)
    path.write_text(path.read_text().replace('\ndevice = "', '\ndevice = "the next '))
    outcome = project.time("--umlip-cost-baseline=kept")
    assert outcome.code == NOT_MEASURED, outcome.output
    assert set(baseline_outcomes(outcome).values()) == {"error"}
    assert "another device: the baseline kept is of the next" in outcome.output


def test_a_missing_baseline_is_a_wrong_command(project: CostProject) -> None:
    project.burning(4)
    outcome = project.time("--umlip-cost-baseline=kept")
    assert outcome.code == USAGE
    assert "unknown baseline 'kept'; there is none yet" in outcome.output
    unset = project.time("--umlip-cost-baseline=")  # a variable of CI that is not set
    assert unset.code == USAGE
    assert "the value is empty" in unset.output


def against(project: CostProject, cpu_ms: float) -> Outcome:
    """Run a candidate side by side with one that takes 10 ms."""
    project.burning(10, name="before")
    shutil.copy(project.folder / "mine.toml", project.folder / "before.toml")
    project.burning(cpu_ms)
    return project.time(f"--umlip-against={project.folder / 'before.toml'}")


ITEM = "mine:bcc-W-16:against.before.cpu.float64"


@pytest.mark.parametrize(("cpu_ms", "code", "end"), [(10, 0, "passed"), (11, OUTSIDE, "failed")])
def test_ten_percent_slower_is_outside(
    project: CostProject, cpu_ms: float, code: int, end: str
) -> None:
    outcome = against(project, cpu_ms)
    assert outcome.code == code, outcome.output
    assert outcomes(outcome) == {ITEM: end}
    (verdict,) = outcome.results["verdicts"]
    low, high = verdict["interval"]
    assert low <= verdict["value"] <= high
    assert verdict["value"] == pytest.approx(cpu_ms / 10, abs=0.03)


def test_what_is_to_be_compared_and_is_not_available_is_an_error(project: CostProject) -> None:
    project.burning(4)
    outcome = project.time("--umlip-against=MTP14-MoNbTaW")
    assert outcome.code == NOT_MEASURED, outcome.output
    (end,) = outcomes(outcome).values()
    assert end == "error"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("-m", "accuracy", "--umlip-cost-baseline=kept"), "no cost is measured in this run"),
        (("-m", "cost", "--umlip-against=CHGNet_0.3.0"), "judges one model"),
        (
            ("-m", "cost", "--umlip-model=EAM-Zhou", "--umlip-device=cuda"),
            "--umlip-device=cuda: EAM-Zhou computes on a CPU alone",
        ),
        (
            ("-m", "cost", "--umlip-model=CHGNet_0.3.0", "--umlip-against=CHGNet"),
            "did you mean 'CHGNet_0.3.0'",
        ),
        (
            ("-m", "cost", "--umlip-model=EAM-Zhu", "--umlip-against=ACE-W-0"),
            "--umlip-model EAM-Zhu: unknown; did you mean 'EAM-Zhou'?",
        ),
        (
            ("-m", "cost", "--umlip-model=eqV2-ensemble", "--umlip-against=ACE-W-0"),
            "--umlip-model eqV2-ensemble: no step of it is timed",
        ),
    ],
)
def test_wrong_commands(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    cli = CommandLineRun(tmp_path)
    assert text in cli.refusal(cli.command(*arguments))


def test_nothing_slow_and_no_accuracy_among_the_costs(project: CostProject) -> None:
    project.burning(4)
    listed = project.time("--collect-only").output
    assert "test_step" in listed
    assert "test_all_of_w_g" not in listed
    assert "accuracy" not in listed
