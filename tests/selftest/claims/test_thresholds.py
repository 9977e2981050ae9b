import re
import shutil
from pathlib import Path

import pytest

from tests.selftest.checkout import ROOT
from umlip_gate.claims.assertions import BestIn, Limit, Order, Ratio
from umlip_gate.claims.bounds import Bound
from umlip_gate.claims.digest import thresholds_digest
from umlip_gate.claims.gates import load_gate
from umlip_gate.claims.schema import GateLimit
from umlip_gate.claims.thresholds import (
    BEYOND,
    Thresholds,
    load_thresholds,
)
from umlip_gate.datasets.registry import Dataset, load_registry
from umlip_gate.errors import InputError
from umlip_gate.models.combined import (
    Ensemble,
    Recalculation,
    load_ensembles,
    recalculations,
)
from umlip_gate.models.registry import Model, load_models
from umlip_gate.physics.limits import load_physics

pytestmark = pytest.mark.selftest

MODELS = ["eqV2-31M", "eqV2-86M", "CHGNet_0.3.0"]
DATASETS = ["W-g", "Mo-g"]

INDEX = """\
ids = ["abstract", "fig1"]
unwritten = { fig1 = "histograms" }
"""

PAPER = """\
[[claim]]
id = "abstract"
source = "Abstract"
statement = "small errors"
rationale = "as printed"

[[claim.assertion]]
name = "energy"
kind = "limit"
models = ["eqV2-31M", "eqV2-86M"]
datasets = ["W-g"]
quantity = "energy_rmse"
convention = "per_atom"
unit = "meV/atom"
min = 1
max = 5
strict = true

[[claim.assertion]]
name = "force"
kind = "best-of"
decisive = ["eqV2-31M"]
datasets = ["W-g", "Mo-g"]
quantity = "force_rmse"
convention = "component"
unit = "meV/Å"
max = 70

[[claim.assertion]]
name = "who"
kind = "best-in"
group = ["eqV2-31M"]
datasets = ["W-g"]
quantity = "force_rmse"
convention = "component"
unit = "meV/Å"
"""

REFERENCE = """\
[[reference]]
model = "CHGNet_0.3.0"
dataset = "W-g"
source = "live"
rationale = "measured"

[[reference.values]]
quantity = "energy_rmse"
convention = "per_atom"
unit = "meV/atom"
value = 124.4
relative_tolerance = 0.005

[[reference.values]]
quantity = "force_rmse"
convention = "component"
unit = "meV/Å"
value = 429.9
absolute_tolerance = 2
"""

GATE = """\
description = "for tests"
required = ["W-g"]

[[limit]]
name = "energy"
dataset = "W-g"
quantity = "energy_rmse"
convention = "per_atom"
unit = "meV/atom"
max = 5
rationale = "as the paper"
"""

KNOWN = """\
[[known_failure]]
item = "abstract.energy"
model = "eqV2-86M"
dataset = "W-g"
source = "published"
value = 6.3
relative_tolerance = 0.005
evidence = "measured"
date = 2025-11-22

[[known_failure]]
item = "abstract.force"
dataset = "Mo-g"
source = "published"
value = 72.2
relative_tolerance = 0.005
evidence = "measured"
date = 2025-11-22
"""

EVERY_MODEL = """\
quantity = "failed_configurations"
convention = "count"
unit = "configurations"
max = 0
rationale = "as in the project"
"""

POOLS = """\
[[pool]]
id = "both"
datasets = ["W-g", "Mo-g"]
rule = "rows"
rationale = "for tests"
"""

PERIODIC_TABLE = """\
[groups]
6 = ["Cr", "Mo", "W"]
"""

STATISTICS = """\
level = 0.95
order_level = 0.97
fewest_configurations = 100
rationale = "for tests"
"""

FILES = {
    "every-model.toml": EVERY_MODEL,
    "statistics.toml": STATISTICS,
    "dataset-groups.toml": POOLS,
    "periodic_table.toml": PERIODIC_TABLE,
    "paper/index.toml": INDEX,
    "paper/abstract.toml": PAPER,
    "reference/live.toml": REFERENCE,
    "gates/release.toml": GATE,
    "known_failures.toml": KNOWN,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "thresholds" / "physics", tmp_path / "physics")
    return tmp_path


def load(folder: Path) -> Thresholds:
    return load_thresholds(folder, MODELS, DATASETS)


