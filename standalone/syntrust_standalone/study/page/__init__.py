"""The page of a study, made from the file of its results alone: text, tables and figures."""

from syntrust_standalone.study.page.document import render_page, write_page

__all__ = ["render_page", "write_page"]
