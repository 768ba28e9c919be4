"""Names of codes: from the code lists of a release, so that an old release keeps the names it was published with.

Here: looking up. Not here: the lists themselves (`contracts/codelists`, `releases/*/codelists`).
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts import vocabulary
from publish.numbers_and_dates import Language
from publish.site.reading import Release


class Codes:
    """The codes of one release; a list it does not carry is looked up in the contracts."""

    def __init__(self, release: Release | None = None) -> None:
        self._release = release
        self._lists: dict[str, dict[str, dict[str, str]]] = {}

    def all_of(self, name: str) -> dict[str, dict[str, str]]:
        """Code -> row of the list, in the order of the list; empty where there is no such list."""
        if name not in self._lists:
            rows: list[dict[str, str]] = []
            if self._release is not None and name in self._release.code_lists:
                rows = self._release.rows(self._release.code_lists[name])
            elif (vocabulary.CODELISTS / f"{name}.csv").is_file():
                rows = vocabulary.codelist_rows(name)
            self._lists[name] = {row["code"]: row for row in rows if row.get("code")}
        return self._lists[name]

    def row(self, name: str, code: str) -> Mapping[str, str]:
        """The row of one code; empty where the list does not have it."""
        return self.all_of(name).get(code, {})

    def label(self, name: str, code: str | None, language: Language) -> str:
        """The name of a code; the code itself where the list does not have it, nothing for an empty cell."""
        if not code:
            return ""
        return self.row(name, code).get(f"label_{language}") or code

    def labels(self, name: str, codes: str | None, language: Language) -> str:
        """Names of codes that stand joined by `+` in one cell (several inputs of one figure)."""
        whole = self.row(name, codes or "")
        if whole or not codes:
            return self.label(name, codes, language)
        return ", ".join(self.label(name, code, language) for code in codes.split("+"))
