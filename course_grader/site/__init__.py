"""The course as a website: lessons executed, solutions behind a click, guides, and no request to another host."""
