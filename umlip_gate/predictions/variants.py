"""The same model computed in another way, which must give the same energies and forces."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from umlip_gate.errors import Unavailable
from umlip_gate.models.prepare import RunnableModel
from umlip_gate.predictions.gpus import why_no_device

MORE_THREADS = 2
"""Instead of one: sums are then split and added in another order."""


def variant_of(live: RunnableModel, name: str) -> RunnableModel:
    """Return a model that computes in another way.

    Parameters
    ----------
    live
        The model as it is judged.
    name
        A key of `VARIANTS`.

    Raises
    ------
    Unavailable
        It has no such other way here.
    """
    return replace(live, job=replace(live.job, **VARIANTS[name](live)))


def _threads(live: RunnableModel) -> dict[str, Any]:
    if live.job.device != "cpu":
        raise Unavailable(f"threads of a CPU do not compute on {live.job.device}")
    return {"n_threads": MORE_THREADS}


def _precision(live: RunnableModel) -> dict[str, Any]:
    job = live.job
    others = [dtype for dtype in live.dtypes if dtype != job.dtype]
    if not others:
        raise Unavailable(f"it computes in {job.dtype} alone")
    return {"dtype": others[0]} | _settings_for(live, "{dtype}")


def _device(live: RunnableModel) -> dict[str, Any]:
    here = "cuda" if live.job.device == "cpu" else "cpu"
    if here not in live.devices:
        raise Unavailable(f"it does not compute on {here}")
    if missing := why_no_device(here):
        raise Unavailable(missing)
    return {"device": here} | _settings_for(live, "{device}")


def _settings_for(live: RunnableModel, placeholder: str) -> dict[str, Any]:
    """Return nothing to change, unless a factory would not notice the change.

    Raises
    ------
    Unavailable
        No argument of the calculator's factory is the placeholder.
    """
    settings = live.job.settings
    if "calculator" in settings and placeholder not in str(settings["arguments"]):
        raise Unavailable(f'no argument of its calculator is "{placeholder}"')
    return {}


def _accelerated(live: RunnableModel) -> dict[str, Any]:
    if not live.accelerated:
        raise Unavailable("it declares no accelerated way of computing")
    return {"settings": live.accelerated}


VARIANTS: dict[str, Callable[[RunnableModel], dict[str, Any]]] = {
    "threads": _threads,
    "precision": _precision,
    "device": _device,
    "accelerated": _accelerated,
}
"""Name -> what changes of the job."""
