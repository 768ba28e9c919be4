"""All tables of a package as they are published, and those of a release that stands: sorted, typed, with digests.

Here: what two releases are compared by. Not here: the comparison (`difference.py`), the decision to release
(`release.py`), or the files (`release_files.py`).
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from contracts.contract import Contract, Product
from publish.codelists import codelist_table
from publish.descriptor import PackagedFile
from publish.difference import PROVENANCE_TABLE, descriptive, structure
from publish.history import REVISIONS_PATH, revisions_contract
from publish.published import ReleaseError, damaged, read_released
from publish.tables import conform, round_significant, sort_by_key, values_digest


@dataclass(frozen=True)
class Content:
    """All tables of a package as they are published: sorted, typed, rounded; code lists beside them."""

    tables: dict[str, pa.Table]
    code_lists: dict[str, pa.Table]
    contracts: dict[str, Contract]

    def files(self, revisions: int = 0) -> list[PackagedFile]:
        """The data files in the order of the descriptor: CSV, code lists, Parquet; `revisions` rows in the history."""
        found = [PackagedFile("table", self.contracts[n], f"data/{n}.csv", t.num_rows) for n, t in self.tables.items()]
        history = revisions_contract()
        found.append(PackagedFile("table", history, REVISIONS_PATH, revisions))
        for name, table in self.code_lists.items():
            path = f"codelists/{name.removeprefix('codelist-')}.csv"
            found.append(PackagedFile("codelist", self.contracts[name], path, table.num_rows))
        found += [
            PackagedFile("parquet", self.contracts[n], f"data/{n}.parquet", t.num_rows) for n, t in self.tables.items()
        ]
        return [*found, PackagedFile("parquet", history, REVISIONS_PATH.replace(".csv", ".parquet"), revisions)]

    def all_tables(self) -> dict[str, pa.Table]:
        """Tables and code lists by name."""
        return self.tables | self.code_lists


def package_content(product: Product, tables: Mapping[str, pa.Table]) -> Content:
    """The content of a package from one table for each contract of the product, in any row order.

    Raises ReleaseError when a table is missing or has no contract, TableError when one does not fit its contract.
    """
    expected = [contract.table for contract in product.tables]
    missing, unknown = sorted(set(expected) - set(tables)), sorted(set(tables) - set(expected))
    if missing or unknown:
        parts = [f"table {', '.join(missing)} is missing"] if missing else []
        parts += [f"table {', '.join(unknown)} has no contract in {product.path.name}"] if unknown else []
        raise ReleaseError(f"package {product.id}: {'; '.join(parts)}; give every table of the contract, and no other")
    ready = {c.table: sort_by_key(round_significant(conform(tables[c.table], c)), c) for c in product.tables}
    lists = {contract.table: (contract, rows) for contract, rows in map(codelist_table, product.code_lists)}
    contracts = {c.table: c for c in product.tables} | {name: contract for name, (contract, _) in lists.items()}
    return Content(ready, {name: rows for name, (_, rows) in lists.items()}, contracts)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _provenance(contract: Contract) -> set[str]:
    """Columns that do not make a figure new; a key column always does."""
    return set(contract.provenance_columns) - set(contract.primary_key)


def figures_digest(content: Content) -> str:
    """Equal for two releases when no figure differs; provenance and the table `sources` do not count."""
    return _digest(
        {
            name: values_digest(table, content.contracts[name], _provenance(content.contracts[name]))
            for name, table in content.tables.items()
            if name != PROVENANCE_TABLE
        }
    )


def schema_digest(descriptor: Mapping[str, Any]) -> str:
    """Equal for two releases that programs read alike; the order of fields counts."""
    found = structure(descriptor)
    return _digest([[name, list(table["fields"]), table] for name, table in sorted(found.items())])


def metadata_digest(content: Content, descriptor: Mapping[str, Any]) -> str:
    """Equal for two releases whose texts and code lists are the same."""
    lists = {name: values_digest(table, content.contracts[name], ()) for name, table in content.code_lists.items()}
    return _digest([descriptive(descriptor), lists])


def released_table(folder: Path, resource: Mapping[str, Any]) -> pa.Table:
    """One table of a release: from Parquet, which kept the types; a code list from its CSV, all text.

    Raises ReleaseError where the file is damaged.
    """
    path = str(resource["path"])
    try:
        if path.startswith("codelists/"):
            names = [field["name"] for field in resource["schema"]["fields"]]
            convert = pacsv.ConvertOptions(column_types={name: pa.string() for name in names})
            return pacsv.read_csv(
                io.BytesIO(read_released(folder, path)),
                convert_options=convert,
                parse_options=pacsv.ParseOptions(newlines_in_values=True),
            )
        path = path.removesuffix(".csv") + ".parquet"
        return pq.read_table(io.BytesIO(read_released(folder, path)))
    except pa.ArrowException as error:
        raise damaged(folder / path, f"cannot be read ({error})") from error
