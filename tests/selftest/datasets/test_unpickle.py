import gzip
import os
import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.selftest.builders.datasets import forces_of, frame_of, made_rows, write_pickle
from umlip_gate.datasets.readers.pickled import read_frame
from umlip_gate.datasets.readers.unpickle import FEWEST_ITEMS, _Frame, _Maker, _Noted, load_frame
from umlip_gate.errors import InputError

pytestmark = pytest.mark.selftest


class Bomb:
    """Runs a shell command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def test_nothing_of_a_pickle_with_os_system_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "it ran"
    bytes_ = pickle.dumps(frame_of(made_rows(3), forces=[Bomb(f"touch '{marker}'")] * 3))

    file = tmp_path / "bomb.pckl.gzip"
    file.write_bytes(gzip.compress(bytes_))
    with pytest.raises(InputError, match=r"bomb.pckl.gzip: the pickle asks for \w+\.system"):
        read_frame(file)
    assert not marker.exists()

    pickle.loads(bytes_)  # noqa: S301 - the proof that the bomb was a live one
    assert marker.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("__builtin__", "eval"),
        ("copyreg", "_reconstructor"),
        ("numpy", "load"),
        ("pandas", "read_pickle"),
        ("pandas.core.frame", "DataFrame.eval"),
        ("ase.atoms", "np.load"),
        ("no.such.module", "anything"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_any_other_global_is_refused_by_name(module: str, name: str, protocol: int) -> None:
    if protocol == 2:
        program = f"c{module}\n{name}\n.".encode()
    else:
        words = [b"\x8c" + bytes([len(word)]) + word.encode() for word in (module, name)]
        program = b"\x80\x04" + b"".join(words) + b"\x93."
    with pytest.raises(InputError) as refusal:
        load_frame(BytesIO(program), "some.pckl")
    assert str(refusal.value) == (
        f"some.pckl: the pickle asks for {module}.{name}, which is not needed for data and is "
        "refused; nothing was run. Bring the data as extxyz instead"
    )


def test_reads_what_older_numpy_and_pandas_wrote(tmp_path: Path) -> None:
    rows = made_rows(4)
    frame = frame_of(rows, forces=[row.forces for row in rows])
    new = pickle.dumps(frame, protocol=3)  # the protocol that spells globals out in lines
    old = new.replace(b"cnumpy._core.", b"cnumpy.core.")
    old = old.replace(b"cpandas\nDataFrame\n", b"cpandas.core.frame\nDataFrame\n")
    old = old.replace(b"cpandas\nIndex\n", b"cpandas.core.indexes.base\nIndex\n")
    old = old.replace(b"cpandas\nRangeIndex\n", b"cpandas.core.indexes.range\nRangeIndex\n")
    assert old.count(b"numpy.core.") > 0
    assert old.count(b"pandas\n") == 0
    file = tmp_path / "old.pckl"
    file.write_bytes(old)
    read = read_frame(file)
    assert list(read) == list(frame)
    assert read["energy"] == frame["energy"].tolist()
    for own, other in zip(read["ase_atoms"], frame["ase_atoms"], strict=True):
        assert own == other
    for own, other in zip(read["forces"], frame["forces"], strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_reads_what_any_python_3_writes(tmp_path: Path, protocol: int) -> None:
    """Protocol 2 is what was written for Python 2 too; it has no bytes of its own."""
    rows = made_rows(3)
    file = tmp_path / "frame.pckl"
    file.write_bytes(pickle.dumps(frame_of(rows), protocol=protocol))
    read = read_frame(file)
    assert read["energy"] == [row.energy_ev for row in rows]
    assert read["ase_atoms"] == [row.atoms for row in rows]
    for own, row in zip(read["forces"], rows, strict=True):
        np.testing.assert_array_equal(own, row.forces)


def test_no_bytes_are_made_of_a_number() -> None:
    program = b"c__builtin__\nbytes\n(I9999999999999\ntR."
    with pytest.raises(InputError, match="holds a _NoBytes, expected a pandas DataFrame"):
        load_frame(BytesIO(program), "frame.pckl")


class Called:
    """Pickled as a call of something with arguments."""

    def __init__(self, call: Callable[..., object], *args: object) -> None:
        self.call, self.args = call, args

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call, self.args


def test_bytes_of_a_number_within_a_frame_are_refused() -> None:
    frame = frame_of(made_rows(1), forces=[Called(bytes, 5)])
    with pytest.raises(InputError, match=r"TypeError: bytes of a number are not read$"):
        load_frame(BytesIO(pickle.dumps(frame, protocol=2)), "frame.pckl")


def test_what_is_no_value_is_refused_by_its_kind() -> None:
    frame = frame_of(made_rows(1), forces=[Called(pd.StringDtype, "python")])
    with pytest.raises(InputError, match=r"TypeError: _Noted stands where a value is expected$"):
        load_frame(BytesIO(pickle.dumps(frame)), "frame.pckl")


def test_bytes_of_another_codec_are_refused() -> None:
    """`rot13` and `zlib` are codecs too: the size of what they make is not that of the text."""
    frame = pickle.dumps(frame_of(made_rows(1)), protocol=2)
    with pytest.raises(InputError, match="bytes encoded as 'utf-16' are not read"):
        load_frame(BytesIO(frame.replace(b"latin1", b"utf-16")), "frame.pckl")


@pytest.mark.parametrize("compressed", [True, False])
def test_a_pickle_cut_anywhere_is_refused_by_name(tmp_path: Path, *, compressed: bool) -> None:
    whole = tmp_path / "whole"
    write_pickle(whole, made_rows(2))
    bytes_ = whole.read_bytes() if compressed else gzip.decompress(whole.read_bytes())
    file = tmp_path / "cut.pckl"
    for length in range(0, len(bytes_), 7):
        file.write_bytes(bytes_[:length])
        with pytest.raises(InputError, match=r"cut.pckl: "):
            read_frame(file)


def test_a_damaged_byte_never_ends_in_anything_but_a_frame_or_bad_input(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    write_pickle(whole, made_rows(2))
    bytes_ = gzip.decompress(whole.read_bytes())
    refused = 0
    for place in range(0, len(bytes_), 5):
        damaged = bytes_[:place] + bytes([bytes_[place] ^ 0x15]) + bytes_[place + 1 :]
        try:
            load_frame(BytesIO(damaged), "damaged.pckl")
        except InputError as error:
            assert "damaged.pckl" in str(error)  # noqa: PT017 - not every damage shows
            refused += 1
    assert refused > 10


def test_a_pickle_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="holds a list, expected a pandas DataFrame"):
        load_frame(BytesIO(pickle.dumps([1, 2])), "list.pckl")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "frame.pckl"
    frame = frame_of(made_rows(2))
    frame.columns = pd.Index(["ase_atoms", "enrgy", "forces"], dtype=object)
    file.write_bytes(pickle.dumps(frame))
    with pytest.raises(InputError, match=r"no column 'energy'; did you mean 'enrgy'\?"):
        read_frame(file)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">i4", "<i8"])
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_arrays_keep_their_order_in_memory_byte_order_and_type(
    order: Literal["C", "F"], dtype: str, protocol: int
) -> None:
    rows = [row for row in made_rows(9) if len(row.atoms) > 1][:2]
    forces = [np.array(forces_of(row), dtype=dtype, order=order) for row in rows]
    frame = frame_of(rows, forces=pd.Series(forces, dtype=object))
    read = load_frame(BytesIO(pickle.dumps(frame, protocol=protocol)), "made")["forces"]
    for found, expected in zip(read, forces, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        assert not np.array_equal(found, expected[::-1])


@pytest.mark.parametrize("protocol", [2, 5])
def test_empty_arrays_and_numbers_of_numpy_are_read(protocol: int) -> None:
    frame = frame_of(
        made_rows(2),
        energy=pd.Series([np.float64(-1.5), np.float32(0.25)], dtype=object),
        forces=pd.Series([np.zeros((0, 3)), np.zeros((0, 3))], dtype=object),
    )
    read = load_frame(BytesIO(pickle.dumps(frame, protocol=protocol)), "made")
    assert read["energy"] == [-1.5, 0.25]
    assert [type(energy) for energy in read["energy"]] == [np.float64, np.float32]
    assert [forces.shape for forces in read["forces"]] == [(0, 3), (0, 3)]


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_objects_are_read_in_their_order(order: Literal["C", "F"]) -> None:
    forces = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=object, order=order)
    frame = frame_of(made_rows(1), forces=pd.Series([forces], dtype=object))
    read = load_frame(BytesIO(pickle.dumps(frame)), "made")["forces"][0]
    np.testing.assert_array_equal(read, forces)


def test_what_a_structure_gives_to_a_model_is_read_and_nothing_else() -> None:
    atoms = made_rows(1)[0].atoms
    atoms.info = {"charge": 1, "spin": 3, "note": "none of the model's business"}
    magmoms = np.arange(len(atoms)) + 0.5
    atoms.set_initial_magnetic_moments(magmoms)
    atoms.set_array("tags", np.ones(len(atoms), dtype=int))
    frame = frame_of(made_rows(1), ase_atoms=[atoms])
    read = load_frame(BytesIO(pickle.dumps(frame)), "made")["ase_atoms"][0]
    assert read.info == {"charge": 1, "spin": 3}
    np.testing.assert_array_equal(read.arrays["initial_magmoms"], magmoms)
    assert "tags" not in read.arrays


def test_a_structure_without_info_is_read() -> None:
    atoms = made_rows(1)[0].atoms
    del atoms.info
    frame = frame_of(made_rows(1), ase_atoms=[atoms])
    read = load_frame(BytesIO(pickle.dumps(frame)), "made")["ase_atoms"][0]
    assert read.info == {}
    np.testing.assert_array_equal(read.positions, atoms.positions)


def test_columns_of_one_type_need_not_stand_together() -> None:
    rows = made_rows(2)
    usual = frame_of(rows)
    usual["name"] = pd.Series(["a", "b"], dtype=object)
    usual["weight"] = [1.0, 2.0]
    order = ["ase_atoms", "energy", "weight", "forces", "name"]
    usual = usual[order].copy()
    places = [block.mgr_locs.indexer for block in usual._mgr.blocks]
    assert any(isinstance(place, np.ndarray) for place in places)
    read = load_frame(BytesIO(pickle.dumps(usual)), "made")
    assert list(read) == order
    assert read["name"] == ["a", "b"]
    assert read["weight"] == [1.0, 2.0]
    assert read["energy"] == [row.energy_ev for row in rows]
    assert read["ase_atoms"] == [row.atoms for row in rows]


def test_a_block_with_fewer_columns_than_places_is_refused() -> None:
    frame = _Frame()
    blocks = [_Noted([[1.0]], [0, 1], 2), _Noted([[2.0]], [1], 2)]
    frame.state = {"_mgr": _Noted(blocks, (["a", "b"], None))}
    with pytest.raises(ValueError, match=r"zip\(\)"):
        _Maker(1)(frame)


@pytest.mark.parametrize(("n_bytes", "most"), [(1, FEWEST_ITEMS), (1_000, 20_000)])
def test_no_more_values_are_made_than_the_size_allows(n_bytes: int, most: int) -> None:
    """The list itself is one; 20 by byte, thresholds/reading.toml."""
    assert len(_Maker(n_bytes)([0] * (most - 1))) == most - 1
    with pytest.raises(ValueError, match=f"^{TOO_MUCH}$"):
        _Maker(n_bytes)([0] * most)


@pytest.mark.parametrize(
    ("n_lists", "is_read"), [(100, True), (101, False)], ids=["the deepest", "deeper"]
)
def test_no_deeper_values_are_made_than_the_limit(n_lists: int, *, is_read: bool) -> None:
    """100 lists within each other, thresholds/reading.toml, whatever was made before."""
    for deep in (nested(n_lists), [[0, nested(n_lists - 2)]]):
        if is_read:
            assert _Maker(1)(deep) == deep
        else:
            with pytest.raises(ValueError, match=f"^{TOO_MUCH}$"):
                _Maker(1)(deep)


TOO_MUCH = "it makes more, or more deeply nested, values than a file of its size"


def nested(n_lists: int) -> object:
    value: object = 0
    for _ in range(n_lists):
        value = [value]
    return value


def test_what_makes_too_much_is_told_with_the_file() -> None:
    frame = frame_of(made_rows(1), forces=[nested(101)])
    with pytest.raises(InputError, match=f"^deep: not a whole pickle: ValueError: {TOO_MUCH}$"):
        load_frame(BytesIO(pickle.dumps(frame)), "deep")


@pytest.mark.parametrize(
    "program",
    [b"]p99\n.", b"\x80\x04]q\x63.", b"\x80\x04]r\x63\x00\x00\x00."],
    ids=["PUT", "BINPUT", "LONG_BINPUT"],
)
def test_a_place_in_the_memo_beyond_the_pickles_length_is_refused(program: bytes) -> None:
    with pytest.raises(InputError, match=r"ValueError: it numbers a value 99$"):
        load_frame(BytesIO(program), "memo")
    last = b"\x80\x04]q\x06."
    assert len(last) == 6
    with pytest.raises(InputError, match="holds a list"):
        load_frame(BytesIO(last), "memo")


@pytest.mark.parametrize("code", ["c16", "S8", "U3", "V8", "M8[s]", "f16"])
def test_arrays_of_other_types_are_refused(code: str) -> None:
    rows = made_rows(1)
    forces = np.zeros((len(rows[0].atoms), 3)).astype(code)
    content = pickle.dumps(frame_of(rows, forces=pd.Series([forces], dtype=object)))
    with pytest.raises(InputError, match="are not read"):
        load_frame(BytesIO(content), "made")


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
@pytest.mark.parametrize("protocol", [4, 5])
def test_text_columns_of_pandas_3_are_read(storage: str, protocol: int) -> None:
    rows = made_rows(3)
    with pd.option_context("mode.string_storage", storage):
        frame = pd.DataFrame(
            {
                "ase_atoms": [row.atoms for row in rows],
                "energy": [row.energy_ev for row in rows],
                "name": ["bcc", "", "\u03b1-phase"],
                "forces": [forces_of(row) for row in rows],
            }
        )[1:]
    assert frame.columns.dtype == "str"
    read = load_frame(BytesIO(pickle.dumps(frame, protocol=protocol)), "made")
    assert list(read) == list(frame)
    assert read["name"] == ["", "\u03b1-phase"]
    assert read["energy"] == [row.energy_ev for row in rows[1:]]


@pytest.mark.parametrize("kind", ["string", "large_string"])
def test_text_columns_in_chunks_are_read(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a pandas that leaves the chunks as they are, and offsets at 4 bytes."""
    monkeypatch.setattr(pd.arrays.ArrowStringArray, "__getstate__", lambda self: vars(self).copy())
    names = ["bcc", "", "\u03b1-phase", "fcc"]
    frame = frame_of(made_rows(4))
    frame["name"] = pd.Series(names, dtype=pd.StringDtype("pyarrow", na_value=np.nan))
    chunks = [pa.array(part, getattr(pa, kind)()) for part in (names[:3], names[1:])]
    frame["name"].array._pa_array = pa.chunked_array([chunks[0][:2], chunks[1][1:]])
    read = load_frame(BytesIO(pickle.dumps(frame)), "made")
    assert read["name"] == names
