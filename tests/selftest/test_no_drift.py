"""Registry, adapters, environments and conformance tests name the same families."""

import configparser
import importlib
import tomllib

import pytest

from tests.selftest.test_families import FAMILIES
from umlip_gate.models.live import adapted_families
from umlip_gate.models.registry import load_models
from umlip_gate.settings import ROOT

pytestmark = pytest.mark.selftest

MODELS = load_models(ROOT / "fixtures" / "models.toml").values()
TOX = configparser.ConfigParser(interpolation=None)
TOX.read(ROOT / "tox.ini", encoding="utf-8")
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]


def test_a_live_models_family_has_an_adapter_and_every_adapter_a_live_model() -> None:
    assert {model.family for model in MODELS if model.status == "live"} == adapted_families()


def test_every_adapter_stands_in_the_conformance_tests() -> None:
    registered = {model.id: model.family for model in MODELS}
    assert {registered[model] for model in FAMILIES.values()} == adapted_families()


@pytest.mark.parametrize("family", sorted(adapted_families()))
def test_a_familys_environment_pins_what_its_adapter_imports(family: str) -> None:
    section = TOX[f"testenv:{family}"]
    assert section["dependency_groups"].split() == ["test", family]
    assert family in TOX["tox"]["env_list"].replace(",", " ").split()
    pins = f"{GROUPS[family]} {section.get('commands_pre', '')}".lower().replace("_", "-")
    first, *_ = importlib.import_module(f"umlip_gate.models.families.{family}").PACKAGES
    assert any(f"{first.lower().replace('_', '-')}{end}==" in pins for end in ("", "[torch]"))


@pytest.mark.parametrize("family", sorted(adapted_families()))
def test_an_adapter_declares_what_the_suite_reads(family: str) -> None:
    adapter = importlib.import_module(f"umlip_gate.models.families.{family}")
    assert set(adapter.ATOMS_PER_BATCH) == {"cpu", "cuda"}
    assert set(adapter.DTYPES) <= {"float32", "float64"}
    for model in MODELS:
        if model.family == family and model.status == "live":
            assert model.dtype in adapter.DTYPES, model.id
