"""The list of plugins; nothing else."""

pytest_plugins = [
    "fixtures.plugin.options",
    "fixtures.plugin.suite",
    "fixtures.plugin.selection",
    "fixtures.plugin.scheduling",
    "fixtures.plugin.verdicts",
    "fixtures.plugin.report",
    "fixtures.measured",
    "fixtures.cost",
]
