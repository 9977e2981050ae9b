"""Claims, references and known failures from the command line, in a copy of the project.

The copy has registries of its own: one dataset, and models with published predictions.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.selftest.builders.crystals import labelled
from tests.selftest.checkout import ROOT
from tests.selftest.cli import COST, DATA, CommandLineRun

pytestmark = pytest.mark.selftest

OUTSIDE, USAGE, NOT_MEASURED = 1, 4, 6

MODEL = """
[{name}]
table1 = {table1}
parameters = 1
training_data = ["none"]
elements = ["H-Pu"]
level_of_theory = "PBE"
dtype = "float32"
conservative = true
d3 = false
licence = "none"
citation = "none"
source = "https://example.org"
default = true
status = "not-adapted"
reason = "a self-test's"
checkpoint = {{ url = "https://example.org/x", file = "x", licence = "none" }}
published = {{ crystals = {{ path = "{path}" }} }}
"""

CLAIM = """
[[claim]]
id = "offset"
source = "nowhere"
statement = "the models are good"
rationale = "a self-test's"

[[claim.assertion]]
kind = "limit"
name = "energy"
models = ["good", "bad"]
datasets = ["crystals"]
quantity = "energy_rmse"
convention = "per_atom"
unit = "meV/atom"
max = 5

[[claim.assertion]]
kind = "best-of"
name = "best"
datasets = ["crystals"]
decisive = ["good"]
quantity = "energy_rmse"
convention = "per_atom"
unit = "meV/atom"
max = 5
"""

KNOWN = """
[[known_failure]]
item = "offset.energy"
model = "{model}"
dataset = "crystals"
source = "published"
value = {value}
relative_tolerance = 0.01
evidence = "seen by a self-test"
date = 2026-01-01
"""

REFERENCE = """
[[reference]]
model = "good"
dataset = "crystals"
source = "published"
rationale = "a self-test's"
[[reference.values]]
quantity = "energy_offset"
convention = "per_atom"
unit = "meV/atom"
value = {value}
absolute_tolerance = 0.5
"""


def write_published(path: Path, offset_mev_per_atom: float) -> None:
    images = labelled(12)
    frame = pd.DataFrame(
        {
            "ase_atoms": [atoms.copy() for atoms in images],
            "energy": [
                atoms.get_potential_energy() / len(atoms)
                + offset_mev_per_atom / 1000 * (1.01 if row % 2 else 0.99)
                for row, atoms in enumerate(images)
            ],
            "forces": [np.asarray(atoms.get_forces()) for atoms in images],
        }
    )
    frame.columns = frame.columns.astype(object)  # as in the published files
    frame.to_pickle(path, compression="gzip")


STATISTICS = """\
level = 0.95
order_level = 0.97
fewest_configurations = 10
rationale = "for tests"
"""


INDEPENDENCE = """
largest_displacement_ang = 1e-3
largest_strain = 1e-3
rationale = "the rattled crystals are few, and each counts"
"""


class Project(CommandLineRun):
    """A copy of the project, whose registries and thresholds a test may change."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.root = folder / "project"
        # Its claims are about accuracy alone, and no claim about costs is an error of collection.
        skip = shutil.ignore_patterns("__pycache__", "selftest", "test_paper_costs.py")
        for name in ("umlip_gate", "fixtures", "tests"):
            shutil.copytree(ROOT / name, self.root / name, symlinks=True, ignore=skip)
        for name in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / name, self.root)
        data = DATA.replace("crystals.xyz", str(folder / "crystals.xyz"))
        (self.root / "fixtures" / "datasets.toml").write_text(data)
        (self.root / "fixtures" / "ensembles.toml").write_text("")
        shutil.rmtree(self.registry.parent)
        self.registry.parent.mkdir()
        self.models(good=1.0, bad=9.0)
        self.threshold("paper/index.toml", 'ids = ["offset"]\n[unwritten]')
        self.threshold("paper/claims.toml", CLAIM)
        self.threshold("known_failures.toml", "")
        self.threshold("cost.toml", COST)
        shutil.copy(ROOT / "thresholds" / "every-model.toml", self.root / "thresholds")
        self.threshold("independence.toml", INDEPENDENCE)
        for name in ("periodic_table.toml", "reading.toml"):
            shutil.copy(ROOT / "thresholds" / name, self.root / "thresholds")
        shutil.copytree(ROOT / "thresholds" / "physics", self.root / "thresholds" / "physics")
        self.threshold("dataset-groups.toml", "")
        self.threshold("statistics.toml", STATISTICS)
        self.threshold("reference/published.toml", REFERENCE.format(value=1.0))
        self.threshold("gates/own.toml", (folder / "own-gate.toml").read_text())

    @property
    def registry(self) -> Path:
        return self.root / "fixtures" / "models" / "chgnet.toml"

    def models(self, **offsets_mev_per_atom: float) -> None:
        text = ""
        for number, (name, offset) in enumerate(offsets_mev_per_atom.items(), start=1):
            path = self.folder / f"{name}.pckl.gzip"
            write_published(path, offset)
            text += MODEL.format(name=name, table1=number, path=path)
        self.registry.write_text(text)

    def threshold(self, name: str, text: str) -> None:
        path = self.root / "thresholds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def accuracy(self, *arguments: str) -> list[str]:
        results = f"--umlip-results={self.folder / 'results.json'}"
        return self.command("-m", "accuracy", results, *arguments)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def outcomes(project: Project, *arguments: str) -> tuple[int, dict[str, str]]:
    outcome = project.run(project.accuracy(*arguments))
    assert outcome.results, outcome.output
    return outcome.code, {v["id"]: v["outcome"] for v in outcome.results["verdicts"]}


