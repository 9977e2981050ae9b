import tomllib
from pathlib import Path

import pytest

from tests.selftest.checkout import ROOT
from umlip_gate.datasets.registry import Dataset, load_registry
from umlip_gate.errors import InputError

pytestmark = pytest.mark.selftest

SHIPPED = ROOT / "fixtures" / "datasets.toml"
TABLE_2 = {
    "GB-56": 1436,
    "Mo-g": 1030,
    "Nb-g": 1018,
    "Ta-g": 1050,
    "W-g": 1026,
    "W-s": 262,
    "Mg": 17210,
    "MoNb-d": 347,
    "MoNbTaW-d": 348,
    "MoNbTaW-H": 998,
    "CrCoNi": 1257,
    "HEA10": 600,
    "MoNbTaW": 17654,
    "solute-defect": 409,
}
IN_THE_BOX = {
    "refractory-mini",
    *(f"refractory-mini-{part}" for part in ("bcc", "Ta-volumes", "W-bcc")),
}

REGISTERED = """
[W-g]
title = "Tungsten"
rows = 3
elements = ["W"]
files = [{ url = "https://example.org/w.xyz" }]
reader = "extxyz"
selection = { first_row = 0, last_row = 2 }
licence = "MIT"

[MoNb-d]
title = "Defects"
rows = 4
elements = ["Mo", "Nb"]
status = "bring-your-own"
reason = "no address is known"
default = false

[solute-defect]
title = "Interaction energies"
elements = ["W"]
quantity = "interaction energies"
status = "bring-your-own"
reason = "no address is known"
"""
NEW = """
[mine]
title = "My own"
elements = ["Al"]
files = [{ path = "mine.xyz" }]
reader = "extxyz"
"""


@pytest.fixture
def shipped() -> dict[str, Dataset]:
    return load_registry(SHIPPED)


def load(tmp_path: Path, registry: str, *brought: str) -> dict[str, Dataset]:
    files = [tmp_path / "registry.toml"]
    files[0].write_text(registry)
    for i, text in enumerate(brought):
        file = tmp_path / f"folder{i}" / "my-datasets.toml"
        file.parent.mkdir()
        file.write_text(text)
        files.append(file)
    return load_registry(files[0], files[1:])


def refusal(tmp_path: Path, registry: str, *brought: str) -> str:
    with pytest.raises(InputError) as fault:
        load(tmp_path, registry, *brought)
    return str(fault.value)


def test_the_shipped_registry_holds_table_2_and_the_further_rows(
    shipped: dict[str, Dataset],
) -> None:
    assert {id_: dataset.rows for id_, dataset in shipped.items() if id_ in TABLE_2} == TABLE_2
    parts = {id_: dataset.subset.of for id_, dataset in shipped.items() if dataset.subset}
    assert all(id_.startswith(f"{whole}-") for id_, whole in parts.items())
    ours = {*IN_THE_BOX, "W-uMLIP", "solute-defect-example"}
    further = set(shipped) - set(TABLE_2) - set(parts) - ours
    benchmarks = [id_ for id_ in further if id_.startswith("MatterSim-")]
    assert further - set(benchmarks) == {"MVL-NbMoTaW", "W-test-npj"}
    assert len(benchmarks) == 6
    assert sum(shipped[id_].rows or 0 for id_ in benchmarks) == 5222
    assert shipped["MVL-NbMoTaW"].rows == 5658
    assert len(shipped["MVL-NbMoTaW"].files) == 29


def test_the_shipped_registry_judges_what_is_in_the_box_and_then_w_g(
    shipped: dict[str, Dataset],
) -> None:
    default = [dataset.id for dataset in shipped.values() if dataset.default]
    assert default == ["refractory-mini", "W-g"]
    (file,) = shipped["refractory-mini"].files
    assert file.path is not None
    assert file.path.is_relative_to(ROOT)


def test_what_is_shipped_as_available_has_digests_and_what_is_not_a_reason(
    shipped: dict[str, Dataset],
) -> None:
    available = [dataset for dataset in shipped.values() if dataset.status == "available"]
    whole = {dataset.id for dataset in available if not dataset.subset}
    assert whole == {*IN_THE_BOX, "W-g", "W-s", "MVL-NbMoTaW", "solute-defect-example"}
    assert all(file.sha256 or file.path for dataset in available for file in dataset.files)
    assert all(dataset.reason for dataset in shipped.values() if dataset not in available)


def test_what_is_shipped_is_stated_in_words_where_it_is_not_known() -> None:
    for id_, table in tomllib.loads(SHIPPED.read_text()).items():
        for key in ("licence", "citation", "default"):
            assert key in table, f"{id_} states no {key}"


