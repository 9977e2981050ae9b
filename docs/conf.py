"""The site: `tox run -e docs` builds it, warnings as errors, without any request."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

project = "umlip-gate"
author = "The umlip-gate developers"
copyright = author  # noqa: A001 - Sphinx's name
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
html_theme = "furo"
html_title = "umlip-gate"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
nitpicky = True
numpydoc_show_class_members = False