GOOD = "good:crystals:offset.energy"
BAD = "bad:crystals:offset.energy"
BEST = "all-models:crystals:offset.best"
SAME = "good:crystals:reference.energy_offset.per_atom"


def test_a_claim_that_does_not_hold_is_red(project: Project) -> None:
    assert outcomes(project) == (
        OUTSIDE,
        {
            GOOD: "passed",
            BAD: "failed",
            BEST: "passed",
            SAME: "passed",
            "good:crystals:measured": "passed",
            "bad:crystals:measured": "passed",
        },
    )


def test_a_listed_known_failure_is_not(project: Project) -> None:
    project.threshold("known_failures.toml", KNOWN.format(model="bad", value=9.0))
    code, verdicts = outcomes(project)
    assert code == 0
    assert verdicts[BAD] == "known_failure"


def test_a_known_failure_that_got_worse_is_red(project: Project) -> None:
    project.threshold("known_failures.toml", KNOWN.format(model="bad", value=8.0))
    code, verdicts = outcomes(project)
    assert code == OUTSIDE
    assert verdicts[BAD] == "failed"


def test_an_xfail_that_is_not_listed_is_no_excuse(project: Project) -> None:
    (project.root / "excuse.py").write_text(
        "import pytest\n\n"
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        item.add_marker(pytest.mark.xfail(strict=False))\n"
    )
    code, verdicts = outcomes(project, "-p", "excuse")
    assert code == NOT_MEASURED
    assert verdicts[BAD] == "error"


def test_a_known_failure_that_starts_to_pass_is_red(project: Project) -> None:
    project.threshold("known_failures.toml", KNOWN.format(model="good", value=9.0))
    project.models(good=1.0, bad=1.0)
    outcome = project.run(project.accuracy())
    assert outcome.code == OUTSIDE, outcome.output
    assert "listed as a known failure, and passes: remove the entry" in outcome.output


def test_a_known_failure_does_not_hide_that_nothing_was_measured(project: Project) -> None:
    project.threshold("known_failures.toml", KNOWN.format(model="bad", value=9.0))
    (project.folder / "bad.pckl.gzip").write_bytes(b"not a pickle")
    code, verdicts = outcomes(project)
    assert code == NOT_MEASURED
    assert verdicts[BAD] == "error"
    assert verdicts[GOOD] == "passed"


