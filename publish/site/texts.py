"""The words of the site, Dutch and English side by side, from `texts/*.yaml`.

Here: finding a text and filling it in. Not here: names of codes and titles of datasets, which the releases carry.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from publish.numbers_and_dates import Language
from publish.site.numbers import LANGUAGES

FOLDER = Path(__file__).parent / "texts"
Text = Callable[..., str]


class TextMissingError(KeyError):
    """A page asks for a text that is not there, in that language."""


@cache
def all_texts() -> dict[str, dict[str, str]]:
    """Every text by key (`file.name`): its Dutch and English wording."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for name, wording in content.items():
            if set(wording) != set(LANGUAGES):
                raise TextMissingError(f"{path.name}: {name} has {', '.join(wording)}; expected {', '.join(LANGUAGES)}")
            found[f"{path.stem}.{name}"] = {language: str(text).strip() for language, text in wording.items()}
    return found


def texts_in(language: Language) -> Text:
    """A function from key to text in one language; `{name}` in a text takes the argument of that name."""
    texts = all_texts()

    def text(key: str, /, **given: object) -> str:
        try:
            wording = texts[key][language]
        except KeyError as error:
            message = f"no text {key!r} in {language}; add it to publish/site/texts/"
            raise TextMissingError(message) from error
        return wording.format(**given) if given else wording

    return text


def known(key: str) -> bool:
    """Whether there is such a text."""
    return key in all_texts()
