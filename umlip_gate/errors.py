"""The three ways in which a measurement does not come about."""


class Fault(Exception):
    """What went wrong, where, and what to do: the message is written for a person."""


class InputError(Fault):
    """A file that a person wrote or brought is wrong (registry, threshold, dataset, option)."""


class Unavailable(Fault):
    """Data or a model is not available here; the message says how to obtain it."""


class MeasurementError(Fault):
    """It was there to be measured, and the measurement failed (crash, time-out, error)."""
