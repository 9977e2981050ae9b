"""The list of plugins; nothing else."""

pytest_plugins = [
    "umlip_gate.plugin.options",
    "umlip_gate.plugin.run_configuration",
    "umlip_gate.plugin.selection",
    "umlip_gate.plugin.scheduling",
    "umlip_gate.plugin.verdicts",
    "umlip_gate.plugin.report",
    "umlip_gate.plugin.notices",
    "umlip_gate.plugin.accuracy_fixtures",
    "umlip_gate.plugin.cost_fixtures",
]
