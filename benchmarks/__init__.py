"""Scripts that print the figures of README and docs."""
