"""How far reading goes before it stops: time, rows and columns, each refused in words.

Here: the limits that every form has in common. Not here: sizes inside a zip (`packed.py`) or of a line (`csv_text.py`).
"""

from __future__ import annotations

import time

from assets.deliveries.delivered_file import FileRefused, Limits
from assets.deliveries.reading.words import refused
from publish.numbers_and_dates import number


class Bounds:
    """The limits of one reading; its time runs from the moment that it is made."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._until = time.monotonic() + limits.seconds

    def in_time(self) -> None:
        """Raises FileRefused once the time is used up; called between batches."""
        if time.monotonic() > self._until:
            seconds = self.limits.seconds
            raise refused(
                "takes_too_long",
                f"Het lezen duurde langer dan {number(seconds, 'nl')} seconden. Splits het bestand en dien de delen "
                "per periode in, of lever Parquet.",
                f"Reading took longer than {number(seconds, 'en')} seconds. Split the file and hand in the parts by "
                "period, or hand in Parquet.",
            )

    def rows(self, found: int) -> None:
        """Raises FileRefused for more rows than are read."""
        if found > self.limits.rows:
            raise refused(
                "too_many_rows",
                f"Het bestand heeft meer dan {number(self.limits.rows, 'nl')} rijen; meer leest Ketenmonitor niet. "
                "Splits het per periode.",
                f"The file has more than {number(self.limits.rows, 'en')} rows; Ketenmonitor reads no more. "
                "Split it by period.",
            )

    def columns(self, found: int, at_nl: str, at_en: str) -> None:
        """Raises FileRefused for more columns than are read; `at_nl` and `at_en` say where they stand."""
        if found > self.limits.columns:
            raise refused(
                "too_many_columns",
                f"{at_nl} heeft {number(found, 'nl')} kolommen; Ketenmonitor leest er hoogstens "
                f"{number(self.limits.columns, 'nl')}. Gebruik het sjabloon en verwijder de andere kolommen.",
                f"{at_en} has {number(found, 'en')} columns; Ketenmonitor reads at most "
                f"{number(self.limits.columns, 'en')}. Use the template and remove the other columns.",
            )

    def file_size(self, found: int) -> None:
        """Raises FileRefused for a file of more bytes than are taken in."""
        if found > self.limits.file_bytes:
            raise too_large(found, self.limits.file_bytes)


def too_large(found: int, limit: int) -> FileRefused:
    """The refusal of a file that is too large."""
    return refused(
        "too_large",
        f"Het bestand is {number(found, 'nl')} bytes groot; Ketenmonitor neemt er hoogstens {number(limit, 'nl')} aan. "
        "Splits het per periode, of lever Parquet.",
        f"The file is {number(found, 'en')} bytes; Ketenmonitor takes in at most {number(limit, 'en')}. "
        "Split it by period, or hand in Parquet.",
    )
