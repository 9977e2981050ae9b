"""The summary for a pull request: the verdict first, and 60 lines at most."""

import json
from pathlib import Path

import pytest

from tests.selftest.builders.results import made_measurement, made_results
from umlip_gate.report.summary import main, markdown

pytestmark = pytest.mark.selftest


def test_the_verdict_comes_first() -> None:
    first, *_ = markdown(made_results())
    assert first == "**❌ mine fails the gate quick** · exit code 1 · 1 failed, 1 skipped, 2 passed"
    assert markdown(made_results(exit_code=0))[0].startswith("**✅ mine passes")
    assert markdown(made_results(exit_code=6))[0].startswith("**⚠️ mine: no verdict")


@pytest.mark.parametrize("n", [0, 1, 30, 500])
def test_a_run_of_any_size_has_60_lines_at_most(n: int) -> None:
    results = made_results()
    (failed,) = [each for each in results["verdicts"] if each["outcome"] == "failed"]
    results["verdicts"] = [
        failed | {"id": f"m{k}:W-g:item-{k}", "reason": f"reason {k}\nmore"} for k in range(n)
    ]
    results["measurements"] = [made_measurement(f"m{k}", "W-g", 4.5) for k in range(n)]
    results["unmeasured"] = [f"not measured: {k}" for k in range(n)]
    lines = markdown(results)
    assert len(lines) <= 60
    assert sum(": reason " in line for line in lines) == min(n, 18)
    assert ("- … and 482 more: see the report" in lines) == (n == 500)


def test_hostile_text_stays_text() -> None:
    hostile = "<img src=x>\n# heading | cell"
    lines = markdown(made_results("<b>mine</b>", hostile))
    assert not any("<img" in line or "<b>" in line or line.startswith("#") for line in lines)
    assert "1 skipped**: &lt;img src=x&gt;" in "\n".join(lines)
    table = [line for line in lines if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(made_results()))
    main([str(path)])
    assert capsys.readouterr().out.startswith("### results.json\n\n**❌ mine fails")
    with pytest.raises(SystemExit, match="not a file that --umlip-results wrote"):
        main([str(tmp_path / "absent.json")])
