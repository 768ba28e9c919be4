"""Characters that are not seen and yet change what is read: control characters, and those that turn the direction of
writing (a title with U+202E shows the rest of its line backwards).

Here: taking them out of a text that is shown or cited. Not here: the data files, which keep every text as it is.
"""

from __future__ import annotations

import re

# Tab and line break are kept: code and addresses stand on several lines.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+"
)


def visible(text: str) -> str:
    """The text with each run of unseen characters as one blank."""
    return _UNSEEN.sub(" ", text)


def one_line(text: str) -> str:
    """The text on one line: visible, line breaks and other white space as single blanks."""
    return " ".join(visible(text).split())