def test_all_is_read(folder: Path) -> None:
    thresholds = load(folder)
    assertions = thresholds.assertions()
    assert list(assertions) == ["abstract.energy", "abstract.force", "abstract.who"]
    assert assertions["abstract.energy"].subjects() == [("eqV2-31M", "W-g"), ("eqV2-86M", "W-g")]
    assert assertions["abstract.force"].subjects() == [(None, "W-g"), (None, "Mo-g")]
    assert thresholds.unwritten == {"fig1": "histograms"}
    assert thresholds.pools["both"].datasets == ("W-g", "Mo-g")
    assert thresholds.element_groups == {"6": ("Cr", "Mo", "W")}
    assert [value.tolerance for value in thresholds.references[0].values] == [
        pytest.approx(0.622),
        2,
    ]
    (limit, *_) = thresholds.gates["release"].limits
    assert isinstance(limit, GateLimit)
    assert limit.max == 5
    assert thresholds.gates["release"] == load_gate("release", folder, DATASETS)
    assert thresholds.result.max == 0
    assert thresholds.physics == load_physics(folder / "physics")


def test_every_item_has_a_name(folder: Path) -> None:
    assert load(folder).items() == [
        "eqV2-31M:W-g:abstract.energy",
        "eqV2-86M:W-g:abstract.energy",
        "all-models:W-g:abstract.force",
        "all-models:Mo-g:abstract.force",
        "all-models:W-g:abstract.who",
    ]


def test_known_failure_is_of_one_result(folder: Path) -> None:
    thresholds = load(folder)
    result = ("abstract.energy", "eqV2-86M", "W-g", "published")
    known = thresholds.known_failure(*result)
    assert known is not None
    assert known.value == 6.3
    assert thresholds.known_failure("abstract.force", None, "Mo-g", "published") is not None
    assert thresholds.known_failure("abstract.energy", "eqV2-86M", "W-g", "live") is None
    assert thresholds.known_failure("abstract.energy", "eqV2-31M", "W-g", "published") is None
    assert thresholds.known_failure("abstract.energy", None, "W-g", "published") is None
    assert thresholds.known_failure("abstract.force", None, "W-g", "published") is None
    assert thresholds.known_failure("abstract.who", None, "Mo-g", "published") is None


