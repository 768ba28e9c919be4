"""A few lines that load one table: pandas, polars, R, DuckDB, curl, ready to be copied.

The types come from the descriptor, so that a code such as `NA` (Namibia) stays a text, an empty cell stays empty and a
year stays a whole number. Every text is put into the language's own quotes.
Not here: how a page shows them.
"""

from __future__ import annotations

import keyword
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from publish.release_facts import ReleaseFacts
from publish.unseen import one_line

Which = Literal["pinned", "latest"]
_PANDAS = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}
_POLARS = {
    "string": "pl.String",
    "integer": "pl.Int64",
    "number": "pl.Float64",
    "boolean": "pl.Boolean",
    "date": "pl.Date",
}
_READR = {
    "string": "col_character()",
    "integer": "col_double()",
    "number": "col_double()",
    "boolean": "col_logical()",
    "date": "col_date()",
    "datetime": "col_datetime()",
}
_R_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_.]*)")
_R_WORDS = frozenset(
    {"if", "else", "repeat", "while", "function", "for", "next", "break", "in", "TRUE", "FALSE", "NULL", "Inf", "NaN"}
    | {"NA", "NA_integer_", "NA_real_", "NA_character_"}
)
# Names that the snippets use themselves.
_OURS = frozenset({"address", "base", "duckdb", "file", "package", "pd", "pl", "types", "urllib"})
_LONGEST_TITLE = 200


@dataclass(frozen=True)
class Snippet:
    """Some code. `language` is how it is highlighted: python, r or sh."""

    name: Literal["pandas", "polars", "R", "R (frictionless)", "DuckDB", "curl"]
    language: Literal["python", "r", "sh"]
    code: str


@dataclass(frozen=True)
class _Table:
    """One table and where it is: what all snippets are made from."""

    name: str
    base: str
    csv: str
    parquet: str | None
    fields: tuple[tuple[str, str], ...]
    comments: tuple[str, ...]

    @property
    def variable(self) -> str:
        """A name for it that all languages accept."""
        kept = re.sub(r"\W", "_", self.name, flags=re.ASCII)
        taken = keyword.iskeyword(kept) or kept in _R_WORDS or kept in _OURS
        return f"table_{kept}" if taken or not kept[:1].isalpha() else kept

    def of(self, *types: str) -> list[str]:
        """The columns of these types."""
        return [name for name, kind in self.fields if kind in types]


def snippets(facts: ReleaseFacts, table: str, *, which: Which) -> tuple[Snippet, ...]:
    """Code that loads `table` of a release: from the release itself, or from whatever is the newest.

    KeyError where the release has no such table.
    """
    found = _found(facts, table, which)
    return (
        Snippet("pandas", "python", _pandas(found)),
        Snippet("polars", "python", _polars(found)),
        Snippet("R", "r", _readr(found)),
        Snippet("R (frictionless)", "r", _frictionless(found)),
        Snippet("DuckDB", "python", _duckdb(found)),
        Snippet("curl", "sh", _curl(found)),
    )


def _found(facts: ReleaseFacts, table: str, which: Which) -> _Table:
    resources: Sequence[Mapping[str, Any]] = facts.descriptor["resources"]
    resource = next((item for item in resources if item["name"] == table), None)
    if resource is None:
        raise KeyError(f"{facts.dataset} {facts.version} has no table {table}")
    others = (other["path"] for other in resource.get("upv:alternates", ()) if other.get("format") == "parquet")
    fields = tuple((str(field["name"]), str(field["type"])) for field in resource["schema"]["fields"])
    folder = facts.folder if which == "pinned" else f"datasets/{facts.dataset}/latest/"
    return _Table(
        table,
        facts.publisher.url(folder),
        str(resource["path"]),
        next(others, None),
        fields,
        tuple(_comments(facts, which)),
    )


