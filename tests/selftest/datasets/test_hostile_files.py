"""Small files that would hang the machine or fill its memory, one a line."""

import bz2
import gzip
import io
import os
import pickle
import resource
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.selftest.builders.datasets import frame_of, made_dataset, made_rows, write_extxyz
from umlip_gate.datasets.readers import limits, read_rows
from umlip_gate.errors import InputError
from umlip_gate.schema import read_toml, validate

pytestmark = pytest.mark.selftest

FRAME = '1\nLattice="3 0 0 0 3 0 0 0 3" Properties={} energy=-1\nW 0 0 0 0 0 0\n'


def zeros(compress: Callable[[bytes], bytes]) -> bytes:
    return compress(bytes(1 << 28))


def doubled_lists(depth: int) -> bytes:
    """A frame whose forces are 2^depth numbers, in `depth` lists."""
    forces: list[object] = [0.0, 0.0]
    for _ in range(depth):
        forces = [forces, forces]
    return pickle.dumps(frame_of(made_rows(1), forces=[forces]))


def archive(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        member = tarfile.TarInfo("data")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "lists of lists": ("pickle", lambda: doubled_lists(40), "more deeply nested, values than"),
    "lists in each other": ("pickle", lambda: b"\x80\x04" + b"]" * 9 + b"a" * 8 + b".", "a list"),
    "a place in the memo": ("pickle", lambda: b"\x80\x04]r\xff\xff\xff\x7f.", "it numbers a value"),
    "gzip bomb": ("extxyz", lambda: zeros(gzip.compress), "holds more than a file of its size"),
    "bzip2 bomb": ("mtp-cfg", lambda: zeros(bz2.compress), "holds more than a file of its size"),
    "gzip in gzip": (
        "extxyz",
        lambda: gzip.compress(gzip.compress(gzip.compress(b"1\n"))),
        "compressed 3 times over",
    ),
    "ten million columns": (
        "extxyz",
        lambda: FRAME.format("species:S:1:pos:R:3:forces:R:3:x:R:9999999").encode(),
        "row 0: Properties states 10000006 columns, and a line has 7",
    ),
    "columns without a number": (
        "extxyz",
        lambda: FRAME.format("species:S:1:pos:R:3:forces:R:" + "9" * 5000).encode(),
        "row 0: Properties is not a list",
    ),
    "a long word in a comment": (
        "extxyz",
        lambda: FRAME.format("species:S:1:pos:R:3 " + "x" * (1 << 20)).encode(),
        "row 0: no forces",
    ),
    "many atoms announced": ("extxyz", lambda: b"9" * 5000 + b"\nx\n", "expected a number of"),
    "many atoms in a record": (
        "mtp-cfg",
        lambda: b"BEGIN_CFG\nSize\n" + b"9" * 9 + b"\nAtomData: id\nEnergy\n1\nEND_CFG\n",
        "not a number of atoms",
    ),
    "deep JSON": ("mvl-json", lambda: b"[" * 200_000, "too deeply"),
    "one key twice": ("mvl-json", lambda: b'[{"outputs": 1, "outputs": 2}]', "stands twice"),
    "bomb in an archive": ("extxyz", lambda: archive(bytes(1 << 28)), "holds more than a file"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_one_error(name: str, tmp_path: Path) -> None:
    reader, make, message = HOSTILE[name]
    file = tmp_path / "file"
    file.write_bytes(make())
    member = "data" if "archive" in name else None
    dataset = made_dataset(file, reader=reader)
    source = dataset.files[0].model_copy(update={"member": member})
    begun_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError) as fault:
        read_rows(file, source, dataset)
    assert str(fault.value).startswith(str(file))
    assert message in str(fault.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun_kib < 400_000


def test_shared_lists_of_a_usual_size_are_read(tmp_path: Path) -> None:
    row = made_rows(1)[0]
    same = [[0.5, 0.25, 0.125]] * len(row.atoms)
    file = tmp_path / "file"
    file.write_bytes(pickle.dumps(frame_of([row] * 50, forces=[same] * 50)))
    dataset = made_dataset(file, reader="pickle")
    assert len(read_rows(file, dataset.files[0], dataset)) == 50


def test_a_device_or_a_pipe_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        dataset = made_dataset(path)
        with pytest.raises(InputError, match="is no regular file"):
            read_rows(path, dataset.files[0], dataset)


def test_reading_ends_when_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_extxyz(tmp_path / "file", made_rows(5))
    dataset = made_dataset(tmp_path / "file")
    seconds = iter(range(0, 40_000, 1_000))
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    with pytest.raises(InputError, match="file row 2: reading took more than 3600 s"):
        read_rows(tmp_path / "file", dataset.files[0], dataset)


@pytest.fixture
def _one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    short = limits.Limit(max=1, rationale="a self-test's")
    bounds = limits.limits().model_copy(update={"seconds": short})
    monkeypatch.setattr(limits, "limits", lambda: bounds)


def stuck() -> Iterator[int]:
    yield 0
    time.sleep(600)


def stuck_whatever_is_raised() -> Iterator[int]:
    yield 0
    with suppress(InputError):
        time.sleep(600)
    time.sleep(600)


@pytest.mark.usefixtures("_one_second")
@pytest.mark.parametrize("rows", [stuck, stuck_whatever_is_raised])
def test_the_time_ends_inside_a_row_too(rows: Callable[[], Iterator[int]]) -> None:
    with pytest.raises(InputError, match="file row 1: reading took more than 1 s"):
        limits.in_time(rows(), "file")
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.fixture
def others() -> Iterator[Callable[..., None]]:
    """A timer of somebody else's, such as a test's time limit."""

    def handler(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, handler)
    yield handler
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_timer_that_was_set_goes_on(others: Callable[..., None]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 5_000, 7)
    assert limits.in_time(range(3), "file") == [0, 1, 2]
    rest_s, interval_s = signal.getitimer(signal.ITIMER_REAL)
    assert 3_600 < rest_s < 5_000
    assert interval_s == 7
    assert signal.getsignal(signal.SIGALRM) is others


@pytest.mark.usefixtures("others")
def test_a_timer_that_ends_sooner_is_left_alone() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    with pytest.raises(TimeoutError):
        limits.in_time(stuck(), "file")


@pytest.mark.usefixtures("_one_second")
def test_another_thread_reads_without_a_timer() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(limits.in_time, range(3), "file").result() == [0, 1, 2]


def test_the_bounds_are_data_with_their_reasons(tmp_path: Path) -> None:
    text = limits.PATH.read_text()
    (tmp_path / "reading.toml").write_text(text.replace("[depth]", "[dept]"))
    with pytest.raises(InputError, match="dept: unknown key; did you mean 'depth'"):
        validate(limits.ReadingLimits, read_toml(tmp_path / "reading.toml"), "reading.toml")
    assert text.count("rationale = ") == len(limits.ReadingLimits.model_fields)
