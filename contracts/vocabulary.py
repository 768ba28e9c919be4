"""Reads the code lists (`codelists/*.csv`) and reference tables (`reference/*`): the words that contracts use.

Here: loading, and the guarantee that a code is unique and labelled in Dutch and English.
Not here: what a table must look like (`contract.py`) or what is computed from a target (`assets/formulas`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CONTRACTS = Path(__file__).parent
CODELISTS = CONTRACTS / "codelists"
REFERENCE = CONTRACTS / "reference"


class VocabularyError(ValueError):
    """A code list or reference table is broken; the message names file, line and what is wrong."""


@dataclass(frozen=True)
class Code:
    """One entry of a code list. `extra` holds the columns beyond code, labels and parent."""

    code: str
    label_nl: str
    label_en: str
    parent: str
    extra: tuple[tuple[str, str], ...]

    def get(self, column: str) -> str:
        """The value of an extra column, empty where the list has no such column."""
        return dict(self.extra).get(column, "")


@dataclass(frozen=True)
class CodeList:
    """A closed list of codes, in the order of its file."""

    name: str
    codes: tuple[Code, ...]

    def values(self) -> tuple[str, ...]:
        """All codes, in file order."""
        return tuple(code.code for code in self.codes)

    def entry(self, code: str) -> Code:
        """The entry of one code; KeyError names the list and the code."""
        for candidate in self.codes:
            if candidate.code == code:
                return candidate
        raise KeyError(f"code list {self.name} has no code {code!r}")


def read_csv_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a small reviewed CSV as text; a ragged line is an error that names file and line."""
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        rows = []
        for row in reader:
            if None in row or None in row.values():
                raise VocabularyError(f"{path.name}:{reader.line_num}: the number of fields differs from the header")
            rows.append(dict(row))
    return rows


@cache
def load_codelist(name: str, folder: Path = CODELISTS) -> CodeList:
    """The code list `name` from `<folder>/<name>.csv`."""
    path = folder / f"{name}.csv"
    if not path.exists():
        raise VocabularyError(f"{path.name}: there is no such code list in {folder.name}/")
    codes: list[Code] = []
    seen: set[str] = set()
    for line, row in enumerate(read_csv_rows(path), start=2):
        missing = {"code", "label_nl", "label_en"} - row.keys()
        if missing:
            raise VocabularyError(f"{path.name}:1: column {', '.join(sorted(missing))} is missing")
        if not row["label_nl"] or not row["label_en"]:
            raise VocabularyError(f"{path.name}:{line}: code {row['code']!r} needs a label in Dutch and in English")
        if row["code"] in seen:
            raise VocabularyError(f"{path.name}:{line}: code {row['code']!r} stands in the list twice")
        seen.add(row["code"])
        extra = tuple((k, v) for k, v in row.items() if k not in ("code", "label_nl", "label_en", "parent"))
        codes.append(Code(row["code"], row["label_nl"], row["label_en"], row.get("parent", ""), extra))
    return CodeList(name, tuple(codes))


def codelist_rows(name: str) -> list[dict[str, str]]:
    """A code list as it is published: all columns of its file, as text."""
    return read_csv_rows(CODELISTS / f"{name}.csv")


@cache
def load_reference_csv(name: str) -> tuple[dict[str, str], ...]:
    """Rows of `reference/<name>.csv` as text."""
    return tuple(read_csv_rows(REFERENCE / f"{name}.csv"))


@cache
def load_reference_yaml(name: str) -> Any:
    """The content of `reference/<name>.yaml`."""
    return yaml.load((REFERENCE / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
