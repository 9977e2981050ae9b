"""The registered datasets, and those a person brings."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from ase.data import atomic_numbers, chemical_symbols
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from umlip_gate.datasets.keys import Keys
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import InputError
from umlip_gate.schema import RegistryId, Strict, nearest, read_toml, validate

NOT_STATED = "not stated"
INTERACTIONS = "interactions-extxyz"


def _is_element(symbol: str) -> str:
    if atomic_numbers.get(symbol, 0) < 1:
        raise ValueError("not the symbol of an element")
    return symbol


def _all_if_any(elements: object) -> object:
    return chemical_symbols[1:] if elements == "any" else elements


Element = Annotated[str, AfterValidator(_is_element)]
Reader = Literal[
    "extxyz", "ase", "mtp-cfg", "deepmd-npy", "aselmdb", "mvl-json", "pickle", "interactions-extxyz"
]
READERS: tuple[str, ...] = get_args(Reader)
WITH_KEYS = ("extxyz", "ase", "aselmdb", "pickle")
MEANT = {
    "vasp": "ase",
    "outcar": "ase",
    "vasprun": "ase",
    "vasprun.xml": "ase",
    "db": "ase",
    "sqlite": "ase",
    "traj": "ase",
    "json": "ase",
    "xyz": "extxyz",
    "gpumd": "extxyz",
    "nep": "extxyz",
    "mtp": "mtp-cfg",
    "cfg": "mtp-cfg",
    "deepmd": "deepmd-npy",
    "npy": "deepmd-npy",
    "lmdb": "aselmdb",
    "fairchem": "aselmdb",
    "pandas": "pickle",
    "pckl": "pickle",
}
"""What people call formats -> the reader that reads them."""


def _known_reader(reader: object) -> object:
    if isinstance(reader, str) and reader not in READERS:
        meant = MEANT.get(reader.lower())
        hint = f"did you mean {meant!r}?" if meant else nearest(reader, list(READERS))
        raise ValueError(f"no reader has this name; {hint}")
    return reader


class Selection(Strict):
    """The rows of the file that belong to the dataset, counted from 0, both included."""

    first_row: Annotated[int, Field(ge=0)]
    last_row: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _in_order(self) -> "Selection":
        if self.last_row < self.first_row:
            raise ValueError("last_row comes before first_row")
        return self


class Subset(Strict):
    """Some rows of another dataset: what is predicted for those is predicted for these.

    Attributes
    ----------
    of
        The other dataset.
    n_atoms
        The rows with so many atoms.
    elements
        The rows that consist of nothing but these elements.
    within_ang
        The rows whose structures stand in the files of the subset's own entry:
        how far, in angstrom, an atom or a cell vector may be from where the file has it. Each
        structure of the files is the closest row.
    twins
        Of files within_ang: whether other rows within that distance of a matched structure belong
        to the subset as well.
    recalculation
        The name under which the energies and forces in those files are judged like a model's:
        DFT against DFT on the same structures.
    recalculation_of
        The dataset whose files these are, so that the same comparison holds there.
    """

    of: RegistryId
    n_atoms: Annotated[int, Field(ge=1)] | None = None
    elements: tuple[Element, ...] = ()
    within_ang: Annotated[float, Field(gt=0)] | None = None
    twins: bool = False
    recalculation: RegistryId | None = None
    recalculation_of: RegistryId | None = None

    @model_validator(mode="after")
    def _one_way_to_choose(self) -> "Subset":
        ways = (self.n_atoms is not None, bool(self.elements), self.within_ang is not None)
        if sum(ways) != 1:
            raise ValueError("rows are chosen by n_atoms, or by elements, or by files within_ang")
        if self.twins and self.within_ang is None:
            raise ValueError("twins of what is in files need within_ang")
        if self.recalculation and self.within_ang is None:
            raise ValueError("a recalculation is in files, so it needs within_ang")
        if self.recalculation_of and not self.recalculation:
            raise ValueError("recalculation_of without a recalculation")
        return self


class Dft(Strict):
    """The settings behind the reference energies, as far as they are documented.

    No number stands for "not stated", so there `cutoff_ev` is absent.
    """

    code: str = NOT_STATED
    functional: str = NOT_STATED
    cutoff_ev: float | None = None
    kpoints: str = NOT_STATED
    potentials: str = NOT_STATED
    spin: str = NOT_STATED
    source: str = NOT_STATED


class Files(Strict):
    """What is read, and how: the part of a dataset that a person can replace.

    Attributes
    ----------
    files
        Read one after the other; a relative `path` starts at the TOML file's folder.
    reader
        The format.
    selection
        The rows that belong to the dataset, if the file holds others too.
    types
        For mtp-cfg: the elements of the types 0, 1, ...
    group
        The key that names what a configuration was made from, such as its trajectory or parent
        structure: of extxyz a key of the comment line, of mtp-cfg a Feature, of mvl-json a key of
        the record, of a pickle a column. Configurations of one name are not independent.
    keys
        Under which names the file has its reference (`umlip_gate/datasets/keys.py`).
    """

    files: Annotated[tuple[SourceFile, ...], Field(min_length=1)]
    reader: Annotated[Reader, BeforeValidator(_known_reader)]
    selection: Selection | None = None
    types: tuple[Element, ...] = ()
    group: str | None = None
    keys: Keys = Keys()

    @model_validator(mode="after")
    def _fit_together(self) -> "Files":
        _check_reading(self)
        return self


class Entry(Strict):
    """One table of a dataset TOML file.

    Attributes
    ----------
    title
        What the dataset is, in a line.
    rows
        How many configurations it has; absent if that is not established.
    elements
        The elements that may occur; "any" stands for all there are.
    files, reader, selection, types, group, keys
        See `Files`; absent where no address is established.
    subset
        Present if the rows are rows of another dataset; files then only say which.
    quantity
        "energies" if the reference has no forces. Of interaction energies the rows are
        differences of several cells' energies, and the reader is "interactions-extxyz"
        (umlip_gate/datasets/interactions.py).
    duplicates
        How many rows are bitwise equal to an earlier one and count as often as they are there;
        `notes` states why. Where none are registered, such rows are counted once.
    licence, citation
        Of the data; "not stated by the publisher" if so.
    dft
        The settings behind the reference energies.
    status
        "available": read and checked here. "address-known": an address, but what is there
        has not been verified. "bring-your-own": no address.
    reason
        Why it is not available.
    default
        Judged if no dataset is named.
    notes
        What a reader of the numbers must know.
    """

    title: str
    rows: Annotated[int, Field(ge=1)] | None = None
    elements: Annotated[
        tuple[Element, ...],
        Field(min_length=1),
        BeforeValidator(_all_if_any, json_schema_input_type=Literal["any"] | tuple[str, ...]),
    ]
    files: tuple[SourceFile, ...] = ()
    reader: Annotated[Reader | None, BeforeValidator(_known_reader)] = None
    selection: Selection | None = None
    types: tuple[Element, ...] = ()
    group: str | None = None
    keys: Keys = Keys()
    subset: Subset | None = None
    quantity: Literal["energies and forces", "energies", "interaction energies"] = (
        "energies and forces"
    )
    duplicates: Annotated[int, Field(ge=0)] = 0
    licence: str = NOT_STATED
    citation: str = NOT_STATED
    dft: Dft = Dft()
    status: Literal["available", "address-known", "bring-your-own"] = "available"
    reason: str | None = None
    default: bool = True
    notes: str | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> "Entry":
        _check_reading(self)
        needs_files = self.subset is None or self.subset.within_ang is not None
        if (self.status == "bring-your-own" or not needs_files) == bool(self.files):
            raise ValueError(
                "files are there if, and only if, it is neither 'bring-your-own' nor a subset by "
                "n_atoms or elements"
            )
        if self.files:
            check_quantity(self.quantity, self.reader)
        if self.status != "available" and self.reason is None:
            raise ValueError(f"status {self.status!r} needs a reason")
        return self


class Dataset(Entry):
    """A dataset with its id.

    Attributes
    ----------
    id
        The registry id.
    brought
        The files come from a person, not from the registry.
    """

    id: RegistryId
    brought: bool = False


def load_registry(path: Path, brought: Sequence[Path] = ()) -> dict[str, Dataset]:
    """Read the registered datasets, and put in what a person brings.

    Parameters
    ----------
    path
        The registry.
    brought
        TOML files of the same layout. An entry with a registered id replaces what is read
        (`Files`) and nothing else, so that a wrong file is found; any other is a new dataset.

    Raises
    ------
    InputError
        A file is wrong; the message names file, entry and key.
    """
    registry = {id_: _whole(table, path, id_) for id_, table in _tables(path)}
    datasets = dict(registry)
    for toml in brought:
        for id_, table in _tables(toml):
            if id_ in datasets and datasets[id_].brought:
                raise InputError(f"{toml}: [{id_}]: is brought twice")
            if id_ in registry:
                datasets[id_] = _replaced(registry[id_], table, toml)
            else:
                datasets[id_] = _new(table, toml, id_, list(registry))
    _check_subsets(datasets, [path, *brought])
    return datasets


def _check_subsets(datasets: dict[str, Dataset], paths: Sequence[Path]) -> None:
    where = ", ".join(map(str, paths))
    for dataset in datasets.values():
        if dataset.subset is None:
            continue
        for key in ("of", "recalculation_of"):
            other = getattr(dataset.subset, key)
            if other is not None and other not in datasets:
                raise InputError(
                    f"{where}: [{dataset.id}]: subset.{key} = {other!r}: unknown; "
                    f"{nearest(other, list(datasets))}"
                )
        if datasets[dataset.subset.of].subset is not None:
            raise InputError(
                f"{where}: [{dataset.id}]: subset.of = {dataset.subset.of!r} is a subset itself; "
                "name the dataset that holds both"
            )


def _tables(path: Path) -> list[tuple[str, Any]]:
    """Return the entries of a TOML file, their ids checked."""
    tables = read_toml(path)
    for id_ in tables:
        try:
            TypeAdapter(RegistryId).validate_python(id_)
        except ValidationError as error:
            message = "an id consists of letters, digits, '.', '_' and '-'"
            raise InputError(f"{path}: [{id_!r}]: {message}") from error
    return list(tables.items())


def _whole(table: object, path: Path, id_: str) -> Dataset:
    entry = validate(Entry, table, f"{path}: [{id_}]")
    files = _anchored(entry.files, path.parent)
    return Dataset(**(vars(entry) | {"files": files}), id=id_)


def _new(table: object, path: Path, id_: str, registered: list[str]) -> Dataset:
    try:
        return _whole(table, path, id_).model_copy(update={"brought": True})
    except InputError as error:
        close = difflib.get_close_matches(id_, registered, n=1)
        if not close:
            raise
        message = f"{error}\n{path}: [{id_}]: is not a registered id; did you mean {close[0]!r}?"
        raise InputError(message) from error


def _replaced(registered: Dataset, table: object, path: Path) -> Dataset:
    where = f"{path}: [{registered.id}]"
    fixed = set(table if isinstance(table, dict) else ()) & (
        set(Entry.model_fields) - set(Files.model_fields)
    )
    if fixed:
        raise InputError(
            f"{where}: {', '.join(sorted(fixed))}: stays as registered; "
            f"for a registered id, give only {', '.join(Files.model_fields)}",
        )
    if registered.subset and registered.subset.within_ang is None:
        raise InputError(
            f"{where}: its rows are rows of {registered.subset.of}: bring that one instead"
        )
    new = validate(Files, table, where)
    try:
        check_quantity(registered.quantity, new.reader)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    files = _anchored(new.files, path.parent)
    changes = vars(new) | {"files": files, "status": "available", "reason": None, "brought": True}
    return registered.model_copy(update=changes)


def _anchored(files: tuple[SourceFile, ...], folder: Path) -> tuple[SourceFile, ...]:
    return tuple(
        file.model_copy(update={"path": folder.absolute() / file.path.expanduser()})
        if file.path
        else file
        for file in files
    )


def check_quantity(quantity: str, reader: str | None) -> None:
    """Refuse a reader that does not read what a dataset is of, with a ValueError."""
    if (quantity == "interaction energies") != (reader == INTERACTIONS):
        raise ValueError(f"{quantity} are not what the reader {reader!r} reads")


def _check_reading(entry: Files | Entry) -> None:
    if entry.files and entry.reader is None:
        raise ValueError(f"files need a reader: one of {', '.join(READERS)}")
    if (entry.reader == "mtp-cfg") != bool(entry.types):
        raise ValueError("types are there if, and only if, the reader is 'mtp-cfg'")
    if entry.selection and len(entry.files) != 1:
        raise ValueError("a selection needs exactly one file, whose rows it names")
    if entry.reader == "deepmd-npy" and entry.keys in (Keys(), Keys(virial="virial")):
        return
    if entry.keys != Keys() and entry.reader not in WITH_KEYS:
        raise ValueError(
            f"keys are for the readers {', '.join(WITH_KEYS)}; "
            'of deepmd-npy only keys = { virial = "virial" }'
        )
