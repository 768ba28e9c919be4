"""Small contracts for tests: YAML text with the lines that every contract must have, around the lines under test."""

from __future__ import annotations

from pathlib import Path

from contracts.contract import Contract, read_contract

# the first column stands on line 17
HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: example
version: 1.0.0
status: active
schema:
  - name: example
    customProperties:
      - {property: quarantineThreshold, value: THRESHOLD}
      - {property: titleNl, value: Voorbeeld}
      - {property: titleEn, value: Example}
      - {property: descriptionNl, value: Een voorbeeld.}
      - {property: descriptionEn, value: An example.}
      - {property: oneRowNl, value: Eén rij is een voorbeeld.}
      - {property: oneRowEn, value: One row is an example.}
    properties:
"""
TEXTS = (
    "{property: titleNl, value: Kolom}, {property: titleEn, value: Column}, "
    "{property: descriptionNl, value: Een kolom.}, {property: descriptionEn, value: A column.}"
)


def column(name: str, logical: str, rest: str = "", custom: str = "") -> str:
    """One column on one line; `rest` is more keywords, `custom` more custom properties."""
    more = f", {rest}" if rest else ""
    own = f", {custom}" if custom else ""
    return f"      - {{name: {name}, logicalType: {logical}, customProperties: [{TEXTS}{own}]{more}}}\n"


def key(name: str = "k", logical: str = "string", position: int = 1) -> str:
    """A key column."""
    return column(name, logical, f"required: true, primaryKey: true, primaryKeyPosition: {position}")


def example_text(columns: str, quality: str = "", threshold: float = 0.0) -> str:
    """The YAML of a contract; `quality` is one table rule a line, as flow mappings."""
    rules = "".join(f"      - {line}\n" for line in quality.splitlines() if line)
    return HEAD.replace("THRESHOLD", str(threshold)) + columns + (f"    quality:\n{rules}" if rules else "")


def custom_rule(name: str, implementation: str, severity: str = "error") -> str:
    """One of our own table rules on one line."""
    return (
        f"{{type: custom, engine: ketenmonitor, name: {name}, severity: {severity}, "
        f"implementation: {{{implementation}}}}}\n"
    )


def example(folder: Path, columns: str, quality: str = "", threshold: float = 0.0) -> Contract:
    """The contract itself, read from a file in `folder`."""
    path = folder / "example.odcs.yaml"
    path.write_text(example_text(columns, quality, threshold), encoding="utf-8")
    return read_contract(path)
