"""The engine: decides whether an interatomic potential may be released.

Imports no pytest, and no package of any model.
"""

__version__ = "0.1.0"
