"""Write what is generated of the site, and the JSON Schemas that editors use.

`python -m tools.write_reference` writes `docs/reference/` and `fixtures/schemas/`; with `--check`
it names what differs instead, and exits with 1. `tox run -e docs` checks.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.toml_kinds import KINDS, ROOT, TomlKind
from umlip_gate.claims.schema import ClaimFile, Gate
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.metrics.quantities import __doc__ as conventions
from umlip_gate.plugin.options import OPTIONS
from umlip_gate.schema import read_named, read_toml, validate
from umlip_gate.settings import THRESHOLDS

PAGES, SCHEMAS = ROOT / "docs" / "reference", ROOT / "fixtures" / "schemas"


def main() -> None:
    """Write every file, or name those that differ."""
    files = {
        PAGES / "options.md": options_page(),
        PAGES / "quantities.md": quantities_page(),
        PAGES / "claims-and-gates.md": claims_page(),
        PAGES / "toml-files.md": kinds_page(),
    }
    for kind in KINDS:
        schema = kind.json_schema()
        files[PAGES / f"{kind.name}.md"] = kind_page(kind, schema)
        text = json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True)
        files[SCHEMAS / f"{kind.name}.schema.json"] = f"{text}\n"
    differing = [path for path, text in files.items() if not is_written(path, text)]
    if "--check" in sys.argv:
        names = ", ".join(str(path.relative_to(ROOT)) for path in differing)
        sys.exit(f"out of date: {names}; python -m tools.write_reference" if differing else 0)
    for path in differing:
        path.parent.mkdir(exist_ok=True)
        path.write_text(files[path], encoding="utf-8")


def is_written(path: Path, text: str) -> bool:
    """Whether a file has this text already."""
    return path.is_file() and path.read_text(encoding="utf-8") == text


def options_page() -> str:
    """Return the page of the command line's options."""
    lines = [
        "# Options and ini keys",
        "",
        "Each option is a key of `[tool.pytest]`, `pytest.ini` or `tox.ini` too. The command line",
        "comes first. A path begins where the command is run, or where the ini file is.",
        "",
        "| option | ini key | what it does |",
        "|---|---|---|",
    ]
    for option in OPTIONS:
        value = option.metavar or "\\|".join(option.choices)
        flag = f"`{option.flag}={value}`" if value else f"`{option.flag}`"
        lines.append(f"| {flag} | `{option.key}` | {cell(option.help)} |")
    return "\n".join([*lines, ""])


def quantities_page() -> str:
    """Return the page of what is measured."""
    lines = ["# Quantities and conventions", ""]
    lines += ["| quantity | unit | conventions | what it is |", "|---|---|---|---|"]
    for each in QUANTITIES.values():
        names = ", ".join(f"`{name}`" for name in each.conventions)
        lines.append(f"| `{each.name}` | {each.unit} | {names} | {cell(each.definition)} |")
    _, _, explained = (conventions or "").partition("-----------\n")
    lines += ["", "Conventions:", ""]
    for name, text in re.findall(r"^(\S.*)\n((?:    .*\n?)+)", explained, re.MULTILINE):
        lines.append(f"- `{name}`: {' '.join(text.split())}")
    return "\n".join([*lines, ""])


def claims_page() -> str:
    """Return the page of every claim, with what its source says, and of the gates."""
    lines = [
        "# Claims and gates",
        "",
        "Each claim is judged by its assertions: the test item of one is `CLAIM.ASSERTION`.",
        "",
        "| claim | source | statement | assertions |",
        "|---|---|---|---|",
    ]
    for folder in ("paper", "beyond"):
        for path in sorted((THRESHOLDS / folder).glob("[!i]*.toml")):
            for claim in validate(ClaimFile, read_toml(path), str(path)).claim:
                names = ", ".join(f"`{each.name}`" for each in claim.assertions)
                texts = cell(claim.source), cell(claim.statement)
                lines.append(f"| `{claim.id}` | {' | '.join(texts)} | {names} |")
    lines += ["", "| gate | for whom |", "|---|---|"]
    for path in sorted((THRESHOLDS / "gates").glob("*.toml")):
        gate = validate(Gate, read_named(path), str(path))
        lines.append(f"| `{gate.name}` | {cell(gate.description)} |")
    return "\n".join([*lines, ""])


def kinds_page() -> str:
    """Return the page that leads to those of each kind of file."""
    lines = [
        "# TOML files and their keys",
        "",
        "An unknown key is an error, with the nearest known one in its message. Editors complete",
        "and check the keys of a file whose first line names its schema, as the shipped files do:",
        "`#:schema ../../fixtures/schemas/gate.schema.json`, the path beginning at the file.",
        "",
        "```{toctree}",
        ":maxdepth: 1",
        "",
        *(kind.name for kind in KINDS),
        "```",
    ]
    return "\n".join([*lines, ""])


def kind_page(kind: TomlKind, schema: dict[str, Any]) -> str:
    """Return the page of the keys of one kind of file."""
    files = ", ".join(f"`{pattern.replace('[!i]', '')}`" for pattern in kind.files)
    lines = [f"# {kind.title}: keys of the TOML file", ""]
    if files:
        lines += [f"Shipped files of this kind: {files}.", ""]
    lines += [
        f"Schema for editors: `fixtures/schemas/{kind.name}.schema.json`, in the installed package",
        f"`umlip_gate/fixtures/schemas/{kind.name}.schema.json`.",
        "",
    ]
    record = schema
    if kind.tables:
        record = schema["additionalProperties"]
        lines += ["Each table is one, and the table's name is its id.", ""]
    lines += [record["description"], "", *key_table(record)]
    for name, definition in schema.get("$defs", {}).items():
        if "properties" in definition:
            lines += ["", f"## {name}", "", definition.get("description", ""), ""]
            lines += key_table(definition)
    return "\n".join([*lines, ""])


def key_table(record: dict[str, Any]) -> Iterator[str]:
    """Iterate over the lines of a table of keys."""
    yield from ("| key | value | without it | meaning |", "|---|---|---|---|")
    required = record.get("required", [])
    for key, each in record["properties"].items():
        default = "required" if key in required else f"`{json.dumps(each.get('default'))}`"
        default = "" if default == "`null`" else default
        meaning = cell(each.get("description", ""))
        yield f"| `{key}` | {cell(kind_of_value(each))} | {default} | {meaning} |"


def kind_of_value(schema: dict[str, Any]) -> str:
    """Return what a value may be, in few words."""
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    if "$ref" in schema:
        return "table: " + str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(map(kind_of_value, schema[several])))
    if schema.get("type") == "array":
        return f"list of {kind_of_value(schema.get('items', {}))}"
    written = str(schema.get("type", "any value"))
    words = {"object": "table", "integer": "whole number", "boolean": "true or false"}
    return words.get(written, written)


def cell(text: str) -> str:
    """Return text that stays within a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
