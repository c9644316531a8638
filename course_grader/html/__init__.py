"""The common parts of all HTML pages: style, rendering, and a Content-Security-Policy that blocks foreign scripts."""
