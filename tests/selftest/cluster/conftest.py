"""A Slurm for the tests of this folder."""

import os
from collections.abc import Iterator

import pytest

from tests.selftest.builders.slurm import Slurm, missing_programs


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if missing := missing_programs():
        text = f"{', '.join(missing)} not found; on Debian: apt-get install slurm-wlm"
        if os.environ.get("UMLIP_GATE_REQUIRE_CLUSTER"):
            pytest.fail(text)
        pytest.skip(text)
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    yield cluster
    cluster.close()
