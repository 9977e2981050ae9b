"""What a live calculator states of its own errors: reported, and judged, as an ensemble's."""

from pathlib import Path
from typing import Any

import pytest

from tests.selftest.cli import ENERGY, CommandLineRun

pytestmark = pytest.mark.selftest


def spearman(quantity: str, convention: str) -> dict[str, Any]:
    kind = quantity.partition("_")[0]
    names = {"name": f"{kind}-order", "dataset": "crystals", "unit": "1", "min": 0.9}
    return {**names, "quantity": quantity, "convention": convention}


LIMIT = """
[[limit]]
name = "{name}"
dataset = "crystals"
quantity = "{quantity}"
convention = "{convention}"
unit = "1"
min = 0.9
rationale = "a self-test's"
"""


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    run = CommandLineRun(tmp_path)
    run.gate(ENERGY)
    gate = tmp_path / "own-gate.toml"
    limits = (
        spearman("energy_deviation_spearman", "total"),
        spearman("force_deviation_spearman", "vector"),
    )
    gate.write_text(gate.read_text() + "".join(LIMIT.format(**limit) for limit in limits))
    return run


@pytest.mark.parametrize("name", ["force_uncertainty", "gamma"])
def test_a_live_models_uncertainty_is_measured_and_judged(cli: CommandLineRun, name: str) -> None:
    keys = "" if name == "force_uncertainty" else '[uncertainty]\nforces = "gamma"\n'
    cli.candidate("fakes:Uncertain", f'[arguments]\nkey = "{name}"\n{keys}')
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    assert outcome.verdicts["energy-order"]["value"] == pytest.approx(1)
    # the file has 8 decimals of a force
    assert outcome.verdicts["force-order"]["value"] > 0.999
    (measurement,) = outcome.results["measurements"]
    shares = measurement["uncertainty"]["share_of_errors_above_multiples_of_the_deviation"]
    # the energy's is its error itself, the force's half of it
    assert shares["energy"]["2"] == 0
    assert (shares["force"]["1"], shares["force"]["3"]) == (1, 0)


def test_an_uncertainty_that_nobody_named_is_not_read(cli: CommandLineRun) -> None:
    cli.candidate("fakes:Uncertain", '[arguments]\nkey = "gamma"\n')
    outcome = cli.judge()
    assert outcome.code == 6, outcome.output
    assert outcome.verdicts["energy-order"]["outcome"] == "passed"
    assert outcome.verdicts["force-order"]["outcome"] == "error"


def test_a_named_uncertainty_that_is_not_there_is_an_error_of_the_configuration(
    cli: CommandLineRun,
) -> None:
    cli.candidate("fakes:honest", '[uncertainty]\nforces = "gamma"\n')
    outcome = cli.judge()
    assert outcome.code == 6, outcome.output
    text = "ValueError: no gamma, which uncertainty.forces names; the results have energies, energy"
    assert text in outcome.verdicts["energy"]["reason"]


def test_a_named_uncertainty_of_another_shape_is_an_error_too(cli: CommandLineRun) -> None:
    text = '[arguments]\nkey = "cut"\n[uncertainty]\nforces = "cut"\n'
    cli.candidate("fakes:Uncertain", text)
    outcome = cli.judge()
    assert (
        "row 5: ValueError: cut, which uncertainty.forces names, is not one number per atom"
        in (outcome.verdicts["energy"]["reason"])
    )


def test_a_family_has_no_results_to_name(cli: CommandLineRun) -> None:
    (cli.folder / "weights").touch()
    cli.candidate("fakes:honest", '[uncertainty]\nforces = "gamma"\n')
    text = (cli.folder / "mine.toml").read_text().replace('calculator = "fakes:honest"', "")
    (cli.folder / "mine.toml").write_text(f'family = "chgnet"\ncheckpoint = "weights"\n{text}')
    said = " ".join(cli.refused().split())
    assert "uncertainty is read of a calculator's results; a family has none" in said
