"""The working hooks: nothing of them is imported before they are asked for."""

import importlib.util

pytest_plugins = [
    "umlip_gate.plugin.markers",
    "umlip_gate.plugin.run_configuration",
    "umlip_gate.plugin.interruption",
    "umlip_gate.plugin.selection",
    "umlip_gate.plugin.scheduling",
    "umlip_gate.plugin.verdicts",
    "umlip_gate.plugin.report",
    "umlip_gate.plugin.terminal",
    "umlip_gate.plugin.notices",
    "umlip_gate.plugin.fixtures",
]
if importlib.util.find_spec("pytest_benchmark"):
    pytest_plugins.append("umlip_gate.plugin.cost_fixtures")
