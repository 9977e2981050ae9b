"""TOML files checked against pydantic models, with errors a person can act on."""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from umlip_gate.errors import InputError

T = TypeVar("T", bound=BaseModel)

RegistryId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


_SAID = {
    "tuple_type": "is no list: write [...], or [[...]] for tables",
    "model_type": "is no table",
    "model_attributes_type": "is no table",
    "dict_type": "is no table",
}
"""Errors of pydantic's that speak of Python, in terms of TOML."""

RENAMED = {"found": "outcome"}
"""Keys of earlier versions, and their present names."""


class Strict(BaseModel):
    """A frozen record of a TOML table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


def nearest(name: str, known: list[str]) -> str:
    """Return the known name that was probably meant, as the end of a sentence.

    Parameters
    ----------
    name
        What was written.
    known
        The names that exist.
    """
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises
    ------
    InputError
        The file is not there, or is not TOML; the message names file, line and column.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from error


def read_named(path: Path) -> dict[str, Any]:
    """Parse a TOML file of one thing, whose name is the file's, without its suffix.

    Raises
    ------
    InputError
        As for any TOML file, or it gives itself a name.
    """
    table = read_toml(path)
    if "name" in table:
        raise InputError(f"{path}: name: the file's own is its name; leave the key out")
    return {"name": path.stem, **table}


def validate(schema: type[T], data: object, where: str) -> T:
    """Check one TOML table against its schema.

    Parameters
    ----------
    schema
        The pydantic model.
    data
        The parsed table.
    where
        File and table, the beginning of every error.

    Raises
    ------
    InputError
        One line per problem: file, key, what is wrong, and the nearest known key.
    """
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        problems = error.errors()
        unknown = [each for each in problems if each["type"] == "extra_forbidden"]
        lines = [f"{where}: {_explain(schema, problem)}" for problem in unknown or problems]
        raise InputError("\n".join(lines)) from error


def _explain(schema: type[BaseModel], problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    key = ".".join(str(part) for part in problem["loc"]) or "(the table itself)"
    if problem["type"] == "extra_forbidden":
        name, known = str(problem["loc"][-1]), _keys(schema)
        if name in RENAMED and RENAMED[name] in known:
            return f"{key}: was renamed; write {RENAMED[name]} instead"
        hint = "it is a key of other tables" if name in known else nearest(name, known)
        return f"{key}: unknown key; {hint}"
    if problem["type"] == "missing":
        return f"{key}: is missing"
    given = problem["input"]
    shown = "" if isinstance(given, dict) else f" = {given!r}"
    message = _SAID.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    return f"{key}{shown}: {message}"


def _keys(schema: type[BaseModel]) -> list[str]:
    """Every key of a schema and of the tables within it."""
    keys: dict[str, None] = {}
    todo: list[Any] = [schema]
    seen: set[Any] = set()
    while todo:
        item = todo.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item not in seen:
                seen.add(item)
                for name, field in item.model_fields.items():
                    keys[field.alias or name] = None
                    todo.append(field.annotation)
        else:
            todo.extend(getattr(item, "__args__", ()))
    return list(keys)
