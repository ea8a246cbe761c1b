"""Sphinx configuration: make docs, or sphinx-build -W docs docs/_build."""

import re

project = "masa_rag"
author = "The masa_rag developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "masa_rag"
html_show_copyright = False  # the licence stands in the README
smartquotes_action = "qe"  # not "--memory" to a dash
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
nitpicky = False
suppress_warnings = ["myst.header"]


def _close_literals(*given):
    """Let a literal of a docstring end in a space (``> ``), which reStructuredText does not allow."""
    lines = given[-1]
    lines[:] = [re.sub(r"``([^`\s][^`]*?) ``(?=[\s.,;)]|$)", r"``\1``", line) for line in lines]


def setup(app):
    """Register what is above."""
    app.connect("autodoc-process-docstring", _close_literals)
