import re
from pathlib import Path

import pytest

from tests.selftest.checkout import ROOT
from umlip_gate.datasets.registry import load_registry
from umlip_gate.errors import InputError
from umlip_gate.models.registry import Model, load_models

pytestmark = pytest.mark.selftest

ENTRY = """\
["CHGNet_0.3.0"]
table1 = 1
training_data = ["MPtrj"]
elements = ["H-He", "W"]
level_of_theory = "PBE"
dtype = "float32"
conservative = true
d3 = false
licence = "BSD-3-Clause"
citation = "Deng et al."
source = "https://github.com/CederGroupHub/chgnet"
status = "live"

["CHGNet_0.3.0".checkpoint]
package = "chgnet"
member = "pretrained/0.3.0/x.pth.tar"
file = "x.pth.tar"
licence = "BSD-3-Clause"
"""


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return load_models()


def test_table_1_is_complete(models: dict[str, Model]) -> None:
    numbers = {model.table1: name for name, model in models.items() if model.table1}
    assert sorted(numbers) == list(range(1, 27))
    assert list(numbers) == sorted(numbers)
    assert {1: "CHGNet_0.3.0", 18: "eqV2-31M-omat-mp-salex", 26: "DPA3-v1-OpenLAM"}.items() <= (
        numbers.items()
    )


def test_published_predictions_are_of_registered_datasets(models: dict[str, Model]) -> None:
    datasets = load_registry(ROOT / "fixtures" / "datasets.toml")
    published = [model for model in models.values() if model.published]
    assert len(published) == 9
    for model in published:
        assert set(model.published) <= set(datasets)
        for file in model.published.values():
            assert file.url
            assert re.fullmatch("[0-9a-f]{64}", file.sha256 or "")
    files = [file.url for model in published for file in model.published.values()]
    assert len(set(files)) == len(files)


def test_no_two_models_load_the_same_weights_alike(models: dict[str, Model]) -> None:
    checkpoints = [model.checkpoint for model in models.values() if model.checkpoint]
    digests = [checkpoint.sha256 for checkpoint in checkpoints if checkpoint.sha256]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    loaded = [
        (model.checkpoint.sha256, str(model.settings))
        for model in models.values()
        if model.checkpoint and model.checkpoint.sha256
    ]
    assert len(set(loaded)) == len(digests)


def test_live_models_have_an_adapter_and_fixed_weights(models: dict[str, Model]) -> None:
    live = {name: model for name, model in models.items() if model.status == "live"}
    assert {"CHGNet_0.3.0", "SevenNet-0", "SevenNet-l3i5"} <= set(live)
    for model in live.values():
        assert (ROOT / "umlip_gate" / "worker" / "adapters" / f"{model.family}.py").exists()
        checkpoint = model.checkpoint
        assert (
            checkpoint is None  # the settings are the model
            or checkpoint.sha256
            or checkpoint.gated
            or any("no digest was established" in note for note in model.notes)
        )


def test_default_is_what_can_be_judged(models: dict[str, Model]) -> None:
    default = {name for name, model in models.items() if model.default}
    published = {name for name, model in models.items() if model.published}
    assert default == published | {"CHGNet_0.3.0", "SevenNet-0", "SevenNet-l3i5"}


def test_parameters_agree_with_table_1(models: dict[str, Model]) -> None:
    printed = {
        "CHGNet_0.3.0": 413e3,
        "MACE-MP-0": 5.73e6,
        "MACE-MPA-0": 9.06e6,
        "MACE-omat-0": 9.06e6,
        "MatterSim-v1.0.0-1M": 880e3,
        "MatterSim-v1.0.0-5M": 4.5e6,
        "Orb-MPtraj-only-v2": 25.2e6,
        "Orb-d3-v2": 25.2e6,
        "GRACE-2L-r6-MP": 15.3e6,
        "GRACE-1L-OAM": 3.45e6,
        "GRACE-2L-OAM": 12.6e6,
        "DPA3-v1-MPtrj": 3.37e6,
        "DPA3-v1-OpenLAM": 8.18e6,
    }
    printed |= {
        name: float(size[1]) * 1e6
        for name in models
        if (size := re.match(r"eqV2-(?:dens-)?(\d+)M", name))
    }
    assert len(printed) == 23
    for name, parameters in printed.items():
        assert models[name].parameters == pytest.approx(parameters, rel=0.02), name


