"""Pickled data frames of structures, read without running anything that a pickle names.

A pickle is a program, and even numpy's own part of it can crash an interpreter if its bytes are
wrong. Here every global that it may name is a stand-in: what the pickle calls is noted, not done,
and arrays, structures and the frame are then made from the notes.
"""

import pickle
import re
from io import BytesIO
from typing import IO, Any, Self

import numpy as np
import pandas as pd
from ase import Atoms
from numpy.typing import NDArray

from umlip_gate.errors import Fault, InputError


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

    def made(self) -> Any:  # noqa: ANN401 - each stand-in makes something else
        """Make what the call stands for."""
        raise TypeError(f"{type(self).__name__} stands where a value is expected")


class _Dtype(_Noted):
    def made(self) -> np.dtype[Any]:
        code, *_ = self.args
        _, byte_order, *_ = self.state
        if not re.fullmatch(r"[fiu][1248]|b1|O8", code):
            raise TypeError(f"arrays of {code!r} are not read")
        dtype: np.dtype[Any] = np.dtype(byte_order + code)
        return dtype


class _Array(_Noted):
    """`_reconstruct(ndarray, (0,), b"b")`, whose state holds the content."""

    def made(self) -> NDArray[Any]:
        _, shape, dtype, fortran, data = self.state
        return _array(data, dtype, shape, "F" if fortran else "C")


class _Buffer(_Noted):
    """`_frombuffer(data, dtype, shape, order)`."""

    def made(self) -> NDArray[Any]:
        data, dtype, shape, order = self.args
        return _array(data, dtype, shape, order)


class _Scalar(_Noted):
    """`scalar(dtype, data)`."""

    def made(self) -> np.generic:
        dtype, data = self.args
        scalar: np.generic = _array(data, dtype, (1,), "C")[0]
        return scalar


class _Cell(_Noted):
    def made(self) -> NDArray[Any]:
        cell: NDArray[Any] = _made(self.state["array"])
        return cell


class _Atoms(_Noted):
    def made(self) -> Atoms:
        arrays = self.state["arrays"]
        return Atoms(
            numbers=_made(arrays["numbers"]),
            positions=_made(arrays["positions"]),
            cell=_made(self.state["_cellobj"]),
            pbc=_made(self.state["_pbc"]),
        )


class _Index(_Noted):
    """`_new_Index(class, {"data": array, ...})`."""

    def made(self) -> list[Any]:
        _, content = self.args
        return list(_made(content["data"]))


class _Frame(_Noted):
    """State: a block manager `(blocks, [columns, rows])`; a block is `(values, places, 2)`."""

    def made(self) -> pd.DataFrame:
        blocks, (names, _) = self.state["_mgr"].args
        names = _made(names)
        columns = {}
        for block in blocks:
            values, places, _ = block.args
            places = range(len(names))[places] if isinstance(places, slice) else _made(places)
            for place, column in zip(places, _made(values), strict=True):
                columns[names[place]] = column
        return pd.DataFrame({name: columns[name] for name in names})


STAND_INS: dict[tuple[str, str], type] = {
    ("ase.atoms", "Atoms"): _Atoms,
    ("ase.cell", "Cell"): _Cell,
    ("builtins", "slice"): slice,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Noted,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "scalar"): _Scalar,
    ("numpy._core.numeric", "_frombuffer"): _Buffer,
    ("pandas", "DataFrame"): _Frame,
    ("pandas", "Index"): _Noted,
    ("pandas", "RangeIndex"): _Noted,
    ("pandas._libs.internals", "_unpickle_block"): _Noted,
    ("pandas.core.frame", "DataFrame"): _Frame,
    ("pandas.core.indexes.base", "Index"): _Noted,
    ("pandas.core.indexes.base", "_new_Index"): _Index,
    ("pandas.core.indexes.range", "RangeIndex"): _Noted,
    ("pandas.core.internals.managers", "BlockManager"): _Noted,
}
"""The only globals that a pickle may name, and what stands for each."""


class _Unpickler(pickle.Unpickler):
    """An unpickler for which no other global exists."""

    def __init__(self, pickled: bytes, where: str) -> None:
        super().__init__(BytesIO(pickled), fix_imports=False)
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


def load_frame(stream: IO[bytes], where: str) -> pd.DataFrame:
    """Read a pickled data frame of ase structures and numpy arrays.

    Parameters
    ----------
    stream
        The pickle, decompressed.
    where
        The file, as messages name it.

    Raises
    ------
    InputError
        It names a global outside `STAND_INS`, is cut short or damaged, or is no data frame.
    """
    pickled = stream.read()  # to the end: only there does gzip compare its checksum
    try:
        frame = _made(_Unpickler(pickled, where).load())
    except Fault:
        raise
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise InputError(f"{where}: not a whole pickle: {type(error).__name__}: {error}") from error
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"{where}: holds a {type(frame).__name__}, expected a pandas DataFrame")
    return frame


def _made(value: Any) -> Any:  # noqa: ANN401 - whatever a pickle holds
    if isinstance(value, _Noted):
        return value.made()
    if isinstance(value, list):
        return [_made(item) for item in value]
    return value


def _array(data: Any, dtype: _Dtype, shape: tuple[int, ...], order: Any) -> NDArray[Any]:  # noqa: ANN401 - as in the pickle
    kind = dtype.made()
    if not kind.hasobject:
        return np.frombuffer(data, dtype=kind).reshape(shape, order=order)
    items = np.empty(len(data), dtype=object)
    for i, item in enumerate(data):
        items[i] = _made(item)
    return items.reshape(shape, order=order)
