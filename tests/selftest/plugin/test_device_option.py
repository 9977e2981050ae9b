"""`--umlip-device`: one candidate file for a laptop and for a machine with a GPU."""

import platform
from pathlib import Path

import pytest

from tests.selftest.cli import CommandLineRun
from umlip_gate.errors import InputError
from umlip_gate.models.candidate import Candidate, load_candidate
from umlip_gate.models.prepare import adapted_families
from umlip_gate.plugin.brought_models import on_device
from umlip_gate.predictions import gpus
from umlip_gate.predictions.gpus import Gpu, why_no_device

pytestmark = pytest.mark.selftest

TOLD = 'calculator = "fakes:honest"\ndevice = "cpu"\n[arguments]\ndevice = "{device}"\n'


def candidate(folder: Path, text: str) -> Candidate:
    (folder / "mine.toml").write_text(f'name = "mine"\n{text}')
    (folder / "weights").touch()
    return load_candidate(folder / "mine.toml", adapted_families(), set())


@pytest.mark.parametrize("text", [TOLD, 'family = "chgnet"\ncheckpoint = "weights"\n'])
@pytest.mark.parametrize("device", ["cuda", "mps", "cpu"])
def test_the_option_comes_before_the_files_device(text: str, device: str, tmp_path: Path) -> None:
    assert on_device(device, candidate(tmp_path, text)).device == device


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('calculator = "fakes:honest"\n', 'no argument in its file is "{device}"'),
        ('family = "ace"\ncheckpoint = "weights"\n', "family ace does not compute there"),
    ],
)
def test_a_candidate_that_would_not_compute_there_is_refused(
    text: str, wanted: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        on_device("cuda", candidate(tmp_path, text))
    assert wanted in str(caught.value)
    assert "--umlip-device=cuda: mine" in str(caught.value)


def test_a_machine_without_the_device_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "visible_gpus", list)
    monkeypatch.setattr(gpus, "AMD_GPUS", Path("not-there"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert why_no_device("cuda") == "no GPU is visible here: nvidia-smi lists none"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "CUDA_VISIBLE_DEVICES=''" in (why_no_device("cuda") or "")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    assert "Apple silicon" in (why_no_device("mps") or "")
    assert why_no_device("cpu") is None
    monkeypatch.setattr(gpus, "visible_gpus", lambda: [Gpu("0", "GPU-a", 40.0)])
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert why_no_device("cuda") is why_no_device("mps") is None


def test_it_is_one_error_before_anything_is_computed(tmp_path: Path) -> None:
    if why_no_device("mps") is None:
        pytest.skip("this machine has the device")
    cli = CommandLineRun(tmp_path)
    cli.candidate("fakes:honest", '[arguments]\ndevice = "{device}"\n')
    said = cli.refused("--umlip-device=mps")
    assert "--umlip-device=mps: mps is the GPU of a Mac" in said
