"""Errors of predictions against the reference, with their uncertainty."""
