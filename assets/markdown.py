"""Markdown as the steward's view shows it: tables whose cells cannot break them, and pictures that travel in the text.

Here: writing. Not here: what is said.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

#: Of a longer text in a cell only the beginning is shown.
LONGEST_CELL = 120


def cell(value: object, longest: int = LONGEST_CELL) -> str:
    """One cell of a table: on one line, `|` and backslash kept from ending it, nothing as nothing."""
    text = "" if value is None else str(value)
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " ")


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]], longest: int = LONGEST_CELL) -> str:
    """A table; no table where there are no rows."""
    lines = ["| " + " | ".join(cell(value, longest) for value in row) + " |" for row in rows]
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(map(cell, head)) + " |", "|" + "---|" * len(head), *lines])


def bullets(sentences: Iterable[str]) -> str:
    """A list, one sentence a line."""
    return "\n".join("- " + " ".join(sentence.split()) for sentence in sentences)


def picture(svg: str, alt: str) -> str:
    """An SVG as part of the text: the Markdown of Dagster's pages shows pictures of `data:` addresses."""
    words = alt.replace("[", "(").replace("]", ")").replace("\n", " ")
    return f"![{words}](data:image/svg+xml,{quote(svg, safe='/:;,=+*')})"
