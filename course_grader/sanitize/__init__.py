"""Make text, markdown, HTML and code from a submission safe to show on a web page."""
