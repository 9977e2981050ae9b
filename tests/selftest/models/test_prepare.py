"""From a registry entry to what a worker loads: which interpreter, which weights, which terms."""

import hashlib
import os
import re
import sys
from pathlib import Path

import ase.io
import pytest

from tests.selftest.builders.crystals import labelled
from tests.selftest.checkout import ROOT
from tests.selftest.cli import CommandLineRun
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.models import environments, weights
from umlip_gate.models import prepare as live
from umlip_gate.models.candidate import load_candidate
from umlip_gate.models.prepare import adapted_families
from umlip_gate.models.registry import load_models
from umlip_gate.models.worker_process import Job
from umlip_gate.plugin.verdicts import NOT_MEASURED
from umlip_gate.predictions.sources import PredictionSources
from umlip_gate.settings import Settings
from umlip_gate.worker import adapters

pytestmark = pytest.mark.selftest

MODELS = load_models()


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As if this interpreter were every environment; gives those that were asked for."""
    names: list[str] = []

    def this_one(name: str, *_: object) -> Path:
        names.append(name)
        return Path(sys.executable)

    monkeypatch.setattr(live, "family_interpreter", this_one)
    monkeypatch.setattr(live, "tox_interpreter", this_one)
    return names


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path, offline=True)


def having(settings: Settings, name: str, content: str = "weights") -> Settings:
    """The same, with a file given for a model."""
    file = settings.cache / "given.pt"
    file.write_text(content, encoding="ascii")
    return Settings(settings.cache, settings.run, offline=True, checkpoints={name: file})


@pytest.mark.parametrize(
    ("name", "environment"),
    [("GRACE-2L-OAM", "grace"), ("GRACE-2L-r6-MP", "grace-r6"), ("MACE-MP-0", "mace")],
)
def test_a_model_runs_in_its_environment(
    name: str, environment: str, asked: list[str], settings: Settings
) -> None:
    live.prepare_model(MODELS[name], "cpu", settings, random_seed=0)
    assert asked == [environment]


@pytest.mark.parametrize(("name", "device"), [("ACE-W-0", "cpu"), ("MACE-MP-0", "cuda")])
def test_a_family_without_a_gpu_says_where_it_computes(
    name: str, device: str, settings: Settings
) -> None:
    assert live.prepare_model(MODELS[name], "cuda", settings, random_seed=0).job.device == device


def test_a_candidate_of_a_family_without_a_gpu(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'name = "mine"\nfamily = "ace"\ndevice = "cuda"\nsettings = { architecture = {} }\n'
    )
    candidate = load_candidate(file, live.adapted_families(), set())
    with pytest.raises(InputError, match="mine: ace does not compute on cuda"):
        live.prepare_candidate(candidate)


def with_arguments(folder: Path, argument: str) -> live.RunnableModel:
    """A candidate whose checkpoint is known, and that is given something else as well."""
    (folder / "weights").write_text("any")
    (folder / "mine.toml").write_text(
        'name = "mine"\ncalculator = "ase.calculators.lj:LennardJones"\ncheckpoint = "weights"\n'
        f'[arguments]\na = "{{checkpoint}}"\nb = [{{ c = "{argument}" }}]\n'
    )
    return live.prepare_candidate(load_candidate(folder / "mine.toml", set(), set()))


def test_files_and_folders_that_an_argument_names_are_known_by_their_content(
    tmp_path: Path,
) -> None:
    (tmp_path / "model" / "variables").mkdir(parents=True)
    file = tmp_path / "model" / "variables" / "index"
    digests = set()
    for content in ("1", "2"):
        file.write_text(content)
        for name in ("model", "model/variables/index"):
            found = with_arguments(tmp_path, name)
            assert found.reusable
            digests.add(found.files_digest[name])
    assert len(digests) == 4
    assert None not in digests


@pytest.mark.parametrize("name", [".", "..", "/", "model/..", "empty", "pipe", "odd", "huge"])
def test_what_an_argument_names_and_cannot_be_known_serves_no_later_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the candidate's own folder nor the whole disk is read for it."""
    own = tmp_path / "own"
    for folder in ("model", "empty", "odd", "huge"):
        (own / folder).mkdir(parents=True)
    os.mkfifo(own / "pipe")
    (own / "odd" / "gone").symlink_to("nowhere")
    (own / "huge" / "file").write_text("1")
    (own / "huge" / "loop").symlink_to(own / "huge")
    monkeypatch.setattr(weights, "MOST_ENTRIES", 20)
    found = with_arguments(own, name)
    assert found.files_digest == {name: None}
    assert not found.reusable


def test_a_folder_of_too_many_bytes_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "file").write_text("1" * 100)
    monkeypatch.setattr(weights, "MOST_BYTES", 99)
    assert not with_arguments(tmp_path, "disk").reusable


@pytest.mark.parametrize("text", ["cpu", "x" * 300, "x/" * 3000, r"a\u0000b"])
def test_an_argument_that_is_no_path_names_nothing(text: str, tmp_path: Path) -> None:
    found = with_arguments(tmp_path, text)
    assert found.files_digest == {}
    assert found.reusable


def test_a_checkpoint_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(weights, "sha256_of", refuse)
    with pytest.raises(InputError, match=r"weights: cannot be read \(Permission denied\)"):
        with_arguments(tmp_path, "cpu")


def test_an_environment_that_is_not_there(tmp_path: Path) -> None:
    """Not even where the family is installed: the versions are what it is for."""
    with pytest.raises(
        Unavailable, match=r"no environment grace-r6: `tox run -e grace-r6` makes one"
    ):
        environments.tox_interpreter("grace-r6", tmp_path)