def test_a_reference_value_that_moved_is_red(project: Project) -> None:
    project.threshold("reference/published.toml", REFERENCE.format(value=2.0))
    project.models(good=1.0, bad=1.0)
    code, verdicts = outcomes(project)
    assert code == OUTSIDE
    assert verdicts[SAME] == "failed"


def test_published_predictions_of_other_structures_are_an_error(project: Project) -> None:
    frame = pd.read_pickle(project.folder / "bad.pckl.gzip", compression="gzip")  # noqa: S301 - our own
    frame["ase_atoms"] = list(frame["ase_atoms"][::-1])
    frame.to_pickle(project.folder / "bad.pckl.gzip", compression="gzip")
    outcome = project.run(project.accuracy())
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "it predicts other configurations" in " ".join(outcome.output.split())


def test_two_processes_judge_as_one(project: Project) -> None:
    one, two = (project.run(project.accuracy(*n)) for n in ([], ["-n", "2"]))
    assert one.code == two.code == OUTSIDE, two.output
    assert one.leaves() == two.leaves()


def test_live_only_never_takes_published_predictions(project: Project) -> None:
    code, verdicts = outcomes(project, "--umlip-source=live")
    assert code == NOT_MEASURED
    assert set(verdicts.values()) == {"skipped"}


ORDER = """
[[claim.assertion]]
kind = "order"
name = "order"
datasets = ["crystals"]
tiers = [["{first}"], ["{second}"]]
quantity = "energy_rmse"
convention = "per_atom"
unit = "meV/atom"
"""

TIED = (
    KNOWN.replace("offset.energy", "offset.order")
    .replace('model = "{model}"\n', "")
    .replace("{value}", '0.0\noutcome = "{outcome}"')
)


def orders(project: Project, first: str, second: str) -> None:
    text = CLAIM.replace('models = ["good", "bad"]', 'models = ["good"]')
    project.threshold("paper/claims.toml", text + ORDER.format(first=first, second=second))


def test_an_order_is_separated_or_reversed(project: Project) -> None:
    orders(project, "good", "bad")
    code, verdicts = outcomes(project)
    assert (code, verdicts["all-models:crystals:offset.order"]) == (0, "passed")
    orders(project, "bad", "good")
    code, verdicts = outcomes(project)
    assert (code, verdicts["all-models:crystals:offset.order"]) == (OUTSIDE, "failed")


def test_a_tie_is_no_verdict(project: Project) -> None:
    project.models(good=1.0, bad=1.0)
    orders(project, "good", "bad")
    code, verdicts = outcomes(project)
    assert (code, verdicts["all-models:crystals:offset.order"]) == (NOT_MEASURED, "inconclusive")
    project.threshold("known_failures.toml", TIED.format(outcome="inconclusive"))
    code, verdicts = outcomes(project)
    assert (code, verdicts["all-models:crystals:offset.order"]) == (0, "known_failure")
    project.threshold("known_failures.toml", TIED.format(outcome="failed"))
    assert outcomes(project)[0] == NOT_MEASURED


POOL = """
[[pool]]
id = "both"
datasets = ["crystals", "more"]
rule = "{rule}"
rationale = "a self-test's"
"""

MORE = """
[more]
title = "the same again"
elements = ["W"]
status = "bring-your-own"
reason = "nobody knows where it is"
default = false
"""

POOLED = "all-models:both:offset.order"


def pool(project: Project, rule: str = "rows") -> None:
    orders(project, "good", "bad")
    path = project.root / "thresholds" / "paper" / "claims.toml"
    text = path.read_text()
    head, tail = text.rsplit('datasets = ["crystals"]', 1)
    path.write_text(f'{head}datasets = ["both"]{tail}')
    project.threshold("dataset-groups.toml", POOL.format(rule=rule))
    registry = project.root / "fixtures" / "datasets.toml"
    registry.write_text(registry.read_text() + MORE)