UNITS = "unit = 'eV/atom'.*energy_rmse is measured in 'meV/atom'"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("paper/abstract.toml", "rationale", "rationals", "unknown key; did you mean 'rationale'"),
        ("paper/abstract.toml", "strict", "stricter", "stricter: unknown key.*'strict'"),
        ("paper/abstract.toml", "decisive", "group", "group: unknown key; it is a key of other"),
        ("paper/abstract.toml", '"limit"', '"limits"', "'limits' found using 'kind'"),
        ("paper/abstract.toml", '"meV/atom"', '"eV/atom"', UNITS),
        ("reference/live.toml", '"meV/atom"', '"eV/atom"', UNITS),
        ("gates/release.toml", '"meV/atom"', '"eV/atom"', UNITS),
        ("paper/abstract.toml", "energy_rmse", "energy_rms", "did you mean 'energy_rmse'"),
        ("paper/abstract.toml", "per_atom", "per_atoms", "no such convention; .* 'per_atom'"),
        ("gates/release.toml", "per_atom", "component", "energy_rmse has no such convention"),
        ("paper/abstract.toml", "max = 5", "max = 0.5", "max is below min = 1"),
        ("paper/abstract.toml", "max = 5", "max = nan", "finite"),
        ("paper/abstract.toml", "max = 5", "max = true", "valid number"),
        ("paper/abstract.toml", "max = 5", 'max = "5"', "valid number"),
        ("gates/release.toml", "max = 5", "", "a bound needs min, max or both"),
        ("paper/abstract.toml", "max = 70", "min = 70", "has a max, no min"),
        ("paper/abstract.toml", '"eqV2-86M"]', '"eqV2-86"]', "unknown model .*'eqV2-86M'"),
        ("paper/abstract.toml", '["eqV2-31M"]', '["eqV2-31m"]', "unknown model .*'eqV2-31M'"),
        ("paper/abstract.toml", '["W-g"]', '["W-G"]', "unknown dataset or pool 'W-G'; .*'W-g'"),
        ("paper/abstract.toml", '["W-g"]', '["bot"]', "unknown dataset or pool .*'both'"),
        ("statistics.toml", "0.95", "95", "level = 95"),
        ("statistics.toml", "100", "1", "fewest_configurations = 1"),
        (
            "dataset-groups.toml",
            '"both"',
            '"W-g"',
            "dataset-groups.toml: W-g: is the id of a dataset",
        ),
        (
            "dataset-groups.toml",
            '"Mo-g"',
            '"Mo"',
            "both: unknown dataset 'Mo'; did you mean 'Mo-g'",
        ),
        ("dataset-groups.toml", '"Mo-g"', '"W-g"', "listed twice: W-g"),
        ("dataset-groups.toml", '"rows"', '"columns"', "rule = 'columns'"),
        ("periodic_table.toml", '"Cr"', '"Xx"', "not the symbol of an element"),
        ("paper/abstract.toml", '["W-g"]', '["W-g", "W-g"]', "listed twice: W-g"),
        ("paper/abstract.toml", '["W-g"]', "[]", r"datasets = \[\].*is empty"),
        ("paper/abstract.toml", '"force"', '"energy"', "assertion: there twice: energy"),
        ("paper/abstract.toml", '"abstract"', '"abstracts"', "unknown claim .*'abstract'"),
        ("paper/index.toml", 'fig1 = "histograms"', "", "neither written nor unwritten: fig1"),
        ("paper/index.toml", "fig1 =", "fig2 =", "unwritten: unknown claim 'fig2'"),
        ("paper/index.toml", '"fig1"]', '"fig1", "a", "b"]', "nor unwritten: a, b$"),
        ("paper/index.toml", "unwritten", "unwriten", "unknown key; did you mean 'unwritten'"),
        ("every-model.toml", "max = 0", "max = nan", "finite"),
        ("reference/live.toml", "CHGNet_0.3.0", "CHGNet", "unknown model .*'CHGNet_0.3.0'"),
        ("reference/live.toml", '"W-g"', '"W-h"', "unknown dataset 'W-h'"),
        ("reference/live.toml", '"live"', '"alive"', "source = 'alive'"),
        ("reference/live.toml", "absolute_tolerance = 2", "", "either a relative or an abs"),
        ("reference/live.toml", "= 0.005", "= 0.005\nabsolute_tolerance = 1", "either a relative"),
        ("reference/live.toml", "= 0.005", "= 0", "greater than 0"),
        ("gates/release.toml", '"W-g"', '"Wg"', "unknown dataset 'Wg'; did you mean 'W-g'"),
        ("gates/release.toml", '["W-g"]', '["W-g", "Mo-g"]', "no limit is on Mo-g"),
        ("gates/release.toml", '"as the paper"', '""', "rationale"),
        (
            "gates/release.toml",
            'dataset = "W-g"',
            'dataset = "W-h"',
            "limit 'energy': unknown dataset 'W-h'; did you mean 'W-g'",
        ),
        ("known_failures.toml", "abstract.energy", "abstract.energie", "'abstract.energy'"),
        ("known_failures.toml", "eqV2-86M", "CHGNet_0.3.0", "CHGNet_0.3.0 on W-g is not a result"),
        ("known_failures.toml", 'model = "eqV2-86M"', "", "no model on W-g is not a result of it"),
        ("known_failures.toml", "72.2", "69.9", "value = 69.9 passes"),
        ("known_failures.toml", "2025-11-22", '"some day"', "date"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, file: str, old: str, new: str, message: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(folder)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert str(caught.value).count("\n") <= 1, "a misspelt key is also a missing one, no more"
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("paper/abstract.toml", "claim: there twice: abstract"),
        ("reference/live.toml", r"there twice: CHGNet_0.3.0 on W-g \(live\): energy_rmse per_atom"),
    ],
)
def test_the_same_in_two_files(folder: Path, file: str, message: str) -> None:
    second = (folder / file).with_name("z.toml")
    second.write_text(FILES[file], encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{second}: ")


def test_the_same_known_failure_twice(folder: Path) -> None:
    (folder / "known_failures.toml").write_text(KNOWN + KNOWN, encoding="utf-8")
    with pytest.raises(InputError, match="known_failure: there twice"):
        load(folder)


@pytest.mark.parametrize(
    "file",
    [
        "paper/index.toml",
        "known_failures.toml",
        "dataset-groups.toml",
        "periodic_table.toml",
        "statistics.toml",
    ],
)
def test_a_file_that_is_missing(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        load(folder)


def test_no_known_failure_at_all(folder: Path) -> None:
    (folder / "known_failures.toml").write_text("# none\n", encoding="utf-8")
    assert load(folder).known_failures == ()


def test_a_pool_twice(folder: Path) -> None:
    (folder / "dataset-groups.toml").write_text(POOLS + POOLS, encoding="utf-8")
    with pytest.raises(InputError, match="pool: there twice: both"):
        load(folder)


def test_a_pool_in_place_of_a_dataset(folder: Path) -> None:
    path = folder / "paper" / "abstract.toml"
    path.write_text(PAPER.replace('["W-g", "Mo-g"]', '["both"]'), encoding="utf-8")
    (folder / "known_failures.toml").write_text("", encoding="utf-8")
    assert load(folder).assertions()["abstract.force"].subjects() == [(None, "both")]


def test_unknown_gate(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_gate("relaese", folder, DATASETS)
    assert str(caught.value) == (
        "unknown gate 'relaese'; did you mean 'release'? "
        "(a gate of your own is given as a path that ends in .toml)"
    )


def refused_gate(folder: Path, text: str) -> str:
    """Return what is said of a gate of one's own, after its path."""
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_gate(str(path), folder, [*DATASETS, "Fe-g"])
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


def test_a_gate_has_no_limit_twice(folder: Path) -> None:
    limit = GATE.partition("\n\n")[2]
    assert refused_gate(folder, f"{GATE}\n{limit}") == "limit: there twice: energy"


def test_a_gate_requires_what_it_limits(folder: Path) -> None:
    text = GATE.replace('["W-g"]', '["W-g", "Mo-g", "Fe-g"]')
    assert refused_gate(folder, text) == "required: no limit is on Fe-g, Mo-g"


@pytest.mark.parametrize(
    ("physics", "said"),
    [
        (
            'dataset = "W-h"\nquantities = ["gradient"]',
            "physics: dataset: unknown dataset 'W-h'; did you mean 'W-g'?",
        ),
        (
            'elements = ["W"]\nquantities = ["gradiant"]',
            "physics: quantities: unknown quantity 'gradiant'; did you mean 'gradient'?",
        ),
    ],
)
def test_physics_of_a_gate_names_what_exists(folder: Path, physics: str, said: str) -> None:
    assert refused_gate(folder, f"{GATE}\n[physics]\n{physics}\n") == said


def test_physics_of_a_gate_needs_no_dataset(folder: Path) -> None:
    path = folder / "mine.toml"
    path.write_text(
        f'{GATE}\n[physics]\nelements = ["W"]\nquantities = ["gradient"]\n', encoding="utf-8"
    )
    physics = load_gate(str(path), folder, DATASETS).physics
    assert physics is not None
    assert physics.dataset is None


def test_gate_of_ones_own(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GATE.replace("max = 5", "max = 50"), encoding="utf-8")
    gate = load_gate(str(path), folder, DATASETS)
    (limit, *_) = gate.limits
    assert isinstance(limit, GateLimit)
    assert (gate.name, limit.max) == ("mine", 50)
    with pytest.raises(InputError, match="cannot be read"):
        load_gate(str(tmp_path / "not-there.toml"), folder, DATASETS)


def test_a_gate_does_not_give_itself_the_name_of_another(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "release"\n' + GATE, encoding="utf-8")
    with pytest.raises(InputError, match="name: the file's own is its name"):
        load_gate(str(path), folder, DATASETS)


def test_a_gate_file_may_not_have_the_name_of_a_built_in_one(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "release.toml"
    path.write_text(GATE, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_gate(str(path), folder, DATASETS)
    assert str(caught.value) == (
        f"{path}: 'release' is the name of one of {folder / 'gates'}; rename it"
    )


def test_digest_depends_on_every_file_and_its_name(folder: Path) -> None:
    digest = thresholds_digest(folder)
    assert digest == thresholds_digest(folder)
    seen = {digest, thresholds_digest(folder, [folder / "gates" / "release.toml"])}
    for name, text in FILES.items():
        path = folder / name
        path.write_text(text + "\n", encoding="utf-8")
        seen.add(thresholds_digest(folder))
        path.write_text(text, encoding="utf-8")
    (folder / "gates" / "release.toml").rename(folder / "gates" / "renamed.toml")
    seen.add(thresholds_digest(folder))
    assert len(seen) == 3 + len(FILES)


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return load_registry(ROOT / "fixtures" / "datasets.toml")


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return load_models()


@pytest.fixture(scope="module")
def combined(
    models: dict[str, Model], datasets: dict[str, Dataset]
) -> dict[str, Ensemble | Recalculation]:
    """What is judged like a model."""
    ensembles = load_ensembles(ROOT / "fixtures" / "ensembles.toml", set(models))
    return {**ensembles, **recalculations(datasets)}


@pytest.fixture(scope="module")
def committed(
    models: dict[str, Model],
    datasets: dict[str, Dataset],
    combined: dict[str, Ensemble | Recalculation],
) -> Thresholds:
    return load_thresholds(ROOT / "thresholds", {*models, *combined}, datasets)


def test_committed_claims(committed: Thresholds) -> None:
    papers = {claim for claim in committed.claims if not claim.startswith(BEYOND)}
    assert len({*papers, *committed.unwritten}) == 57
    assert set(committed.gates) == {"quick", "quick-W", "release"}
    energy = committed.assertions()["abstract-eqv2.energy"]
    assert isinstance(energy, Limit)
    assert energy.inside(4.99571)  # eqV2-86M-omat-mp-salex on W-g: printed 5.00, and below 5
    assert not energy.inside(5.0)


def test_committed_assertions_speak_of_table_1_and_the_baselines(
    committed: Thresholds,
    models: dict[str, Model],
    combined: dict[str, Ensemble | Recalculation],
) -> None:
    papers = {k: v for k, v in committed.assertions().items() if not k.startswith(BEYOND)}
    for item, assertion in papers.items():
        alone = set(assertion.named_models) - set(combined)
        baselines = {m for m in alone if models[m].family in {"ace", "eam", "mtp"}}
        named_alone = (isinstance(assertion, Order) and not assertion.rest) or (
            isinstance(assertion, Ratio) and assertion.against is not None
        )
        about_cost = assertion.about == "cost"
        assert not baselines or isinstance(assertion, Limit) or named_alone or about_cost, item
        named = alone - baselines
        assert all(models[model].table1 for model in named), item


def test_committed_best_models_are_the_ones_that_the_paper_names(committed: Thresholds) -> None:
    """fig3-best fails by the models that fig3-who-* name, dataset by dataset."""
    assertions = committed.assertions()
    named = {
        (assertion.quantity, dataset): assertion.group
        for item, assertion in assertions.items()
        if item.startswith("fig3-who") and isinstance(assertion, BestIn)
        for dataset in assertion.datasets
    }
    decisive = {
        (assertion.quantity, dataset): assertion.named_models
        for item, assertion in assertions.items()
        if item.startswith("fig3-best") and isinstance(assertion, Bound)
        for dataset in assertion.datasets
    }
    assert decisive == named
    assert len(decisive) == 20


def test_committed_references_and_failures_can_be_measured(
    committed: Thresholds,
    models: dict[str, Model],
    combined: dict[str, Ensemble | Recalculation],
) -> None:
    for reference in committed.references:
        entry = combined.get(reference.model)
        if isinstance(entry, Recalculation):
            assert reference.dataset in entry.datasets
            continue
        if entry is not None:
            assert all(reference.dataset in models[each].published for each in entry.members)
            continue
        model = models[reference.model]
        if reference.source == "published":
            assert reference.dataset in model.published
        else:
            assert model.status == "live"
    published = {name for name, model in models.items() if model.published}
    referenced = {r.model for r in committed.references if r.source == "published"}
    assert referenced == {*published, *combined}
    for known in committed.known_failures:
        named = [known.model] if known.model else committed.assertions()[known.item].named_models
        members = [
            each for name in named for each in getattr(combined.get(name), "members", [name])
        ]
        if known.source == "published":
            assert all(known.dataset in models[name].published for name in members)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"model": "SevnNet-0", "dataset": "W-g"}, "unknown model 'SevnNet-0'"),
        ({"model": "CHGNet_0.3.0", "dataset": "W-gg"}, "unknown dataset 'W-gg'"),
        ({"dataset": "W-g"}, "unknown model ''"),
    ],
)
def test_a_known_failure_of_a_law_names_what_exists(
    folder: Path, entry: dict[str, str], message: str
) -> None:
    path = folder / "known_failures.toml"
    text = "\n".join(f'{name} = "{value}"' for name, value in entry.items())
    path.write_text(
        f'[[known_failure]]\nitem = "physics.reflection-energy"\n{text}\nvalue = 0.5\n'
        'relative_tolerance = 0.02\nevidence = "for tests"\ndate = 2026-12-01\n'
    )
    with pytest.raises(InputError) as caught:
        load(folder)
    where = f"{path}: physics.reflection-energy on {entry['dataset']}"
    assert str(caught.value).startswith(f"{where}: {message}")


def test_a_group_of_elements_that_does_not_exist(folder: Path) -> None:
    path = folder / "paper" / "abstract.toml"
    by_element = """
[[claim.assertion]]
name = "elements"
kind = "each-element"
models = ["eqV2-31M"]
datasets = ["W-g"]
groups = ["7"]
quantity = "force_rmse"
convention = "component"
unit = "meV/Å"
max = 70
"""
    path.write_text(PAPER + by_element, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{path}: abstract.elements: unknown group '7'")