def test_a_gated_checkpoint_says_how_to_get_it(settings: Settings) -> None:
    with pytest.raises(Unavailable) as caught:
        live.prepare_model(MODELS["eqV2-31M-omat"], "cpu", settings)
    message = str(caught.value)
    assert "the run is offline" in message
    assert "licence at https://huggingface.co/facebook/OMAT24, then set HF_TOKEN" in message
    assert (
        "download eqV2_31M_omat.pt yourself and give --umlip-checkpoint=eqV2-31M-omat=FILE"
        in message
    )


def test_weights_may_be_given_by_path(settings: Settings) -> None:
    given = having(settings, "eqV2-31M-omat")
    found = live.prepare_model(MODELS["eqV2-31M-omat"], "cpu", given)
    assert found.job.checkpoint == settings.cache / "given.pt"
    assert found.checkpoint_digest == hashlib.sha256(b"weights").hexdigest()


def test_given_weights_are_verified_too(settings: Settings) -> None:
    with pytest.raises(
        MeasurementError, match=r"given\.pt has sha256 .*, the registry says f80e992b"
    ):
        live.prepare_model(MODELS["MACE-MP-0"], "cpu", having(settings, "MACE-MP-0"))


def test_weights_given_for_one_model_are_no_others(settings: Settings) -> None:
    given = having(settings, "eqV2-86M-omat")
    with pytest.raises(Unavailable, match="the run is offline"):
        live.prepare_model(MODELS["eqV2-31M-omat"], "cpu", given)


@pytest.mark.parametrize(
    ("name", "seed", "terms"),
    [
        ("GRACE-2L-OAM", None, ["its code is under ASL", "its weights are under ASL"]),
        ("GRACE-2L-OAM", 0, ["its code is under ASL"]),
        ("ACE-W-0", None, ["its code is under ASL"]),
        ("MACE-omat-0", None, ["its weights are under ASL"]),
        ("MACE-omat-0", 0, []),
        ("MACE-MP-0", None, []),
        ("eqV2-31M-omat", None, ["its weights are under OMat24 licence, accepted in a form"]),
    ],
)
def test_terms_are_named_before_first_use(
    name: str, seed: int | None, terms: list[str], settings: Settings
) -> None:
    said: list[str] = []
    try:
        live.prepare_model(MODELS[name], "cpu", settings, seed, said.append)
    except Unavailable:
        assert seed is None  # offline: named before anything is fetched
    assert len(said) == len(terms)
    for line, expected in zip(said, terms, strict=True):
        assert line.startswith(f"{name}: {expected}")


def test_a_model_is_asked_about_its_own_elements_only(tmp_path: Path) -> None:
    """Before anything of it is looked for: the skip says what it does not cover."""
    cli = CommandLineRun(tmp_path)
    data = (tmp_path / "data.toml").read_text().replace('["W"]', '["Mo", "W"]')
    (tmp_path / "data.toml").write_text(data)
    crystals = labelled(12)
    for atoms in crystals[3:5]:
        atoms.symbols[0] = "Mo"
    ase.io.write(tmp_path / "crystals.xyz", crystals, format="extxyz")
    outcome = cli.run(
        cli.command(
            "-m",
            "accuracy",
            "--umlip-model=EAM-Zhou",
            "--umlip-dataset=crystals",
            f"--umlip-datasets={tmp_path / 'data.toml'}",
            f"--umlip-results={tmp_path / 'results.json'}",
        )
    )
    (verdict,) = outcome.results["verdicts"]
    assert verdict["outcome"] == "skipped"
    assert verdict["reason"] == "EAM-Zhou on crystals: it does not cover Mo"
    assert outcome.code == NOT_MEASURED  # nothing else was asked for


def test_what_holds_for_every_dataset_is_said_once(settings: Settings) -> None:
    said: list[str] = []
    predictor = PredictionSources(DatasetCache({}, settings), "cpu", None, 1, said.append)
    for terms in ("a: its code is under the ASL", "b: gated", "a: its code is under the ASL"):
        predictor.announce_once(terms)
    assert said == ["a: its code is under the ASL", "b: gated"]


def runnable(family: str, checkpoint: Path | None) -> live.RunnableModel:
    environment = environments.Environment(Path(sys.executable), "3.11", {}, {})
    job = Job(Path(sys.executable), family, checkpoint, {})
    return live.RunnableModel(job, environment, None, {}, reusable=True)


def test_a_checkpoint_that_is_a_program_is_told_before_it_is_loaded(settings: Settings) -> None:
    said: list[str] = []
    sources = PredictionSources(DatasetCache({}, settings), "cpu", None, 1, said.append)
    for family, checkpoint in (("mace", None), ("chgnet", Path("a.pt")), ("mace", Path("b.pt"))):
        for _ in range(2):
            sources._announce_program(f"my {family}", runnable(family, checkpoint))
    (line,) = said
    assert line.startswith("my mace: its checkpoint b.pt is a program that loading it runs")


def test_every_family_is_on_the_page_of_what_runs_code() -> None:
    page = (ROOT / "docs" / "what-runs-code.md").read_text().lower()
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("|")]
    for family in adapted_families():
        name = {"ase": "factory"}.get(family, family)
        (answer,) = {answer.strip() for what, answer in rows if re.search(rf"\b{name}\b", what)}
        runs = runnable(family, Path("file")).runs_checkpoint
        assert family == "ase" or answer.startswith("yes") is runs, family


def test_what_loads_any_pickle_says_so() -> None:
    for file in Path(adapters.__file__).parent.glob("*.py"):
        if "weights_only=False" in file.read_text():
            assert "RUNS_CHECKPOINT = True" in file.read_text()
