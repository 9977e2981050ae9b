"""What DPA3 needs beside its adapter: the published files are archives of frozen models."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from umlip_gate.worker.adapters import dpa3
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest

SMALL = {"layers": 1, "n_dim": 16, "e_dim": 8, "a_dim": 4}
CLUTTER = "__MACOSX/._dpa3.pth"


def archive_of(folder: Path, *members: str) -> Path:
    path = folder / "published.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for member in (*members, CLUTTER):
            archive.writestr(member, f"{member}'s weights")
    return path


def test_the_model_is_taken_out_of_its_archive(tmp_path: Path) -> None:
    found = dpa3._unpacked(archive_of(tmp_path, "2025/dpa3.pth"), tmp_path / "scratch")
    assert found.read_text(encoding="ascii") == "2025/dpa3.pth's weights"
    assert dpa3._unpacked(found, tmp_path) == found


@pytest.mark.parametrize("members", [(), ("a.pth", "b.pth")])
def test_an_archive_has_one_model(tmp_path: Path, members: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=rf"published\.zip: {len(members)} models"):
        dpa3._unpacked(archive_of(tmp_path, *members), tmp_path)


def test_a_frozen_model_in_an_archive_answers_as_its_checkpoint(tmp_path: Path) -> None:
    if importlib.util.find_spec("deepmd") is None:
        pytest.skip("deepmd-kit is not installed here")
    checkpoint, frozen = tmp_path / "random.pt", tmp_path / "frozen.pth"
    dpa3._write_random(checkpoint, 0, SMALL)
    command = [str(Path(sys.executable).with_name("dp")), "--pt", "freeze"]
    subprocess.run([*command, "-c", checkpoint, "-o", frozen], check=True, capture_output=True)
    published = tmp_path / "published.zip"
    with zipfile.ZipFile(published, "w") as archive:
        archive.write(frozen, "2025-01-10-dpa3.pth")
    atoms = bulk("W", "bcc", a=3.165, cubic=True)
    atoms.rattle(0.1, seed=0)
    answers = []
    for spec in (LoadSpec(None, 0, SMALL), LoadSpec(checkpoint), LoadSpec(published)):
        potential = dpa3.load(spec, "cpu", "float32")
        (answer,) = potential.evaluate([atoms.copy()])
        answers.append((potential.n_parameters, answer.energy_ev, answer.forces_ev_per_ang))
    for parameters, energy, forces in answers[1:]:
        assert parameters == answers[0][0]
        assert energy == pytest.approx(answers[0][1], abs=1e-5)
        np.testing.assert_allclose(forces, answers[0][2], rtol=0, atol=1e-5)


def test_a_checkpoint_that_lacks_weights(tmp_path: Path) -> None:
    if importlib.util.find_spec("deepmd") is None:
        pytest.skip("deepmd-kit is not installed here")
    import torch  # noqa: PLC0415 - only where it is

    checkpoint = tmp_path / "some.pt"
    dpa3._write_random(checkpoint, 0, SMALL)
    weights = torch.load(checkpoint)["model"]
    kept = {name: tensor for name, tensor in weights.items() if "fitting" not in name}
    assert len(kept) < len(weights)
    torch.save({"model": kept}, checkpoint)
    with pytest.raises(ValueError, match=r"some\.pt is not the model .*fitting_net"):
        dpa3.load(LoadSpec(checkpoint), "cpu", "float32")
