"""MTP beyond what every family must do: files are read as they were written."""

import subprocess
from pathlib import Path

import pytest
from ase.build import bulk

from tests.selftest.checkout import ROOT
from umlip_gate.errors import Unavailable
from umlip_gate.models.prepare import prepare_model
from umlip_gate.models.registry import load_models
from umlip_gate.models.worker_process import Job, Worker, WorkerLost
from umlip_gate.settings import Settings

pytestmark = pytest.mark.selftest


def test_mtp_from_a_file(tmp_path: Path) -> None:
    """A small file that motep writes is read as the published ones are."""
    model = load_models()["MTP14-MoNbTaW"]
    try:
        random = prepare_model(model, "cpu", Settings(tmp_path, tmp_path), random_seed=0).job
    except Unavailable as error:
        pytest.skip(str(error))
    file = tmp_path / "small.mtp"
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from umlip_gate.worker.adapters import mtp; "
        "from umlip_gate.worker.potential import LoadSpec; "
        "from motep.io.mlip.mtp import write_mtp; write_mtp(sys.argv[2], "
        f"mtp.load(LoadSpec(None, 0, {random.settings!r}), 'cpu', 'float64').calculator.engine"
        ".mtp_data, legacy=True)"
    )
    subprocess.run([random.python, "-c", program, str(ROOT), str(file)], check=True)
    atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    atoms.symbols[:4] = ["Mo", "Nb", "Ta", "W"]
    active = tmp_path / "small.almtp"
    active.write_bytes(file.read_bytes() + b"#MVS_v1.1\nenergy_weight 0\n#\x00\xff\x80binary")
    found = []
    for each in (
        random,
        *(Job(random.python, "mtp", one, random.settings) for one in (file, active)),
    ):
        worker = Worker(each, tmp_path / "worker.log")
        found.append(worker.evaluate([atoms])[0][1])
        worker.close()
    assert found[1] == pytest.approx(found[0], rel=1e-9)
    assert found[2] == found[1]
    other = tmp_path / "other.almtp"
    other.write_bytes(b"\x80\x04pickle")
    with pytest.raises(WorkerLost, match=r"other\.almtp is no potential of MLIP-2 or MLIP-3"):
        Worker(Job(random.python, "mtp", other, random.settings), tmp_path / "worker.log")
    with pytest.raises(WorkerLost, match="the file has 4 species, the settings 1"):
        Worker(
            Job(random.python, "mtp", file, {"species": ["W"]}),
            tmp_path / "worker.log",
        )
