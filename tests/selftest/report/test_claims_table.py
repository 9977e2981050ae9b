"""What became of the claims, and that none of them is ever missing from the table."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.selftest.checkout import ROOT
from umlip_gate.claims.thresholds import Thresholds
from umlip_gate.errors import InputError
from umlip_gate.report.claims import (
    BEGIN,
    END,
    LABELS,
    ClaimRecord,
    State,
    claim_records,
    committed_thresholds,
    main,
    markdown,
    summary,
    write_table,
)

pytestmark = pytest.mark.selftest


@pytest.fixture(scope="module")
def thresholds() -> Thresholds:
    return committed_thresholds()


def verdict(item: str, outcome: str, **keys: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    measured = outcome in {"passed", "failed", "known_failure", "inconclusive"}
    return {
        "id": item,
        "model": item.split(":", maxsplit=1)[0],
        "outcome": outcome,
        "judged": {"known_failure": "failed"}.get(outcome, outcome) if measured else None,
        "value": 4.5 if measured else None,
        "relation": "<",
        "limit": 5.0,
        "unit": "meV/atom",
        "source": "published" if measured else None,
        "reason": f"{item}: because\nand so on",
        "details": {},
        **keys,
    }


def record_of(
    thresholds: Thresholds, claim: str, *verdicts: Mapping[str, Any], read: str = "W-g"
) -> ClaimRecord:
    records = claim_records(thresholds, verdicts, {read})
    return next(record for record in records if record.id == claim)


ITEMS = [f"eqV2-{size}-omat-mp-salex:W-g:abstract-eqv2.energy" for size in ("31M", "86M", "153M")]


def test_every_claim_has_a_record_in_the_index_order(thresholds: Thresholds) -> None:
    records = claim_records(thresholds, [], set())
    assert [record.id for record in records] == list(thresholds.ids)
    assert {record.label for record in records} <= {State.NOT_ASKED, State.NO_ASSERTION}


@pytest.mark.parametrize(
    ("outcomes", "label"),
    [
        (["passed", "passed", "passed"], "reproduced in part"),
        (["passed", "failed", "passed"], "contradicted"),
        (["passed", "known_failure", "error"], "contradicted"),
        (["passed", "inconclusive", "error"], "error"),
        (["passed", "inconclusive", "skipped"], "undecided"),
        (["passed", "skipped", "skipped"], "reproduced in part"),
        (["skipped", "skipped", "skipped"], "not obtainable"),
    ],
)
def test_a_claim_is_what_the_worst_of_its_items_is(
    thresholds: Thresholds, outcomes: list[str], label: str
) -> None:
    verdicts = [verdict(item, outcome) for item, outcome in zip(ITEMS, outcomes, strict=True)]
    assert record_of(thresholds, "abstract-eqv2", *verdicts).label == label


def test_reproduced_is_only_what_was_measured_as_a_whole(thresholds: Thresholds) -> None:
    items = [item for item in thresholds.items() if ":mg-force-best." in item]
    whole = [verdict(item, "passed") for item in items]
    assert record_of(thresholds, "mg-force-best", *whole).label == "reproduced"
    assert record_of(thresholds, "mg-force-best", *whole[1:]).label == "reproduced in part"


@pytest.mark.parametrize(
    ("n_judged", "told", "label"),
    [
        (9, "claimed < 5, over 9 of 25 models: reproduced in part", "reproduced in part"),
        (25, "claimed < 5: reproduced", "reproduced"),
    ],
)
def test_what_holds_over_some_of_the_models_is_reproduced_in_part(
    thresholds: Thresholds, n_judged: int, told: str, label: str
) -> None:
    items = [item for item in thresholds.items() if ":mg-force-best." in item]
    details = {"n_models_judged": n_judged, "n_models_meant": 25}
    verdicts = [verdict(item, "passed", details=details) for item in items]
    record = record_of(thresholds, "mg-force-best", *verdicts)
    assert record.label == label
    assert all(line.endswith(told) for line in record.measured)
    behind = verdict(items[0], "failed", details=details)
    assert record_of(thresholds, "mg-force-best", behind).label == "contradicted"


def test_a_tie_that_is_listed_is_still_a_tie(thresholds: Thresholds) -> None:
    listed = verdict(ITEMS[0], "known_failure", judged="inconclusive")
    assert record_of(thresholds, "abstract-eqv2", listed).label == "undecided"


def test_a_known_failure_that_now_passes_is_reproduced(thresholds: Thresholds) -> None:
    """Its test fails, as the list is stale; what it says about the claim is what was found."""
    stale = verdict(ITEMS[0], "failed", judged="passed")
    record = record_of(thresholds, "abstract-eqv2", stale)
    assert record.label == "reproduced in part"
    assert record.measured[0].endswith(": reproduced")


def no_data(item: str) -> dict[str, Any]:
    return verdict(item, "skipped", reason=f"{item.split(':')[1]}: cannot be had\nBring it")


def test_what_is_missing_is_named(thresholds: Thresholds) -> None:
    skipped = [
        no_data(item)
        for item in thresholds.items()
        if ":abstract-eqv2." in item and ":W-g:" not in item
    ]
    record = record_of(thresholds, "abstract-eqv2", *skipped)
    assert record.missing == ("datasets Mo-g, Nb-g, Ta-g, MoNb-d, MoNbTaW-d",)
    no_model = record_of(thresholds, "abstract-eqv2", verdict(ITEMS[0], "skipped"))
    assert no_model.missing == (f"{ITEMS[0]}: because",)
    pooled = no_data("all-models:fig5-datasets:fig5-force-half.ratio")
    (line,) = record_of(thresholds, "fig5-force-half", pooled).missing
    assert line.startswith("datasets GB-56, Mo-g, Nb-g, Ta-g, MoNb-d")
    assert "W-g" not in line


def test_a_dataset_is_not_blamed_for_what_else_is_missing(thresholds: Thresholds) -> None:
    """One that no model was there to be asked on was not read either; a cost reads none."""
    environment = "there is no environment chgnet: `tox run -e chgnet` makes one"
    no_model = verdict(ITEMS[0], "skipped", reason=environment)
    record = record_of(thresholds, "abstract-eqv2", no_model, read="Mo-g")
    assert record.missing == (environment,)
    cost = next(item for item in thresholds.items() if ":bcc-W:fig7-dft." in item)
    write_yours = "the paper prints no time of DFT: write yours"
    record = record_of(thresholds, "fig7-dft", verdict(cost, "skipped", reason=write_yours))
    assert record.missing[0] == write_yours


def test_what_was_measured_says_against_which_limit_and_whose(thresholds: Thresholds) -> None:
    (line,) = record_of(thresholds, "abstract-eqv2", verdict(ITEMS[0], "passed")).measured
    assert line == (
        "energy: eqV2-31M-omat-mp-salex (W-g, published) 4.50 meV/atom, claimed < 5: reproduced"
    )


def test_summary_counts_every_claim_once(thresholds: Thresholds) -> None:
    heads, *rows = summary(claim_records(thresholds, [verdict(ITEMS[0], "failed")], {"W-g"}))
    assert all(label in heads for label in LABELS)
    total = [row.split() for row in rows if row.startswith("all")]
    assert total[0][1] == str(len(thresholds.ids))
    assert sum(map(int, total[0][2:])) == len(thresholds.ids)


def test_markdown_has_a_row_for_every_claim(thresholds: Thresholds) -> None:
    table = markdown(claim_records(thresholds, [verdict(ITEMS[0], "failed")], {"W-g"}))
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(thresholds.ids)
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}


def test_the_docs_show_every_claim(thresholds: Thresholds) -> None:
    text = (ROOT / "docs" / "results" / "claims.md").read_text(encoding="utf-8")
    table = text.partition(BEGIN)[2].partition(END)[0]
    shown = re.findall(r"^\| ([a-z0-9-]+) \| ([a-z ]+) \|", table, flags=re.MULTILINE)
    assert [claim for claim, _ in shown if claim != "claim"] == list(thresholds.ids)
    assert {state for _, state in shown} - {"state"} <= set(LABELS)


def test_the_table_is_written_between_the_marks_or_as_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "claims.md"
    write_table(path, "one\n")
    assert path.read_text() == f"{BEGIN}\none\n{END}\n"
    path.write_text(f"before\n{path.read_text()}after\n")
    write_table(path, "two\n")
    assert path.read_text() == f"before\n{BEGIN}\ntwo\n{END}\nafter\n"


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("mine")
    with pytest.raises(InputError, match=r"notes.md: is there, and has no <!-- claims: begin -->"):
        write_table(path, "table\n")
    assert path.read_text() == "mine"


def write_run(path: Path, *verdicts: Mapping[str, Any], digest: str = "0a") -> None:
    suite = {"thresholds_digest": digest}
    record = {"suite": suite, "verdicts": verdicts, "datasets": {"W-g": {}}}
    path.write_text(json.dumps(record))


def test_the_command_joins_several_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one machine measured is not undone by another that could not."""
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file, outcome in zip(files, ("passed", "skipped"), strict=True):
        write_run(file, verdict(ITEMS[0], outcome))
    main([str(file) for file in files])
    assert "| abstract-eqv2 | reproduced in part | 1 of 36 |" in capsys.readouterr().out


