"""The words of a refusal: a sentence in both languages, and a stranger's text made fit to stand in it.

Here: how a refusal or note is put together. Not here: when a file is refused (the readers).
"""

from __future__ import annotations

from collections.abc import Iterable

from assets.deliveries.delivered_file import FileRefused, Told
from publish.numbers_and_dates import number

SHOWN_CHARACTERS = 60


def refused(code: str, nl: str, en: str) -> FileRefused:
    """The refusal of a whole file, to be raised: what was found, what is expected and what to do next."""
    return FileRefused(Told(code, nl, en))


def shown(text: object, limit: int = SHOWN_CHARACTERS) -> str:
    """A text of a stranger on one line between quotes: control characters as escapes, cut where it is long."""
    plain = str(text)
    cut = plain[:limit]
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in cut)
    return f"'{visible}…'" if len(plain) > limit else f"'{visible}'"


def listed(texts: Iterable[object], at_most: int = 12) -> str:
    """Texts of a stranger after each other, with … where there are more than `at_most`."""
    texts = list(texts)
    return ", ".join(shown(text) for text in texts[:at_most]) + (", …" if len(texts) > at_most else "")


def counted(code: str, count: int, one: tuple[str, str], more: tuple[str, str]) -> Told:
    """A note about a number of things: the sentence for one, or the one for more with `{}` for the number."""
    if count == 1:
        return Told(code, *one)
    return Told(code, more[0].format(number(count, "nl")), more[1].format(number(count, "en")))
