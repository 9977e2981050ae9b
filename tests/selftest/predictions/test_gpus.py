"""Workers are spread over the visible GPUs, as many as memory, cores and work allow."""

import pytest

from umlip_gate.predictions.gpus import Gpu, parsed, slots

pytestmark = pytest.mark.selftest

ANSWER = "0, GPU-a, 143000\n1, GPU-b, 20480\n"
TWO = [Gpu("0", "GPU-a", 139.6484375), Gpu("1", "GPU-b", 20.0)]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, TWO),
        ("1", TWO[1:]),
        ("1,0", TWO[::-1]),
        ("GPU-a", TWO[:1]),
        ("", []),
        ("-1", []),
        ("7", []),
    ],
)
def test_the_visible_gpus_in_their_order(visible: str | None, expected: list[Gpu]) -> None:
    assert parsed(ANSWER, visible) == expected


@pytest.mark.parametrize("answer", ["", "NVIDIA-SMI has failed: it could not ask the driver"])
def test_an_answer_without_a_gpu(answer: str) -> None:
    assert parsed(answer, None) == []


@pytest.mark.parametrize(
    ("workers_per_gpu", "gib", "n_cores", "n_batches", "expected"),
    [
        (1, 10, 16, 99, ["GPU-a", "GPU-b"]),
        (3, 9, 16, 99, ["GPU-a", "GPU-b", "GPU-a", "GPU-b", "GPU-a"]),
        (3, 9, 3, 99, ["GPU-a", "GPU-b", "GPU-a"]),
        (3, 9, 16, 1, ["GPU-a"]),
        (3, 9, 0, 0, ["GPU-a"]),
        (2, 1000, 16, 99, ["GPU-a", "GPU-b"]),
    ],
)
def test_every_gpu_has_a_worker_before_any_has_two(
    workers_per_gpu: int, gib: float, n_cores: int, n_batches: int, expected: list[str]
) -> None:
    found = slots(
        TWO,
        workers_per_gpu=workers_per_gpu,
        gib_per_worker=gib,
        n_cores=n_cores,
        n_batches=n_batches,
    )
    assert found == expected


def test_without_a_known_gpu_one_worker_sees_what_the_suite_sees() -> None:
    assert slots([], workers_per_gpu=4, gib_per_worker=10, n_cores=8, n_batches=9) == [None]