def test_one_entry(tmp_path: Path) -> None:
    (tmp_path / "chgnet.toml").write_text(ENTRY, encoding="utf-8")
    model = load_models(tmp_path)["CHGNet_0.3.0"]
    assert model.checkpoint is not None
    assert model.family == "chgnet"
    assert (model.id, model.checkpoint.package, model.default) == ("CHGNet_0.3.0", "chgnet", False)
    assert (model.settings, model.published) == ({}, {})
    assert model.elements == frozenset({1, 2, 74})
    assert model.environment is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dtype", "dtyp", "dtyp: unknown key; did you mean 'dtype'"),
        ('"CHGNet_0.3.0"]', '"CHG Net"]\n', "id = 'CHG Net'"),
        ("table1 = 1", "table1 = 27", "table1 = 27"),
        ('"float32"', '"float16"', "dtype = 'float16'"),
        ('status = "live"', 'status = "not-adapted"', "a model that is not live gives a reason"),
        ('status = "live"', 'status = "live"\nreason = "x"', "a live one gives none"),
        ('package = "chgnet"', "", "either a url or a package"),
        ("package =", 'url = "https://x.org/x"\npackage =', "either a url or a package"),
        ("member =", "# member =", "say which file of the package"),
        ('file = "x', 'gated = true\nfile = "x', "where the licence of a gated checkpoint"),
        ('file = "x', 'sha256 = "abc"\nfile = "x', "sha256 = 'abc'"),
        ("table1 = 1", 'id = "CHGNet"', "id: unknown key; the table's name is the id"),
        ("table1 = 1", 'family = "mace"', "family: unknown key; it is the file's name"),
        ('"H-He"', '"He-H"', "'He-H' is neither an element nor a range such as 'H-Bi'"),
        ('"H-He"', '"H-He-W"', "neither an element nor a range"),
        ('"H-He"', '"H-"', "neither an element nor a range"),
        ('"H-He"', '"Xx"', "neither an element nor a range"),
        ('"H-He"', "1", "1 is neither an element nor a range"),
        ('["H-He", "W"]', "[]", "elements = set\\(\\)"),
        ('["H-He", "W"]', '"W"', "elements = 'W'"),
        ('["CHGNet_0.3.0"]', 'x = 1\n["CHGNet_0.3.0"]', "outside of a model's table"),
        (ENTRY, "", "no model in it"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "chgnet.toml"
    assert old in ENTRY
    path.write_text(ENTRY.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_models(tmp_path)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("second", ["chgnet", "other"])
def test_one_number_twice(tmp_path: Path, second: str) -> None:
    texts = {"chgnet": ENTRY}
    texts[second] = texts.get(second, "") + "\n" + ENTRY.replace("CHGNet_0.3.0", "other")
    for family, text in texts.items():
        (tmp_path / f"{family}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"\[other\] table1 = 1 is \[CHGNet_0.3.0\]'s number"):
        load_models(tmp_path)


def test_one_id_in_two_files(tmp_path: Path) -> None:
    for family in ("chgnet", "other"):
        (tmp_path / f"{family}.toml").write_text(ENTRY, encoding="utf-8")
    with pytest.raises(InputError, match=r"other\.toml: \[CHGNet_0.3.0\] is in .*chgnet\.toml too"):
        load_models(tmp_path)


def test_the_order_is_table_1_then_the_families(tmp_path: Path) -> None:
    texts = {
        "a": ENTRY.replace("CHGNet_0.3.0", "third").replace("table1 = 1\n", ""),
        "b": ENTRY.replace("CHGNet_0.3.0", "second").replace("table1 = 1\n", "table1 = 2\n"),
        "c": ENTRY.replace("CHGNet_0.3.0", "first")
        + "\n"
        + ENTRY.replace("CHGNet_0.3.0", "fourth").replace("table1 = 1\n", ""),
    }
    for family, text in texts.items():
        (tmp_path / f"{family}.toml").write_text(text, encoding="utf-8")
    models = load_models(tmp_path)
    assert list(models) == ["first", "second", "third", "fourth"]
    assert [model.family for model in models.values()] == ["c", "b", "a", "c"]


@pytest.mark.parametrize("folder", [".", "nowhere"])
def test_a_folder_without_families(tmp_path: Path, folder: str) -> None:
    with pytest.raises(InputError, match=r"no file <family>\.toml in it"):
        load_models(tmp_path / folder)


PRESENT = {
    "allegro": {"Allegro-OAM-L"},
    "dpa3": {"DPA-3.3-1M_omat24", "DPA4-Neo-OMat24"},
    "esen": {"eSEN-30M-OAM"},
    "grace": {
        "GRACE-2L-OMAT-large-ft-AM",
        "GRACE-2L-OMAT-large-ft-AM-fp64",
        "GRACE-3L-OMAT-large-ft-AM",
    },
    "mace": {"MACE-MATPES-PBE-0", "MACE-MATPES-r2SCAN-0", "MACE-MH-1_omat-pbe"},
    "matris": {"MatRIS-10M-OAM"},
    "nequip": {"NequIP-OAM-L"},
    "orb": {"Orb-v3-conservative-inf-omat", "Orb-v3-direct-20-omat"},
    "pet": {"PET-OAM-XL", "PET-MAD-S-1.5"},
    "sevennet": {"SevenNet-MF-ompa_mpa", "SevenNet-Omni_mpa"},
    "tace": {"TACE-OAM-L", "TACE-OAM-7M"},
    "uma": {"UMA-s-1p2_omat"},
}
"""Families that people compare in 2026, beside those whose real weights run here."""


def test_the_present_families_are_registered(models: dict[str, Model]) -> None:
    for family, names in PRESENT.items():
        for name in names:
            model = models[name]
            assert model.family == family
            assert not model.default
            assert model.table1 is None
            assert model.checkpoint is not None
            assert model.checkpoint.url


def test_what_does_not_run_here_names_its_package(models: dict[str, Model]) -> None:
    for model in models.values():
        assert (model.package is None) == (model.status == "live"), model.id
