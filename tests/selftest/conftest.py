"""Settings of every self-test."""

from hypothesis import settings

settings.register_profile("without-deadline", deadline=None)  # a busy machine is no fault
settings.load_profile("without-deadline")
