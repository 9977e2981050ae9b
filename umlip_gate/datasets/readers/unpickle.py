"""Pickled data frames of structures, read without running anything that a pickle names.

A pickle is a program, and even numpy's own part of it can crash an interpreter if its bytes are
wrong. Here every global that it may name is a stand-in: what the pickle calls is noted, not done,
and arrays, structures and the columns of the frame are then made from the notes.
"""

import pickle
import pickletools
import re
from io import BytesIO
from itertools import pairwise
from typing import IO, Any, Self

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from umlip_gate.datasets.readers.labels import INPUTS
from umlip_gate.datasets.readers.limits import limits
from umlip_gate.errors import Fault, InputError

Frame = dict[str, list[Any]]
"""The columns of a data frame."""

FEWEST_ITEMS = 10_000


class _Maker:
    """Makes what a pickle's notes stand for, and counts what it makes."""

    def __init__(self, pickled_bytes: int) -> None:
        self._left = max(FEWEST_ITEMS, limits().items.max * pickled_bytes)
        self._depth = 0

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - whatever a pickle holds
        self._left -= 1
        if self._left < 0 or self._depth > limits().depth.max:
            raise ValueError("it makes more, or more deeply nested, values than a file of its size")
        self._depth += 1
        if isinstance(value, _Noted):
            value = value.made(self)
        elif isinstance(value, list):
            value = [self(item) for item in value]
        self._depth -= 1
        return value


class _Noted:
    """A call that a pickle asks for, with the state that it sets afterwards."""

    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: object) -> Self:
        noted = super().__new__(cls)
        noted.args, noted.state = args, None
        return noted

    def __setstate__(self, state: object) -> None:
        self.state = state

    def made(self, make: _Maker) -> Any:  # noqa: ANN401 - each stand-in makes something else
        """Make what the call stands for."""
        del make
        raise TypeError(f"{type(self).__name__} stands where a value is expected")


class _Bytes(_Noted):
    """`bytearray(data)` and `py_buffer(data)`."""

    def made(self, make: _Maker) -> bytes:
        return bytes(make(self.args[0]))


class _Encoded(_Noted):
    """`encode(text, "latin1")`, the bytes of a pickle of protocol 2."""

    def made(self, make: _Maker) -> bytes:
        text, codec = map(make, self.args)
        if codec != "latin1":
            raise TypeError(f"bytes encoded as {codec!r} are not read")
        encoded: bytes = text.encode("latin1")
        return encoded


class _NoBytes(_Noted):
    """`bytes()`, which protocol 2 calls for none; with a number it would take that much memory."""

    def made(self, _: _Maker) -> bytes:
        if self.args:
            raise TypeError("bytes of a number are not read")
        return b""


class _Dtype(_Noted):
    def made(self, _: _Maker) -> np.dtype[Any]:
        code, *_rest = self.args
        _version, byte_order, *_rest = self.state
        if not re.fullmatch(r"[fiu][1248]|b1|O8", code):
            raise TypeError(f"arrays of {code!r} are not read")
        dtype: np.dtype[Any] = np.dtype(byte_order + code)
        return dtype


class _Array(_Noted):
    """`_reconstruct(ndarray, (0,), b"b")`, whose state holds the content."""

    def made(self, make: _Maker) -> NDArray[Any]:
        _, shape, dtype, fortran, data = self.state
        return _array(make, data, dtype, shape, "F" if fortran else "C")


class _Buffer(_Noted):
    """`_frombuffer(data, dtype, shape, order)`."""

    def made(self, make: _Maker) -> NDArray[Any]:
        data, dtype, shape, order = self.args
        return _array(make, data, dtype, shape, order)


class _Scalar(_Noted):
    """`scalar(dtype, data)`."""

    def made(self, make: _Maker) -> np.generic:
        dtype, data = self.args
        scalar: np.generic = _array(make, data, dtype, (1,), "C")[0]
        return scalar


class _Cell(_Noted):
    def made(self, make: _Maker) -> NDArray[Any]:
        cell: NDArray[Any] = make(self.state["array"])
        return cell


class _Atoms(_Noted):
    """State: arrays and info, of which only what a model is given is made."""

    def made(self, make: _Maker) -> Atoms:
        arrays, info = self.state["arrays"], self.state.get("info", {})
        atoms = Atoms(
            numbers=make(arrays["numbers"]),
            positions=make(arrays["positions"]),
            cell=make(self.state["_cellobj"]),
            pbc=make(self.state["_pbc"]),
            info={name: make(info[name]) for name in INPUTS & info.keys()},
        )
        for name in INPUTS & arrays.keys():
            atoms.set_array(name, np.asarray(make(arrays[name])))
        return atoms


class _ArrowText(_Noted):
    """`_restore_array((type, length, nulls, offset, [None, offsets, characters], …))`."""

    def made(self, make: _Maker) -> list[str]:
        kind, length, _, start, (_, offsets, characters), *_ = self.args[0]
        width = {"string": "<i4", "large_string": "<i8"}[kind.args[0]]
        places = np.frombuffer(make(offsets), dtype=width)[start : start + length + 1].tolist()
        text = make(characters)
        return [text[begin:end].decode() for begin, end in pairwise(places)]


class _ArrowTexts(_Noted):
    """`chunked_array(chunks, type)`."""

    def made(self, make: _Maker) -> list[str]:
        return [text for chunk in make(self.args[0]) for text in chunk]


