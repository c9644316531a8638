"""Makes text, markdown, HTML and code of a submission safe to show on a page."""