def test_rows_of_the_file_that_belong_to_w_g(shipped: dict[str, Dataset]) -> None:
    selection = shipped["W-g"].selection
    assert selection is not None
    assert (selection.first_row, selection.last_row) == (0, 1025)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rows", "rwos", "[W-g]: rwos: unknown key; did you mean 'rows'?"),
        ("last_row", "last_rows", "selection.last_rows: unknown key; did you mean 'last_row'?"),
        ("url", "adress", "files.0.adress: unknown key"),
        (
            'reader = "extxyz"',
            'reader = "xyz"',
            "[W-g]: reader = 'xyz': no reader has this name; did you mean 'extxyz'?",
        ),
        ('reader = "extxyz"', "", "[W-g]: (the table itself)"),
        ('reader = "extxyz"', 'reader = "mtp-cfg"', "types are there if, and only if"),
        ('reader = "extxyz"', 'reader = "extxyz"\ntypes = ["W"]', "types are there if"),
        ('["W"]', '["Wo"]', "elements.0 = 'Wo': not the symbol of an element"),
        ("rows = 3", "rows = 0", "[W-g]: rows = 0"),
        ("rows = 3", 'rows = 3\nid = "W-g"', "[W-g]: id: unknown key"),
        ("rows = 3", "rows = 3\nbrought = true", "[W-g]: brought: unknown key"),
        ("first_row = 0", "first_row = 9", "last_row comes before first_row"),
        ("files = [", 'files = [{ path = "more.xyz" }, ', "a selection needs exactly one file"),
        ('title = "Tungsten"', "", "[W-g]: title: is missing"),
        ('title = "Tungsten"', 'title = ""', "[W-g]: title = ''"),
        ('licence = "MIT"', 'status = "address-known"', "status 'address-known' needs a reason"),
        ('licence = "MIT"', 'status = "bring-your-own"\nreason = "?"', "'bring-your-own'"),
        (
            'licence = "MIT"',
            'quantity = "interaction energies"',
            "interaction energies are not what the reader 'extxyz' reads",
        ),
        ("[W-g]", '["W g"]', "['W g']: an id consists of"),
        ("[W-g]", "title = 3\n[W-g]", "[title]: (the table itself) = 3: is no table"),
        ('["W"]', '"W"', "elements = 'W': is no list"),
        ("[W-g]", "[W-g", "not valid TOML"),
    ],
)
def test_a_wrong_entry_is_refused_by_file_entry_and_key(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    refused = refusal(tmp_path, REGISTERED.replace(old, new, 1))
    assert refused.startswith(str(tmp_path / "registry.toml"))
    assert message in refused


def test_a_brought_file_replaces_what_is_read_and_nothing_else(tmp_path: Path) -> None:
    brought = '[W-g]\nfiles = [{ path = "data/w.pckl" }]\nreader = "pickle"\n'
    registered = load(tmp_path, REGISTERED)["W-g"]
    dataset = load(tmp_path, REGISTERED, brought)["W-g"]
    assert not registered.brought
    assert dataset.brought
    assert dataset.files[0].path == tmp_path / "folder0" / "data" / "w.pckl"
    assert (dataset.reader, dataset.selection) == ("pickle", None)
    replaced = {"files", "reader", "selection", "brought"}
    assert dataset.model_dump(exclude=replaced) == registered.model_dump(exclude=replaced)


def test_a_brought_file_makes_a_dataset_available(tmp_path: Path) -> None:
    brought = '[MoNb-d]\nfiles = [{ path = "/a/b.cfg" }]\nreader = "mtp-cfg"\ntypes = ["Mo", "Nb"]'
    dataset = load(tmp_path, REGISTERED, brought)["MoNb-d"]
    assert (dataset.status, dataset.reason, dataset.rows) == ("available", None, 4)
    assert dataset.types == ("Mo", "Nb")
    assert dataset.files[0].path == Path("/a/b.cfg")


def test_a_new_dataset_is_judged(tmp_path: Path) -> None:
    dataset = load(tmp_path, REGISTERED, NEW)["mine"]
    assert dataset.default
    assert dataset.brought
    assert dataset.rows is None
    assert dataset.files[0].path == tmp_path / "folder0" / "mine.xyz"


def test_a_new_dataset_may_state_its_rows(tmp_path: Path) -> None:
    assert load(tmp_path, REGISTERED, NEW + "rows = 12\n")["mine"].rows == 12


@pytest.mark.parametrize(
    ("brought", "message"),
    [
        ('[W-g]\nfiles = [{ path = "w" }]\nreader = "pickle"\nrows = 7', "rows: stays as regist"),
        ('[W-g]\nfiles = [{ path = "w" }]\nreder = "pickle"', "did you mean 'reader'?"),
        ('[W-g]\nfiles = [{ path = "w" }]', "[W-g]: reader: is missing"),
        ('[W-g]\nreader = "pickle"', "[W-g]: files: is missing"),
        ('[W-g]\nfiles = []\nreader = "pickle"', "[W-g]: files"),
        ('[W-g]\nfiles = [{ path = "w" }]\nreader = "mtp-cfg"', "types are there if"),
        (
            '[solute-defect]\nfiles = [{ path = "w" }]\nreader = "pickle"',
            "interaction energies are not what the reader 'pickle' reads",
        ),
        (
            '[W-g]\nfiles = [{ path = "w" }]\nreader = "interactions-extxyz"',
            "energies and forces are not what the reader 'interactions-extxyz' reads",
        ),
        (NEW.replace("title", "titel"), "[mine]: titel: unknown key; did you mean 'title'?"),
        (NEW.replace('elements = ["Al"]', ""), "[mine]: elements: is missing"),
        (
            '[W-gg]\nfiles = [{ path = "w" }]\nreader = "pickle"',
            "[W-gg]: is not a registered id; did you mean 'W-g'?",
        ),
    ],
)
def test_a_wrong_brought_entry_is_refused(brought: str, message: str, tmp_path: Path) -> None:
    refused = refusal(tmp_path, REGISTERED, brought)
    assert refused.startswith(str(tmp_path / "folder0" / "my-datasets.toml"))
    assert message in refused


@pytest.mark.parametrize("twice", [NEW, '[W-g]\nfiles = [{ path = "w" }]\nreader = "pickle"'])
def test_nothing_is_brought_twice(twice: str, tmp_path: Path) -> None:
    assert "is brought twice" in refusal(tmp_path, REGISTERED, twice, twice)