class _TextColumn(_Noted):
    """A text column of pandas 3 that pyarrow stores, and one that NumPy stores."""

    def made(self, make: _Maker) -> list[Any]:
        if isinstance(self.state, dict):
            return list(make(self.state["_pa_array"]))
        return list(make(self.state[1]))


class _Index(_Noted):
    """`_new_Index(class, {"data": array, ...})`."""

    def made(self, make: _Maker) -> list[Any]:
        _, content = self.args
        return list(make(content["data"]))


class _Frame(_Noted):
    """State: a block manager `(blocks, [columns, rows])`; a block is `(values, places, n)`."""

    def made(self, make: _Maker) -> Frame:
        blocks, (names, _) = self.state["_mgr"].args
        names = make(names)
        columns = {}
        for block in blocks:
            values, places, _ = block.args
            places = range(len(names))[places] if isinstance(places, slice) else make(places)
            made = make(values)
            for place, column in zip(
                places, [made] if isinstance(values, _TextColumn) else made, strict=True
            ):
                columns[names[place]] = list(column)
        return {str(name): columns[name] for name in names}


STAND_INS: dict[tuple[str, str], type] = {
    ("__builtin__", "bytes"): _NoBytes,
    ("__builtin__", "slice"): slice,
    ("_codecs", "encode"): _Encoded,
    ("ase.atoms", "Atoms"): _Atoms,
    ("ase.cell", "Cell"): _Cell,
    ("builtins", "bytearray"): _Bytes,
    ("builtins", "slice"): slice,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Noted,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "scalar"): _Scalar,
    ("numpy._core.numeric", "_frombuffer"): _Buffer,
    ("pandas", "DataFrame"): _Frame,
    ("pandas", "Index"): _Noted,
    ("pandas", "RangeIndex"): _Noted,
    ("pandas", "StringDtype"): _Noted,
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"): _TextColumn,
    ("pandas._libs.internals", "_unpickle_block"): _Noted,
    ("pandas.arrays", "ArrowStringArray"): _TextColumn,
    ("pandas.arrays", "StringArray"): _Noted,
    ("pandas.core.frame", "DataFrame"): _Frame,
    ("pandas.core.indexes.base", "Index"): _Noted,
    ("pandas.core.indexes.base", "_new_Index"): _Index,
    ("pandas.core.indexes.range", "RangeIndex"): _Noted,
    ("pandas.core.internals.managers", "BlockManager"): _Noted,
    ("pyarrow.lib", "_restore_array"): _ArrowText,
    ("pyarrow.lib", "chunked_array"): _ArrowTexts,
    ("pyarrow.lib", "py_buffer"): _Bytes,
    ("pyarrow.lib", "type_for_alias"): _Noted,
}
"""The only globals that a pickle may name, and what stands for each."""


class _Unpickler(pickle.Unpickler):
    """An unpickler for which no other global exists."""

    def __init__(self, pickled: bytes, where: str) -> None:
        super().__init__(BytesIO(pickled))
        self._where = where

    def find_class(self, module: str, name: str) -> type:
        # numpy 2 renamed numpy.core; the published files were written before and after
        module = module.replace("numpy.core.", "numpy._core.")
        try:
            return STAND_INS[module, name]
        except KeyError:
            raise InputError(
                f"{self._where}: the pickle asks for {module}.{name}, which is not needed for data "
                "and is refused; nothing was run. Bring the data as extxyz instead"
            ) from None


def load_frame(stream: IO[bytes], where: str) -> Frame:
    """Read the columns of a pickled data frame of ase structures and numpy arrays.

    Parameters
    ----------
    stream
        The pickle, decompressed.
    where
        The file, as messages name it.

    Raises
    ------
    InputError
        It names a global outside `STAND_INS`, is cut short or damaged, makes more values than
        its size allows, or is no data frame.
    """
    pickled = stream.read()  # to the end: only there does gzip compare its checksum
    try:
        _check_memo(pickled)
        noted = _Unpickler(pickled, where).load()
        frame = _Maker(len(pickled))(noted) if isinstance(noted, _Frame) else None
    except Fault:
        raise
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise InputError(f"{where}: not a whole pickle: {type(error).__name__}: {error}") from error
    if frame is None:
        kind = type(noted).__name__
        raise InputError(f"{where}: holds a {kind}, expected a pandas DataFrame")
    return dict(frame)


def _check_memo(pickled: bytes) -> None:
    """Refuse places in the memo that no pickle of this length needs: memory is taken for all."""
    for opcode, argument, _ in pickletools.genops(pickled):
        is_place = opcode.name in {"PUT", "BINPUT", "LONG_BINPUT"}
        if is_place and isinstance(argument, int) and argument > len(pickled):
            raise ValueError(f"it numbers a value {argument}")


def _array(
    make: _Maker,
    data: Any,  # noqa: ANN401 - as in the pickle
    dtype: _Dtype,
    shape: tuple[int, ...],
    order: Any,  # noqa: ANN401 - as in the pickle
) -> NDArray[Any]:
    kind: np.dtype[Any] = make(dtype)
    if not kind.hasobject:
        return np.frombuffer(make(data), dtype=kind).reshape(shape, order=order)
    items = np.empty(len(data), dtype=object)
    for i, item in enumerate(data):
        items[i] = make(item)
    return items.reshape(shape)  # numpy lists objects row by row, whatever their order in memory
