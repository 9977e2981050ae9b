"""The kinds of TOML file of this project: where they are, and the schema of each as JSON Schema."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpydoc.docscrape import ClassDoc
from pydantic import BaseModel

from umlip_gate.claims.schema import (
    ClaimFile,
    Gate,
    Index,
    KnownFailureFile,
    PeriodicTable,
    PoolFile,
    ReferenceFile,
    ResultLimit,
)
from umlip_gate.claims.statistics import Statistics
from umlip_gate.cost.baseline import Baseline
from umlip_gate.cost.thresholds import CostFile
from umlip_gate.datasets.independence import Independence
from umlip_gate.datasets.readers.limits import ReadingLimits
from umlip_gate.datasets.registry import Entry
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import BroughtEnsemble, Ensemble
from umlip_gate.models.registry import Model
from umlip_gate.models.same import Conformance
from umlip_gate.physics.limits import LimitFile

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class TomlKind:
    """A kind of file.

    Attributes
    ----------
    name
        Of its schema and of its page.
    title
        What it is, as a heading.
    model
        The schema of the file, or of each of its tables.
    files
        The shipped files, as patterns from the checkout's top.
    tables
        Whether the file is tables of this schema, each named by what it is.
    filled_in
        Keys that the suite fills in, and that the file may not have.
    """

    name: str
    title: str
    model: type[BaseModel]
    files: tuple[str, ...] = ()
    tables: bool = False
    filled_in: tuple[str, ...] = ()

    def shipped(self) -> Iterator[Path]:
        """Iterate over the files of this kind in the checkout."""
        for pattern in self.files:
            yield from sorted(ROOT.glob(pattern))

    def json_schema(self) -> dict[str, Any]:
        """Return the schema as JSON Schema, its keys described by the docstrings."""
        made = self.model.model_json_schema(by_alias=True)
        described = {self.model.__name__: made, **made.get("$defs", {})}
        for record in _records(self.model):
            if record.__name__ in described:
                _describe(described[record.__name__], record)
        if "JsonValue" in made.get("$defs", {}):
            made["$defs"]["JsonValue"] = {"additionalProperties": True}
        for key in self.filled_in:
            made["properties"].pop(key)
            made["required"] = [each for each in made["required"] if each != key]
        if self.tables:
            definitions = made.pop("$defs", {})
            made = {"type": "object", "additionalProperties": made, "$defs": definitions}
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": self.title}
        return {**_without_null(made), **head}


KINDS = (
    TomlKind("candidate", "Candidate", Candidate, filled_in=("folder",)),
    TomlKind("gate", "Gate", Gate, ("thresholds/gates/*.toml",), filled_in=("name",)),
    TomlKind("datasets", "Datasets", Entry, ("fixtures/datasets.toml",), tables=True),
    TomlKind(
        "models",
        "Models of a family",
        Model,
        ("fixtures/models/*.toml",),
        tables=True,
        filled_in=("id", "family"),
    ),
    TomlKind("ensemble", "Ensemble of one's own", BroughtEnsemble),
    TomlKind(
        "ensembles",
        "Registered ensembles",
        Ensemble,
        ("fixtures/ensembles.toml",),
        tables=True,
        filled_in=("name",),
    ),
    TomlKind(
        "claims", "Claims", ClaimFile, ("thresholds/paper/[!i]*.toml", "thresholds/beyond/*.toml")
    ),
    TomlKind("claims-index", "Index of claims", Index, ("thresholds/paper/index.toml",)),
    TomlKind("reference", "Reference values", ReferenceFile, ("thresholds/reference/*.toml",)),
    TomlKind("dataset-groups", "Dataset groups", PoolFile, ("thresholds/dataset-groups.toml",)),
    TomlKind(
        "known-failures",
        "Known failures",
        KnownFailureFile,
        ("thresholds/known_failures.toml",),
    ),
    TomlKind(
        "cost-baseline",
        "Cost baseline",
        Baseline,
        ("thresholds/cost/*.toml",),
        filled_in=("name",),
    ),
    TomlKind("cost", "Cost protocol", CostFile, ("thresholds/cost.toml",)),
    TomlKind("physics", "Limits of physics", LimitFile, ("thresholds/physics/*.toml",)),
    TomlKind(
        "conformance", "Tolerances of conformance", Conformance, ("thresholds/conformance.toml",)
    ),
    TomlKind("every-model", "Limit on every model", ResultLimit, ("thresholds/every-model.toml",)),
    TomlKind(
        "independence",
        "Independent configurations",
        Independence,
        ("thresholds/independence.toml",),
    ),
    TomlKind(
        "periodic-table", "Periodic table", PeriodicTable, ("thresholds/periodic_table.toml",)
    ),
    TomlKind("reading", "Bounds on what is read", ReadingLimits, ("thresholds/reading.toml",)),
    TomlKind("statistics", "Statistics", Statistics, ("thresholds/statistics.toml",)),
)


def _records(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Iterate over a schema and all that are within it, each once."""
    todo: list[Any] = [model]
    seen: set[type[BaseModel]] = set()
    while todo:
        item = todo.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item not in seen:
                seen.add(item)
                yield item
                todo.extend(field.annotation for field in item.model_fields.values())
        else:
            todo.extend(getattr(item, "__args__", ()))


def _without_null(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out null, which TOML does not have: an absent key stands for it."""
    if isinstance(schema, list):
        return [_without_null(each) for each in schema if each != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: _without_null(value)
        for key, value in schema.items()
        if (key, value) != ("default", None)
    }
    if isinstance(choices := kept.get("anyOf"), list) and len(choices) == 1:
        kept.pop("anyOf")
        kept = {**choices[0], **kept}
    return kept


def _describe(schema: dict[str, Any], record: type[BaseModel]) -> None:
    """Put the docstrings' words into the schema: of the record, and of each key."""
    schema["description"] = " ".join(ClassDoc(record)["Summary"])
    words = dict(_attributes(record))
    names = {name: field.alias or name for name, field in record.model_fields.items()}
    for name, key in names.items():
        if name in words and key in schema["properties"]:
            schema["properties"][key]["description"] = words[name]


def _attributes(record: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Iterate over what the docstrings of a record and its bases write of each attribute."""
    for each in reversed(record.__mro__):
        if issubclass(each, BaseModel) and "Attributes" in (each.__doc__ or ""):
            for entry in ClassDoc(each, config={"show_class_members": False})["Attributes"]:
                words = re.sub(r"\s+", " ", " ".join(entry.desc)).strip()
                for name in entry.name.split(", ") if entry.name else entry.type.split(", "):
                    yield name, words
