"""The judging tests: `pytest --pyargs umlip_gate.suite.accuracy -m accuracy`."""
