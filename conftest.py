"""The checkout's list of plugins; nothing else."""

pytest_plugins = ["umlip_gate.plugin", "umlip_gate.plugin.working"]
