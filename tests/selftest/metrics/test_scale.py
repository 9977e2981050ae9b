import pytest

from benchmarks.scale import main

pytestmark = pytest.mark.selftest


def test_the_benchmark_of_the_metrics_runs(capsys: pytest.CaptureFixture[str]) -> None:
    main(3, 50)
    printed = capsys.readouterr().out
    assert "3 models on 50 configurations" in printed
    assert "GB at most" in printed
