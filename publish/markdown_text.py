"""A text from data within Markdown: nothing in it is read as a mark. Not here: what a document says."""

from __future__ import annotations

from publish.unseen import one_line


def plain(text: str) -> str:
    """The text on one line, without marks that Markdown or HTML would read."""
    return "".join(f"\\{mark}" if mark in "\\`*_[]<>#|" else mark for mark in one_line(text))
