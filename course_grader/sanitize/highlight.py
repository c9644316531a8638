"""Highlight Python source as HTML in linear time.

The patterns of a full highlighter take quadratic time or more on some text: 4000 empty lines keep Pygments busy for
minutes. Here each pattern consumes everything that it scans (possessive quantifiers, and the end of the text closes a
string), so each character is scanned only a few times.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable

# The rest of a string after its opening quotes. Without closing quotes it ends with the line or the text.
_LONG = r"(?:[^{0}\\]++|\\.?+|{0}(?!{0}{0}))*+(?:{0}{{3}}|\Z)"
_SHORT = r"(?:[^{0}\\\n]++|\\.?+)*+{0}?+"
TOKEN = re.compile(
    r"(?P<c>#[^\n]*+)"
    + r"|(?P<s>[rbfuRBFU]{0,2}(?:"
    + "|".join(f"{3 * quote}{_LONG.format(quote)}|{quote}{_SHORT.format(quote)}" for quote in ('"', "'"))
    + r"))|(?P<m>(?:\d|\.\d)[\w.]*+)|(?P<n>[^\W\d]\w*+)|(?P<o>[-+*/%@&|^~<>=!]++)",
    re.DOTALL,
)
KEYWORDS = frozenset(keyword.kwlist)
BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_")) - KEYWORDS


def coloured(source: str, prefix: str, escape: Callable[[str], str]) -> str:
    """Return the source as HTML with a span around each token; the class names are those of Pygments.

    prefix: put before each class name. escape: escapes text for HTML. No span contains a line break.
    """
    parts: list[str] = []
    end, before = 0, ""
    for found in TOKEN.finditer(source):
        parts.append(escape(source[end : found.start()]))
        end, text = found.end(), found[0]
        kind = _kind_of(found.lastgroup or "", text, before)
        before = text
        lines = (f'<span class="{prefix}{kind}">{escape(line)}</span>' if line else "" for line in text.split("\n"))
        parts.append("\n".join(lines) if kind else escape(text))
    return "".join((*parts, escape(source[end:])))


def _kind_of(group: str, text: str, before: str) -> str:
    """Return the class of a token, "" for an ordinary name; `before` is the previous token."""
    if group != "n":
        return group
    if before in ("def", "class"):
        return "nf"
    return "k" if text in KEYWORDS else "nb" if text in BUILTINS else ""
