"""SevenNet's checkpoints are read without running what they may hold: `tox run -e sevennet`."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from umlip_gate.models.registry import load_models
from umlip_gate.worker.adapters import sevennet
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest


@pytest.fixture(autouse=True, scope="module")
def _where_it_is_installed() -> None:
    """At run time: collection imports no model package."""
    pytest.importorskip("sevenn")


class Bomb:
    """Runs a shell command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("place", ["config", "hash", "time"])
def test_nothing_of_a_checkpoint_with_os_system_is_run(tmp_path: Path, place: str) -> None:
    import torch  # noqa: PLC0415 - only where it is

    marker, file = tmp_path / "it ran", tmp_path / "hostile.pth"
    content = {"config": {"version": "0.13.0"}, "model_state_dict": {}}
    torch.save(content | {place: Bomb(f"touch '{marker}'")}, file)
    with pytest.raises(ValueError, match="holds more than tensors, arrays and plain values"):
        sevennet.load(LoadSpec(file), "cpu", "float32")
    assert not marker.exists()

    torch.load(file, weights_only=False)  # the proof that the bomb was a live one
    assert marker.exists()


PACKAGED = [
    model.checkpoint.member
    for model in load_models().values()
    if model.family == "sevennet" and model.checkpoint and model.checkpoint.member
]


@pytest.mark.parametrize("member", sorted(set(PACKAGED)))
def test_the_packages_own_checkpoints_are_read_as_it_reads_them(member: str) -> None:
    import sevenn  # noqa: PLC0415 - only where it is
    from sevenn.util import model_from_checkpoint  # noqa: PLC0415 - the same

    file = Path(sevenn.__file__).parent / member
    found, config = sevennet._trained(file)
    expected, its_config = model_from_checkpoint(str(file))
    assert config.keys() == its_config.keys()
    assert found.state_dict().keys() == expected.state_dict().keys()
    for name, tensor in found.state_dict().items():
        np.testing.assert_array_equal(tensor, expected.state_dict()[name], err_msg=name)
