"""A model that a person brings: one small file."""

import json
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationInfo, field_validator

from umlip_gate.datasets.registry import Element
from umlip_gate.errors import InputError
from umlip_gate.models.level_of_theory import LevelOfTheory
from umlip_gate.models.prediction_files import PredictionFile
from umlip_gate.models.weights import problem_with
from umlip_gate.schema import RegistryId, Sha256, Strict, read_toml, validate

COMPUTING = frozenset(
    {
        "arguments",
        "accelerated",
        "uncertainty",
        "settings",
        "checkpoint",
        "sha256",
        "python",
        "device",
        "dtype",
        "conservative",
        "time_limit_s",
    }
)
"""Keys that say how a model computes."""


class UncertaintyKeys(Strict):
    """Names among a calculator's results; None stands for the usual one, read if it is there.

    Attributes
    ----------
    energy
        Of the total energy, one number, eV; usually `energy_uncertainty`, or `uncertainty`.
    forces
        Of each atom's force, shape (n_atoms,), eV/Å; usually `force_uncertainty`, or
        `uncertainty`.
    """

    energy: str | None = None
    forces: str | None = None


class Candidate(Strict):
    """A candidate file.

    Attributes
    ----------
    name
        What reports call it; no id of the registry.
    calculator
        A factory of an ASE calculator, "package.module:factory", searched in the file's own
        folder too; or
    predictions
        files of predictions, by the id of the dataset that they are of: nothing is computed; or
    family
        a registered family, whose adapter loads the checkpoint.
    arguments
        The factory's keyword arguments; "{checkpoint}", "{device}" and "{dtype}" stand for the
        values below.
    accelerated
        Arguments that make it faster and should change no number, such as `compile = true`: it is
        judged without them, and `pytest -m physics` compares.
    uncertainty
        Under which names the calculator's results have what it states of its errors.
    settings
        The family adapter's settings.
    checkpoint
        The weights, relative to the file; their digest is recorded.
    sha256
        What that digest must be.
    python
        The interpreter; without it this one, or the family's environment.
    elements
        The symbols of those that it covers; of others it is not asked. Without it the model is
        asked, and refuses each configuration or answers.
    level_of_theory
        The functional that it predicts; a gate on data of another one refuses it.
    d3
        Whether its energies and forces have a dispersion correction; a gate on data without one
        refuses it.
    device, dtype
        Where and how it computes; `--umlip-device` comes before the file's device.
    conservative
        Whether its forces are the negative gradient of its energy. Without it they must be; a
        model that predicts forces beside the energy says false, and is judged as such.
    time_limit_s
        For one configuration; a day at most.
    """

    name: RegistryId
    calculator: str | None = None
    predictions: dict[RegistryId, PredictionFile] = Field(default_factory=dict)
    family: Annotated[str | None, Field(validate_default=True)] = None
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    accelerated: dict[str, JsonValue] = Field(default_factory=dict)
    uncertainty: UncertaintyKeys = UncertaintyKeys()
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    checkpoint: Path | None = None
    sha256: Sha256 | None = None
    python: Path | None = None
    elements: tuple[Element, ...] | None = None
    level_of_theory: LevelOfTheory = "not stated"
    d3: Annotated[bool, Field(strict=True)] = False
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    dtype: Literal["float32", "float64"] = "float32"
    conservative: Annotated[bool, Field(strict=True)] = True
    time_limit_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    folder: Path = Field(exclude=True)

    @field_validator("elements")
    @classmethod
    def _some_elements(cls, elements: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if elements == ():
            raise ValueError("is empty; leave it out if they are not known")
        return elements

    @field_validator("calculator")
    @classmethod
    def _factory(cls, calculator: str | None) -> str | None:
        if calculator is not None:
            module, _, factory = calculator.partition(":")
            if module.endswith(".py"):
                raise ValueError(
                    f'a module has no suffix: "{module.removesuffix(".py")}:{factory}"'
                )
            if not re.fullmatch(r"[\w.]+:\w+", calculator):
                raise ValueError('is not of the form "package.module:factory"')
        return calculator

    @field_validator("arguments", "accelerated", "settings")
    @classmethod
    def _finite(cls, values: dict[str, JsonValue]) -> dict[str, JsonValue]:
        try:
            json.dumps(values, allow_nan=False)
        except ValueError:
            raise ValueError("nan and inf are no values") from None
        return values

    @field_validator("family")
    @classmethod
    def _calculator_or_family(cls, family: str | None, info: ValidationInfo) -> str | None:
        if info.data.keys() >= {"calculator", "predictions"}:
            given = (info.data["calculator"], info.data["predictions"], family)
            if sum(map(bool, given)) != 1:
                raise ValueError("a candidate has either a calculator or a family or [predictions]")
        return family

    def texts(self) -> list[str]:
        """Every string among the arguments, at any depth."""
        found: list[str] = []
        todo: list[JsonValue] = [self.arguments]
        while todo:
            value = todo.pop()
            if isinstance(value, dict):
                todo += value.values()
            elif isinstance(value, list):
                todo += value
            elif isinstance(value, str) and value:
                found.append(value)
        return found


def load_candidate(path: Path, families: set[str], taken: set[str]) -> Candidate:
    """Read a candidate file.

    Parameters
    ----------
    path
        The TOML file.
    families
        Families that have an adapter.
    taken
        Ids of the registry, which a candidate may not use.

    Raises
    ------
    InputError
        Names file, key, and what to do.
    """
    data = read_toml(path)
    if "folder" in data:
        raise InputError(f"{path}: folder: unknown key")
    for key, value in data.items():
        if isinstance(value, dict) and key not in Candidate.model_fields and "name" in value:
            raise InputError(f"{path}: [{key}]: the keys of a candidate are in no table; remove it")
    if isinstance(data.get("predictions"), dict) and "path" in data["predictions"]:
        raise InputError(
            f"{path}: [predictions]: name the dataset that they are of: [predictions.DATASET]"
        )
    candidate = validate(Candidate, {**data, "folder": path.resolve().parent}, str(path))
    if candidate.name in taken:
        raise InputError(f"{path}: name = {candidate.name!r} is another model's")
    if candidate.family is not None and candidate.family not in families:
        known = ", ".join(sorted(families))
        raise InputError(f"{path}: family = {candidate.family!r} has no adapter; known: {known}")
    problem = _does_not_fit_together(candidate)
    if problem:
        raise InputError(f"{path}: {problem}")
    return candidate


def _does_not_fit_together(candidate: Candidate) -> str | None:
    if candidate.predictions:
        return _not_of_predictions(candidate)
    weights = candidate.folder / candidate.checkpoint if candidate.checkpoint else None
    unreadable = problem_with(weights) if weights else None
    python = candidate.folder / candidate.python if candidate.python else None
    no_python = problem_with(python) if python else None
    unused = candidate.calculator and weights and "{checkpoint}" not in candidate.texts()
    unfilled = not weights and "{checkpoint}" in candidate.texts()
    nothing = candidate.family and not weights and not candidate.settings
    problems = {
        "settings belong to a family; a calculator has arguments": (
            candidate.calculator and candidate.settings
        ),
        "arguments belong to a calculator; a family has settings": (
            candidate.family and (candidate.arguments or candidate.accelerated)
        ),
        "accelerated changes no argument: the calculator would be compared with itself": (
            candidate.accelerated
            and {**candidate.arguments, **candidate.accelerated} == candidate.arguments
        ),
        "uncertainty is read of a calculator's results; a family has none": (
            candidate.family and candidate.uncertainty != UncertaintyKeys()
        ),
        f"checkpoint: {weights} {unreadable}": unreadable,
        f"python: {python} {no_python}": no_python,
        'a checkpoint is given, and no argument is "{checkpoint}": the calculator would not load '
        "what is recorded": unused,
        'an argument is "{checkpoint}", and no checkpoint is given': unfilled,
        f"family {candidate.family} needs a checkpoint": nothing,
        "sha256 is given, and no checkpoint that it could be of": candidate.sha256 and not weights,
    }
    return next((problem for problem, holds in problems.items() if holds), None)


def _not_of_predictions(candidate: Candidate) -> str | None:
    if computing := sorted(candidate.model_fields_set & COMPUTING):
        return f"{', '.join(computing)}: [predictions] stand for the model, nothing is computed"
    for dataset, file in candidate.predictions.items():
        path = candidate.folder / file.path
        if problem := problem_with(path):
            return f"[predictions.{dataset}]: path: {path} {problem}"
    return None
