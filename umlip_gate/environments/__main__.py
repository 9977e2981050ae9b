"""`python -m umlip_gate.environments list | make NAME | path NAME`."""

import argparse
import sys

from umlip_gate.environments import environment_names, made_interpreter
from umlip_gate.environments.make import Lock, make_environment
from umlip_gate.environments.readiness import dataset_lines, environment_lines, model_lines
from umlip_gate.errors import Fault


def main() -> int:
    """List what is ready here, or make an environment, or print its interpreter."""
    parser = argparse.ArgumentParser(
        prog="python -m umlip_gate.environments",
        description="The families' environments, which UMLIP_GATE_ENVIRONMENTS holds.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="environments, models and datasets: ready, or what they need")
    for command, text in (("make", "make an environment"), ("path", "print its interpreter")):
        sub = commands.add_parser(command, help=text)
        sub.add_argument("name", metavar="NAME", help=", ".join(environment_names()))
    asked = parser.parse_args()
    try:
        if asked.command == "list":
            return _list()
        Lock.of(asked.name)
        python = make_environment(asked.name) if asked.command == "make" else None
        python = python or made_interpreter(asked.name)
    except Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    if python is None:
        sys.stderr.write(
            f"{asked.name}: not made yet; python -m umlip_gate.environments make {asked.name}\n"
        )
        return 1
    sys.stdout.write(f"{python}\n")
    return 0


def _list() -> int:
    tables = (
        ("environments", environment_lines()),
        ("models", model_lines()),
        ("datasets", dataset_lines()),
    )
    for title, lines in tables:
        sys.stdout.write(f"{title}\n")
        sys.stdout.writelines(f"  {line}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
