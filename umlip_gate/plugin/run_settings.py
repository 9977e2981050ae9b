"""What a run may reach: its cache, its own folder, the network and the cores."""

import os
from pathlib import Path
from typing import Any

import pytest

from umlip_gate.errors import InputError
from umlip_gate.models.environment_folders import environments_folder
from umlip_gate.notices import add_notice
from umlip_gate.plugin.announcer import announcer, terminal
from umlip_gate.predictions.cores import MOST_WORKERS, usable_cores
from umlip_gate.run_folder import new_run_folder, unsafe_folders
from umlip_gate.settings import Settings, cache_folder, mirror_folder


def read_settings(config: pytest.Config, checkpoints: dict[str, Path]) -> Settings:
    """Return the settings of a run, with a new folder of its own.

    Parameters
    ----------
    config
        The command line's.
    checkpoints
        Files of weights that are used instead of the registry's, by model.

    Raises
    ------
    InputError
        The cache cannot be written.
    """
    cache = cache_folder()
    workerinput = getattr(config, "workerinput", None)
    run = _new_run(cache) if workerinput is None else _run_of_controller(workerinput)
    option = config.option
    return Settings(
        cache,
        run,
        mirror_folder(),
        option.umlip_offline,
        require_digests=option.umlip_require_digests,
        checkpoints=checkpoints,
        announce=announcer(config),
        terminal=terminal(config),
    )


def _run_of_controller(workerinput: dict[str, Any]) -> Path:
    if "umlip_gate_run" not in workerinput:
        raise InputError(
            "umlip_gate.suite was collected by a process of pytest-xdist, and the process that "
            "reports does not know of it: name the suite on the command line (pytest --pyargs "
            "umlip_gate.suite.accuracy), or give one of the --umlip-… options"
        )
    return Path(workerinput["umlip_gate_run"])


def _new_run(cache: Path) -> Path:
    try:
        run = new_run_folder(cache)
    except OSError as error:
        raise InputError(
            f"the cache {cache} cannot be written ({error}); UMLIP_GATE_CACHE names the folder"
        ) from error
    for folder, what, variable in (
        (cache, "the cache", "UMLIP_GATE_CACHE"),
        (environments_folder(), "the families' environments", "UMLIP_GATE_ENVIRONMENTS"),
    ):
        for cause in unsafe_folders(folder):
            add_notice(
                run,
                f"{cause}: what is kept in {what} decides verdicts, and is trusted. "
                f"Use a folder that is yours alone (chmod go-w, or another {variable})",
            )
    return run


def worker_share() -> int:
    """Count the processes that one result may use: the cores, shared among xdist's processes."""
    share = usable_cores() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return min(max(1, share), MOST_WORKERS)