def test_the_command_refuses_to_join_what_was_judged_by_different_thresholds(
    tmp_path: Path,
) -> None:
    files = [tmp_path / name for name in ("a.json", "b.json", "c.json")]
    for file, digest in zip(files, ("0a", "0a", "0b"), strict=True):
        write_run(file, verdict(ITEMS[0], "passed"), digest=digest)
    with pytest.raises(SystemExit, match=r"a\.json and \S+c\.json were judged by different"):
        main([str(file) for file in files])


@pytest.mark.parametrize("content", [None, "not json", "{}"])
def test_the_command_refuses_what_is_no_results_file(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "results.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SystemExit, match="not a file that --umlip-results wrote"):
        main([str(path)])


def test_a_state_of_its_own_where_the_conventions_do_not_agree(thresholds: Thresholds) -> None:
    beside = {"convention": "per_atom", "value": 4.58, "outcome": "passed", "depends": True}
    depends = verdict(ITEMS[0], "known_failure", value=6.0, details={"other_convention": beside})
    found = record_of(thresholds, "abstract-eqv2", depends, verdict(ITEMS[1], "passed"))
    assert found.label == "depends on the convention"
    assert (
        "6 meV/atom, claimed < 5: depends on the convention (per_atom 4.58 meV/atom)"
        in (found.measured[0])
    )
    agrees = verdict(
        ITEMS[0], "failed", value=6.0, details={"other_convention": {**beside, "depends": False}}
    )
    assert record_of(thresholds, "abstract-eqv2", agrees).label == "contradicted"
    worse = record_of(thresholds, "abstract-eqv2", depends, verdict(ITEMS[2], "failed"))
    assert worse.label == "contradicted"


def test_what_the_harness_contradicts_is_undecided(thresholds: Thresholds) -> None:
    item = "GRACE-1L-OAM:bcc-W:fig7-linear.residual"
    by_harness = verdict(item, "known_failure", details={"cause": "harness"})
    by_model = verdict(item, "known_failure", details={"cause": "models"})
    assert record_of(thresholds, "fig7-linear", by_harness).label == "undecided"
    assert "by the harness" in record_of(thresholds, "fig7-linear", by_harness).measured[0]
    assert record_of(thresholds, "fig7-linear", by_model).label == "contradicted"


def test_a_narrow_pass_is_marked(thresholds: Thresholds) -> None:
    near = verdict(ITEMS[0], "passed", details={"within_its_interval": True})
    (line,) = record_of(thresholds, "abstract-eqv2", near).measured
    assert line.endswith("(inside by less than its interval's half-width)")
