"""Pages that stand for good and away from any site: each carries its own small style, no script, and asks for nothing.

Here: how such a page is made from a template of `documents/`. Not here: what goes into one (`release_pages.py`,
`receipt_pages.py`), or the pages of the site (`site/`).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from publish.numbers_and_dates import day, number
from publish.unseen import visible


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("publish", "documents"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["number"] = number
    made.filters["day"] = day
    return made


def standing_page(template: str, **facts: Any) -> bytes:
    """A page in UTF-8. Every text of `facts` is text: markup in it is escaped, what is not seen becomes a blank."""
    return _environment().get_template(template).render(**facts).encode()
