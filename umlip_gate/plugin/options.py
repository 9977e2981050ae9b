"""The command line's options, each with an ini key of the same name.

`--umlip-gate release` on the command line is `umlip_gate = release` in the ini file; the command
line comes first. Paths begin where the command is run, or where the ini file is.

PYTEST_DONT_REWRITE: an editable package's is imported before pytest can, and would be warned about.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

Kind = Literal["text", "number", "file", "switch"]


@dataclass(frozen=True)
class Option:
    """One option of the command line, and its ini key.

    Attributes
    ----------
    flag
        As on the command line.
    help
        What it does.
    metavar
        What its value is.
    kind
        What its value becomes; a file begins at the folder that the command is run in.
    repeatable
        Whether it is a list.
    choices
        The values that are allowed; any if there are none.
    without
        The value where neither the command line nor the ini file has one.
    """

    flag: str
    help: str
    metavar: str | None = None
    kind: Kind = "text"
    repeatable: bool = False
    choices: tuple[str, ...] = ()
    without: str | None = None

    @property
    def key(self) -> str:
        """The attribute of `config.option`, and the key of the ini file."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def default(self) -> Any:  # noqa: ANN401 - of each option its own
        """The value where neither the command line nor the ini file has one."""
        return False if self.kind == "switch" else self.without

    def convert(self, text: str) -> Any:  # noqa: ANN401 - of each option its own
        """Convert a value as written.

        Raises
        ------
        argparse.ArgumentTypeError
            It is empty, no number, or none of the choices.
        """
        if not text.strip():
            raise argparse.ArgumentTypeError("the value is empty (an unset variable?)")
        if self.choices and text not in self.choices:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(self.choices)}")
        if self.kind == "number":
            try:
                return int(text)
            except ValueError:
                raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        return Path(text) if self.kind == "file" else text


OPTIONS = (
    Option("--umlip-candidate", "judge the model of this TOML file", "FILE", "file"),
    Option("--umlip-ensemble", "judge the models of this TOML file together", "FILE", "file"),
    Option("--umlip-gate", "what the candidate is judged by (default: quick)", "NAME|PATH"),
    Option("--umlip-model", "only this model, or 'all'; repeatable", "ID", repeatable=True),
    Option("--umlip-dataset", "only this dataset, or 'all'; repeatable", "ID", repeatable=True),
    Option(
        "--umlip-datasets",
        "a TOML file of datasets: new ones, or files for registered ones; repeatable",
        "FILE",
        "file",
        repeatable=True,
    ),
    Option(
        "--umlip-source",
        "compute, take published predictions, or compute where the model can run (default)",
        choices=("auto", "live", "published"),
        without="auto",
    ),
    Option(
        "--umlip-weights",
        "run registered models with random weights: whether they run, never how well",
        "random:SEED",
    ),
    Option(
        "--umlip-checkpoint",
        "weights of a registered model that are on this machine already; repeatable",
        "ID=FILE",
        repeatable=True,
    ),
    Option(
        "--umlip-max-configurations",
        "evaluate a stratified sample of each dataset, and judge by the interval",
        "N",
        "number",
    ),
    Option(
        "--umlip-budget",
        "the same, as many configurations as a model evaluates in 90s, 10min or 1h",
        "TIME",
    ),
    Option(
        "--umlip-max-examples",
        "try the laws of physics on so many drawn crystals; with -m physics",
        "N",
        "number",
    ),
    Option(
        "--umlip-device",
        "where models run, in place of what candidates' files say; registered ones: cpu without it",
        choices=("cpu", "cuda", "mps"),
    ),
    Option(
        "--umlip-executor",
        "evaluate with Dask: on this machine, by a scheduler, or on the site of this TOML file",
        "dask|ADDRESS|FILE",
    ),
    Option("--umlip-offline", "ask nothing of the network", kind="switch"),
    Option(
        "--umlip-require-digests",
        "fetch or use no file whose digest is not registered",
        kind="switch",
    ),
    Option(
        "--umlip-cost-baseline",
        "compare costs with this baseline of thresholds/cost/; with --benchmark-only",
        "NAME|PATH",
    ),
    Option(
        "--umlip-against",
        "compare the candidate with this model or candidate file on the gate's datasets; with "
        "--benchmark-only time the candidate, or the one --umlip-model, side by side with it",
        "ID|FILE",
    ),
    Option(
        "--umlip-claims-table",
        "write what became of every claim as Markdown, into FILE or between its marks",
        "FILE",
        "file",
    ),
    Option("--umlip-results", "write measurements and verdicts as JSON", "FILE", "file"),
    Option("--umlip-report", "write a report as one HTML file", "FILE", "file"),
    Option("--umlip-figures", "write every figure as SVG into this folder", "DIR", "file"),
)

PATHS_OR_NAMES = ("umlip_gate", "umlip_cost_baseline", "umlip_against", "umlip_executor")
"""Keys whose value is a path if it ends in `.toml`, else a name."""


class _Once(argparse.Action):
    """Refuses an option that is given twice: the first value would be lost without a word."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        earlier = getattr(namespace, self.dest, None)
        if earlier is not None and earlier != values:
            parser.error(f"{option_string}: given twice, as {earlier} and as {values}")
        setattr(namespace, self.dest, values)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add every option and its ini key; what is not given stays None until the suite starts."""
    group = parser.getgroup("umlip-gate")
    for option in OPTIONS:
        attributes: dict[str, Any] = {"default": None, "help": option.help}
        if option.kind == "switch":
            attributes["action"] = "store_true"
        else:
            attributes["action"] = "append" if option.repeatable else _Once
            attributes["type"] = option.convert
            attributes["metavar"] = option.metavar or "|".join(option.choices)
        group.addoption(option.flag, **attributes)
        kind: Literal["bool", "linelist", "string"] = "string"
        if option.kind == "switch":
            kind = "bool"
        elif option.repeatable:
            kind = "linelist"
        parser.addini(option.key, f"as {option.flag}", type=kind, default=None)


def given_options(config: pytest.Config) -> list[str]:
    """Return the flags that the command line gives."""
    return [option.flag for option in OPTIONS if getattr(config.option, option.key) is not None]


def fill_from_ini(config: pytest.Config) -> None:
    """Fill in what the command line does not give, from the ini file, else with the default.

    Raises
    ------
    pytest.UsageError
        A value of the ini file is wrong.
    """
    for option in OPTIONS:
        if getattr(config.option, option.key) is None:
            value = _from_ini(option, config)
            setattr(config.option, option.key, option.default if value is None else value)


def _from_ini(option: Option, config: pytest.Config) -> Any:  # noqa: ANN401 - of each its own
    written = config.getini(option.key)
    if written is None or option.kind == "switch":
        return written
    folder = config.inipath.parent if config.inipath else config.rootpath
    values = written if option.repeatable else [written]
    try:
        found = [_resolved(option, option.convert(each), folder) for each in values]
    except argparse.ArgumentTypeError as error:
        raise pytest.UsageError(f"{config.inipath}: {option.key}: {error}") from error
    return found if option.repeatable else found[0]


def _resolved(option: Option, value: Any, folder: Path) -> Any:  # noqa: ANN401 - of each its own
    """Let a path of the ini file begin at that file's folder."""
    if option.kind == "file":
        return folder / value
    if option.key == "umlip_checkpoint" and "=" in value:
        name, _, file = value.partition("=")
        return f"{name}={folder / file}"
    if option.key in PATHS_OR_NAMES and value.endswith(".toml"):
        return str(folder / value)
    return value