def test_a_pool_is_judged_if_all_of_it_is_asked_for(project: Project) -> None:
    pool(project)
    assert POOLED not in outcomes(project)[1]
    for asked in (
        ["--umlip-dataset=all"],
        ["--umlip-dataset=both"],
        ["--umlip-dataset=crystals", "--umlip-dataset=more"],
    ):
        outcome = project.run(project.accuracy(*asked))
        verdicts = {v["id"]: v for v in outcome.results["verdicts"]}
        assert verdicts[POOLED]["outcome"] == "skipped"
        reason = verdicts[POOLED]["reason"]
        assert "both: 1 of 2 datasets are not available here\nmore: nobody knows" in reason


@pytest.mark.parametrize("rule", ["rows", "mean-of-datasets"])
def test_a_pool_is_judged_if_all_of_it_is_brought(project: Project, rule: str) -> None:
    pool(project, rule)
    text = project.registry.read_text()
    for name in ("good", "bad"):
        place = str(project.folder / f"{name}.pckl.gzip")
        entry = f'crystals = {{ path = "{place}" }}'
        text = text.replace(entry, f'{entry}, more = {{ path = "{place}" }}')
    project.registry.write_text(text)
    bring = project.folder / "bring.toml"
    file = project.folder / "crystals.xyz"
    bring.write_text(f'[more]\nfiles = [{{ path = "{file}" }}]\nreader = "extxyz"\n')
    outcome = project.run(project.accuracy(f"--umlip-datasets={bring}"))
    verdicts = {v["id"]: v for v in outcome.results["verdicts"]}
    assert verdicts[POOLED]["outcome"] == "passed", outcome.output
    assert verdicts[POOLED]["value"] == pytest.approx(-8, rel=1e-3)
    pooled = [m for m in outcome.results["measurements"] if m["dataset"] == "both"]
    assert [m["n_configurations"] for m in pooled] == [24, 24]
    (other,) = pooled[0]["pooled_otherwise"]
    assert {other, rule} == {"rows", "mean-of-datasets"}
    assert set(outcome.results["datasets"]) == {"crystals", "more"}
    assert outcome.results["datasets"]["more"]["n_configurations"] == 12


@pytest.mark.parametrize(
    ("file", "old", "new", "text"),
    [
        ("thresholds/paper/claims.toml", "max = 5", "maks = 5", "did you mean 'max'?"),
        ("thresholds/paper/claims.toml", "meV/atom", "eV/atom", "is measured in 'meV/atom'"),
        ("thresholds/paper/claims.toml", '"bad"', '"bat"', "did you mean 'bad'?"),
        ("thresholds/reference/published.toml", '"good"', '"god"', "did you mean 'good'?"),
        ("thresholds/gates/own.toml", "per_atom", "per_atoms", "did you mean 'per_atom'?"),
        ("fixtures/datasets.toml", "rows", "rowz", "did you mean 'rows'?"),
        ("fixtures/models/chgnet.toml", "dtype", "dtyp", "did you mean 'dtype'?"),
    ],
)
def test_a_wrong_data_file_stops_every_run(
    project: Project, file: str, old: str, new: str, text: str
) -> None:
    path = project.root / file
    path.write_text(path.read_text().replace(old, new))
    outcome = project.run(project.command("--collect-only"))
    assert outcome.code == USAGE, outcome.output
    assert file in outcome.output
    assert text in outcome.output


def test_collection_imports_no_model_package() -> None:
    """Nor does it need one; what it must not import is what the families' workers do."""
    script = (
        "import json, pytest, sys\n"
        "code = pytest.main(['--collect-only', '-q', '-p', 'no:cacheprovider'])\n"
        "print('\\n' + json.dumps([int(code), sorted(sys.modules)]))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    code, modules = json.loads(run.stdout.splitlines()[-1])
    assert code == 0, run.stdout
    families = {"torch", "tensorflow", "chgnet", "sevenn", "mace", "orb_models", "mattersim"}
    assert not families.intersection(modules)
