"""Markup of a chart: escaping, elements, identifiers and coordinates with one decimal.

Here: the only place where a text becomes markup. Not here: what is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# What neither XML nor HTML allows: control characters, half a surrogate pair, non-characters.
_NOT_ALLOWED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_WHITE = re.compile(r"\s*[\r\n\t\u2028\u2029]\s*")


def escaped(text: str) -> str:
    """A text for between tags and in quoted attributes: one line, harmless, every character kept that may stand."""
    plain = _NOT_ALLOWED.sub("\ufffd", _WHITE.sub(" ", text))
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        plain = plain.replace(character, entity)
    return plain


def identifier(text: str) -> str:
    """An `id` that is safe in markup and in selectors: other characters become their number between underscores."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else f"__{ord(c):x}__" for c in text)
    return safe if safe[:1].isalpha() else f"c-{safe}"


def place(value: float) -> str:
    """A coordinate with at most one decimal, and never minus zero."""
    shown = f"{value:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown


def attributes(**given: str | float | None) -> str:
    """Attributes with a space before each; `class_` is `class`, `_` in names is `-`, None is left out."""
    parts = []
    for name, value in given.items():
        if value is None:
            continue
        text = escaped(value) if isinstance(value, str) else place(value)
        parts.append(f' {name.rstrip("_").replace("_", "-")}="{text}"')
    return "".join(parts)


def empty(tag: str, **given: str | float | None) -> str:
    """An element of SVG without content."""
    return f"<{tag}{attributes(**given)}/>"


def element(tag: str, content: str, **given: str | float | None) -> str:
    """An element around markup that is already escaped."""
    return f"<{tag}{attributes(**given)}>{content}</{tag}>"


def written(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    """A text in the drawing; `anchor` is start, middle or end."""
    shown = None if anchor == "start" else anchor
    return element("text", escaped(text), x=x, y=y, class_=kind, text_anchor=shown)


def drawing(parts: Iterable[str], *, width: float, height: float, name: str, title: str, text: str, kind: str) -> str:
    """The `<svg>` around its parts, with a title and a description under ids that begin with `name`."""
    head = element("title", escaped(title), id=f"{name}-t") + element("desc", escaped(text), id=f"{name}-d")
    return element(
        "svg",
        head + "".join(parts),
        class_=kind,
        viewBox=f"0 0 {place(width)} {place(height)}",
        role="img",
        aria_labelledby=f"{name}-t",
        aria_describedby=f"{name}-d",
    )
