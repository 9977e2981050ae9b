"""`python -m umlip_gate.environments list | make NAME | path NAME | install NAME`."""

import argparse
import os
import sys
from pathlib import Path

from umlip_gate.environments import environment_names
from umlip_gate.environments.make import Lock, install, make_environment
from umlip_gate.environments.readiness import (
    dataset_lines,
    environment_lines,
    machine_lines,
    model_lines,
)
from umlip_gate.errors import Fault
from umlip_gate.models.environment_folders import made_interpreter


def main() -> int:
    """List what is ready here; make an environment, print its interpreter, or install it here."""
    parser = argparse.ArgumentParser(
        prog="python -m umlip_gate.environments",
        description="The families' environments, which UMLIP_GATE_ENVIRONMENTS holds.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="environments, models and datasets: ready, or what they need")
    for command, text in (
        ("make", "make an environment, and print its interpreter"),
        ("path", "print its interpreter"),
        ("install", "install its packages into this interpreter; tox.ini does"),
    ):
        sub = commands.add_parser(command, help=text)
        sub.add_argument("name", metavar="NAME", help=", ".join(environment_names()))
    asked = parser.parse_args()
    try:
        return _list() if asked.command == "list" else _do(asked.command, asked.name)
    except Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; a half-made environment is not kept\n")
        return 130
    except BrokenPipeError:  # `list | head` has seen enough; nothing is left to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _do(command: str, name: str) -> int:
    if command == "install":
        install(name)
        return 0
    if command == "make":
        python: Path | None = make_environment(name)
    else:
        Lock.of(name)
        python = made_interpreter(name)
    if python is None:
        sys.stderr.write(f"{name}: not made yet; python -m umlip_gate.environments make {name}\n")
        return 1
    sys.stdout.write(f"{python}\n")
    return 0


def _list() -> int:
    tables = (
        ("this machine", machine_lines()),
        ("environments", environment_lines()),
        ("models", model_lines()),
        ("datasets", dataset_lines()),
    )
    for title, lines in tables:
        sys.stdout.write(f"{title}\n")
        sys.stdout.writelines(f"  {line}\n" for line in lines)
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