def _one_line(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= _LONGEST_TITLE else shown[: _LONGEST_TITLE - 1] + "…"


def _comments(facts: ReleaseFacts, which: Which) -> Iterator[str]:
    """The citation: who, when, what, which version and where.

    What follows the newest release has no version or year to cite: the dataset, and that it moves.
    """
    by, title = _one_line(facts.publisher.name), _one_line(facts.text("title", "nl"))
    place = f"https://doi.org/{facts.doi}" if facts.doi else facts.publisher.url(facts.folder)
    licence = _one_line(facts.licence.get("name", ""))
    if which == "latest":
        yield f"{by}. {title}. {licence}."
        yield _one_line(facts.publisher.url(f"datasets/{facts.dataset}/"))
        yield "Altijd de nieuwste uitgave: de cijfers verschuiven. Noem in een verwijzing de versie uit latest.json."
        yield "Always the newest release: the figures move. Cite the version that latest.json names."
        return
    yield f"{by} ({facts.released_at.year}). {title} (versie/version {_one_line(facts.version)}). {licence}."
    yield _one_line(place)


def _lines(mark: str, table: _Table, *code: str) -> str:
    return "\n".join([*(f"{mark} {comment}" for comment in table.comments), *code]) + "\n"


def _escaped(text: str, quote: str) -> str:
    """Between `quote`s as Python and R both read it: plain ASCII, everything else by its number."""

    def one(character: str) -> str:
        if character in (quote, "\\"):
            return "\\" + character
        if " " <= character <= "~":
            return character
        number = ord(character)
        return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

    return quote + "".join(map(one, text)) + quote


def _quoted(text: str) -> str:
    return _escaped(text, '"')


def _pandas(table: _Table) -> str:
    types = [f"    {_quoted(name)}: {_quoted(_PANDAS[kind])}," for name, kind in table.fields if kind in _PANDAS]
    moments = ", ".join(_quoted(name) for name in table.of("date", "datetime"))
    return _lines(
        "#",
        table,
        "import pandas as pd",
        "",
        "types = {",
        *types,
        "}",
        f"{table.variable} = pd.read_csv(",
        f"    {_quoted(table.base + table.csv)},",
        "    dtype=types,",
        "    keep_default_na=False,",
        '    na_values=[""],',
        *([f"    parse_dates=[{moments}],"] if moments else []),
        ")",
    )


def _polars(table: _Table) -> str:
    if table.parquet is not None:
        load = [f"{table.variable} = pl.read_parquet({_quoted(table.base + table.parquet)})"]
    else:
        types = [f"        {_quoted(name)}: {_POLARS.get(kind, 'pl.String')}," for name, kind in table.fields]
        load = [
            f"{table.variable} = pl.read_csv(",
            f"    {_quoted(table.base + table.csv)},",
            "    schema={",
            *types,
            "    },",
            ")",
        ]
    return _lines("#", table, "import polars as pl", "", *load)


def _r_name(name: str) -> str:
    plain = _R_NAME.fullmatch(name) and name not in _R_WORDS
    return name if plain else _escaped(name, "`")


def _readr(table: _Table) -> str:
    types = [f"    {_r_name(name)} = {_READR.get(kind, 'col_guess()')}" for name, kind in table.fields]
    return _lines(
        "#",
        table,
        "library(readr)",
        "",
        f"{table.variable} <- read_csv(",
        f"  {_quoted(table.base + table.csv)},",
        "  col_types = cols(",
        ",\n".join(types),
        "  ),",
        '  na = ""',
        ")",
    )


def _frictionless(table: _Table) -> str:
    return _lines(
        "#",
        table,
        "library(frictionless)",
        "",
        f"package <- read_package({_quoted(table.base + 'datapackage.json')})",
        f"{table.variable} <- read_resource(package, {_quoted(table.name)})",
    )


def _duckdb(table: _Table) -> str:
    """Over a downloaded file: DuckDB reads an address only with an extension, which it must be able to fetch."""
    path = table.parquet or table.csv
    name = path.rsplit("/", 1)[-1]
    rows = f"SELECT * FROM {_sql(name)}"
    if table.parquet is None:
        kinds = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
        columns = ", ".join(f"{_sql(column)}: {_sql(kinds.get(kind, 'TIMESTAMPTZ'))}" for column, kind in table.fields)
        rows = f"SELECT * FROM read_csv({_sql(name)}, header = true, nullstr = '', columns = {{{columns}}})"
    return _lines(
        "#",
        table,
        "import urllib.request",
        "",
        "import duckdb",
        "",
        "# eerst gedownload: zo heeft DuckDB geen uitbreiding nodig / downloaded first: DuckDB needs no extension",
        f"address = {_quoted(table.base + path)}",
        f"urllib.request.urlretrieve(address, {_quoted(name)})",
        f"{table.variable} = duckdb.sql({_quoted(rows)})",
        f"{table.variable}.show()",
    )


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _curl(table: _Table) -> str:
    """The file, and its checksum held against the list of the release."""
    folder = table.csv.rsplit("/", 1)[0] if "/" in table.csv else ""
    pattern = re.sub(r"([.\[\]*^$\\])", r"\\\1", table.csv)
    return _lines(
        "#",
        table,
        f"base={shlex.quote(table.base)}",
        f"file={shlex.quote(table.csv)}",
        *([f"mkdir -p {shlex.quote(folder)}"] if folder else []),
        'curl --fail --silent --show-error --location --output "$file" "$base$file"',
        'curl --fail --silent --show-error --location "${base}SHA256SUMS" \\',
        f"  | grep {shlex.quote(f'  {pattern}$')} | sha256sum --check",
    )
