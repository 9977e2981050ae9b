"""The engine: decides whether an interatomic potential may be released.

Imports no pytest, and no package of any model.
"""


def __getattr__(name: str) -> str:
    """Return `__version__`, which tags decide; it is looked up when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow

    try:
        return version("umlip-gate")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0+unknown"
