"""Thresholds as data, and how a measured quantity is judged by one."""
