"""The models that can be judged: Table 1 of the paper, and whatever else has an entry."""

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import InputError
from umlip_gate.models.level_of_theory import LevelOfTheory
from umlip_gate.schema import RegistryId, Sha256, Strict, read_toml, validate
from umlip_gate.settings import FIXTURES
from umlip_gate.worker.elements import spelled_out

REGISTRY = FIXTURES / "models"

Address = Annotated[str, StringConstraints(pattern=r"^https?://")]


class Checkpoint(Strict):
    """The file of weights that stands behind a model's name.

    Attributes
    ----------
    url
        Its public address.
    package
        Or the importable package that brings it along.
    member
        The file inside the package, or inside the archive at `url`.
    file
        The file's name.
    size
        Length in bytes of what is downloaded, or of the file in the package.
    sha256
        The digest of those bytes, where it could be established.
    licence
        Of the weights.
    gated
        A licence form or a token stands before the download.
    terms
        Where the licence is accepted.
    """

    url: Address | None = None
    package: Annotated[str | None, Field(validate_default=True)] = None
    member: Annotated[str | None, Field(validate_default=True)] = None
    file: str
    size: Annotated[int, Field(gt=0)] | None = None
    sha256: Sha256 | None = None
    licence: str
    gated: bool = False
    terms: Annotated[Address | None, Field(validate_default=True)] = None

    @field_validator("package")
    @classmethod
    def _one_place(cls, package: str | None, info: ValidationInfo) -> str | None:
        if "url" in info.data and (info.data["url"] is None) == (package is None):
            raise ValueError("a checkpoint has either a url or a package")
        return package

    @field_validator("member")
    @classmethod
    def _file_in_package(cls, member: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("package") and member is None:
            raise ValueError("say which file of the package it is")
        return member

    @field_validator("terms")
    @classmethod
    def _where_to_accept(cls, terms: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("gated") and terms is None:
            raise ValueError("say where the licence of a gated checkpoint is accepted")
        return terms


class Model(Strict):
    """A model, as a table of `fixtures/models/<family>.toml`.

    Attributes
    ----------
    id
        The table's name.
    table1
        Its number in Table 1; None for a model that the paper does not judge.
    family
        The file's name: its adapter, and the environment that it needs.
    environment
        The environment that it needs instead, where it is another than the family's.
    package
        The distribution and version that runs it, where no environment pins them yet.
    settings
        What its adapter is told beside the checkpoint.
    checkpoint
        Its weights; None if the settings say all of it.
    parameters
        How many it has; None where this could not be established.
    random_parameters
        How many its architecture with random weights has, where that is another number: not all
        of the published architecture is known.
    cutoff_ang
        Atoms further apart are no neighbours; None where this could not be established, or where
        the adapter knows it.
    training_data
        What it was trained on, or fitted to.
    elements
        The atomic numbers that it covers; the file has symbols and ranges such as `H-Bi`.
    level_of_theory
        The functional of its labels, without dispersion (`d3` says that).
    dtype
        What it computes in: what the published numbers imply, else the package's default.
    conservative
        Whether the forces are a gradient of the energy.
    d3
        Whether it predicts dispersion-corrected energies and forces: against plain PBE labels
        that is a systematic difference.
    licence
        Of the code that runs it; the weights have their own.
    citation
        The article.
    source
        Where the code or the model's card is.
    published
        Prediction files that others computed, by dataset id.
    default
        Judged when no model is asked for.
    status
        `live` if an adapter runs it here, else `not-adapted`, with the reason.
    reason
        Why it does not run here.
    notes
        What is ambiguous, or was inferred.
    """

    id: RegistryId
    table1: Annotated[int, Field(ge=1, le=26)] | None = None
    family: RegistryId
    environment: RegistryId | None = None
    package: Annotated[str | None, StringConstraints(pattern=r"^[A-Za-z0-9._-]+==[\w.]+$")] = None
    settings: Annotated[dict[str, JsonValue], Field(default_factory=dict)]
    checkpoint: Checkpoint | None = None
    parameters: Annotated[int, Field(gt=0)] | None = None
    random_parameters: Annotated[int, Field(gt=0)] | None = None
    cutoff_ang: Annotated[float | None, Field(gt=0)] = None
    training_data: Annotated[tuple[str, ...], Field(min_length=1)]
    elements: Annotated[
        frozenset[int],
        Field(min_length=1),
        BeforeValidator(spelled_out, json_schema_input_type=tuple[str, ...]),
    ]
    level_of_theory: LevelOfTheory
    dtype: Literal["float32", "float64"]
    conservative: bool
    d3: bool
    licence: str
    citation: str
    source: Address
    published: Annotated[dict[RegistryId, SourceFile], Field(default_factory=dict)]
    default: bool = False
    status: Literal["live", "not-adapted"]
    reason: Annotated[str | None, Field(validate_default=True)] = None
    notes: tuple[str, ...] = ()

    @field_validator("reason")
    @classmethod
    def _reason_for_status(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if "status" in info.data and (info.data["status"] == "live") != (reason is None):
            raise ValueError("a model that is not live gives a reason, a live one gives none")
        return reason


def load_models(folder: Path = REGISTRY) -> dict[str, Model]:
    """Read the registry of models.

    Parameters
    ----------
    folder
        One TOML file per family, `<family>.toml`, with one table per model, named by its id.

    Returns
    -------
    dict
        The models by id: those of Table 1 in its order, then the others by family, in the order
        of their file.

    Raises
    ------
    InputError
        No file is there, one is empty or not TOML, or an entry is wrong; two models have the
        same id, or the same number in Table 1.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise InputError(f"{folder}: no file <family>.toml in it")
    found: dict[str, tuple[Path, Model]] = {}
    numbers: dict[int, str] = {}
    for path in files:
        for name, model in _family(path).items():
            if name in found:
                raise InputError(f"{path}: [{name}] is in {found[name][0]} too")
            found[name] = (path, model)
            if model.table1 is not None and numbers.setdefault(model.table1, name) != name:
                raise InputError(
                    f"{path}: [{name}] table1 = {model.table1} is [{numbers[model.table1]}]'s "
                    "number"
                )
    models = [model for _, model in found.values()]
    models.sort(key=lambda model: model.table1 or math.inf)
    return {model.id: model for model in models}


def _family(path: Path) -> dict[str, Model]:
    """Return the models of one file, in its order."""
    tables = read_toml(path)
    if not tables:
        raise InputError(f"{path}: no model in it")
    return {name: _model(path, name, table) for name, table in tables.items()}


def _model(path: Path, name: str, table: object) -> Model:
    if not isinstance(table, dict):
        raise InputError(f"{path}: {name} = {table!r} stands outside of a model's table")
    for key, origin in (("id", "the table's name is the id"), ("family", "it is the file's name")):
        if key in table:
            raise InputError(f"{path}: [{name}] {key}: unknown key; {origin}")
    return validate(Model, {"id": name, "family": path.stem, **table}, f"{path}: [{name}]")
