"""Descriptors of local atomic environments."""
