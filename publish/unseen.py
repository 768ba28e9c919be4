"""Characters that are not seen and yet change what is read: control characters, and those that turn the direction of
writing (a title with U+202E shows the rest of its line backwards).

Here: taking them out of a text that is shown or cited, or naming them. Not here: the data files, which keep every text
as it is.
"""

from __future__ import annotations

import re

# Tab and line break are kept: code and addresses stand on several lines.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]+"
)
# Beside those: tab and line break, blanks that look like another, characters without width.
_LOOKS_LIKE_NOTHING = re.compile(
    r"[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
    r"\ufff0-\uffff\ud800-\udfff]"
)


def visible(text: str) -> str:
    """The text with each run of unseen characters as one blank."""
    return _UNSEEN.sub(" ", text)


def one_line(text: str) -> str:
    """The text on one line: visible, line breaks and other white space as single blanks."""
    return " ".join(visible(text).split())


def spelled_out(text: str) -> str:
    """The text with each character that is not seen, or looks like a plain blank, as its number: ⟨U+00A0⟩."""
    return _LOOKS_LIKE_NOTHING.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text)
