"""Computing configurations of refractory-mini again gives their energies again."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ase.io import read

from tests.selftest.checkout import ROOT
from tools.refractory_mini.collect import DATASET, read_records

pytestmark = pytest.mark.slow

AGAIN = ("Ta-volume-1.00", "Ta-displaced-0.15", "W-phase-fcc")


@pytest.fixture(scope="module")
def interpreter() -> str:
    """The system's Python, as Debian installs GPAW for it."""
    python = shutil.which("python3", path=os.defpath)
    if python is None or subprocess.run([python, "-c", "import gpaw"], check=False).returncode:
        pytest.skip(f"GPAW is not installed for {python}: apt-get install gpaw gpaw-data")
    return python


def test_three_configurations_computed_again_agree(interpreter: str, tmp_path: Path) -> None:
    subprocess.run(
        [interpreter, "-m", "tools.refractory_mini.generate", tmp_path, "--only", *AGAIN],
        cwd=ROOT,
        env={"PATH": os.defpath, "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)},
        check=True,
    )
    stored = {atoms.info["name"]: atoms for atoms in read(DATASET, index=":")}
    records = read_records(tmp_path)
    assert set(records) == set(AGAIN)
    for name, record in records.items():
        atoms = stored[name]
        difference = record["energy"] - atoms.get_potential_energy()
        assert abs(1000 * difference / len(atoms)) < 0.1, name
