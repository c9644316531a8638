"""Sphinx's configuration. `course site` lays the source together, with the executed lessons, and calls Sphinx."""

import re
from typing import Any

project = "Descent: training neural networks by hand"
copyright = "the Descent authors. Text under CC BY 4.0, code under BSD-3-Clause"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
html_theme = "furo"
html_title = "Descent"
html_static_path = ["_static"]
# Without one, a browser asks a server for a file that is not there.
html_favicon = "_static/icon.svg"
html_css_files = ["explorers.css", "site.css"]
html_js_files = [("explorers.js", {"defer": "defer"})]
html_show_sphinx = False
html_copy_source = False

# A block without a language is no code.
highlight_language = "none"

# The notebooks come executed.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["mystnb.unknown_mime_type"]

# Shipped with the site: no page asks another host for anything.
mathjax_path = "mathjax.js"
mathjax3_config = {"options": {"enableMenu": False}}

# A word between single backticks in a docstring is code.
default_role = "code"
autodoc_member_order = "bysource"
# Types are in the signature, one parameter per line if it is long, with the names that the code uses.
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
autodoc_type_aliases = {name: name for name in ("Array", "ArrayLike", "Params", "Schedule", "Step")}


def setup(app: Any) -> None:
    """Write the types of arrays as the code does, also within another type, where autodoc spells them out."""
    app.connect("autodoc-process-signature", lambda *args: tuple(text and as_written(text) for text in args[-2:]))


def as_written(signature: str) -> str:
    named = re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", signature)
    short = re.sub(r"~(?:numpy|typing|collections)\.(?:\w+\.)*", "", named)
    return re.sub(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]", r"NDArray[\1]", short)
