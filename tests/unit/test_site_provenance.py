"""What a page says of where a figure came from: edition and fetch, never the day on which a copy was embedded."""

from __future__ import annotations

import pytest

from publish.site.rendering import shown
from publish.site.texts import texts_in


@pytest.mark.parametrize(
    ("text", "seen"),
    [("a\u202egnp", "a gnp"), ("line\nline", "line\nline"), ("\u2066x\u2069", " x "), (3, 3), (None, None)],
)
def test_a_page_shows_no_character_that_turns_the_direction_of_writing(text: object, seen: object) -> None:
    assert shown(text) == seen


def test_a_remark_is_counted_beside_warnings() -> None:
    counts = {"tables": 1, "rules": 597, "passed": 593, "warnings": 2, "info": 2, "refused": 0, "duplicates": 0}
    assert "593 passed, 2 with a warning, 2 only with a remark" in texts_in("en")("dataset.quality_counts", **counts)
