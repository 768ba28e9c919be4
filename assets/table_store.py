"""Tables between the steps: written aside, audited, and promoted in one rename only when the audit lets them through.

A refused table leaves the previous one standing; its refused rows go to quarantine. A table whose inputs, contract and
code are those of last time is not made again. Not here: what is computed, and what is published.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from assets.sources.archive import write_whole
from assets.table_history import REMEMBERED, Change, change_words, counted, why_words
from contracts.audit import audit_any
from contracts.contract import Contract
from contracts.verdict import CheckResult, Offence, Verdict

ROOT = Path(__file__).parent.parent


@cache
def code_digest() -> str:
    """sha256 over all code and reference data that decide a table, and over the libraries that compute it."""
    digest = hashlib.sha256()
    # not `publish`: how a table leaves the house does not decide what stands in it
    for room in ("contracts", "assets"):
        for path in sorted((ROOT / room).rglob("*")):
            if (
                path.suffix in (".py", ".csv", ".yaml", ".json")
                and "embedded" not in path.parts
                and "__pycache__" not in path.parts
            ):
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    for library in ("pyarrow", "pandas", "duckdb", "numpy", "great-expectations"):
        digest.update(f"{library}={version(library)}\0".encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Standing:
    """The table that stands: where, made from what, with which verdict.

    `inputs_key` identifies everything that decided it.
    """

    name: str
    inputs_key: str
    sha256: str
    rows: int
    columns: int
    exact_duplicates: int
    rows_refused: int
    checks: tuple[CheckResult, ...]
    messages: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    # of which inputs it was made, and the last times that it became another table: for the steward, decides nothing
    made_from: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()

    def fact(self, name: str) -> str | None:
        """One fact noted with the table, such as the vintage that it was made from."""
        return dict(self.facts).get(name)


class TableRefused(RuntimeError):
    """An audit did not let a table through. `verdict` says why; the previous table stands."""

    def __init__(self, name: str, verdict: Verdict, kept: Path | None) -> None:
        self.name, self.verdict, self.kept = name, verdict, kept
        problems = verdict.messages("error")
        shown = "\n  ".join(problems[:8])
        more = f"\n  and {len(problems) - 8} more rules" if len(problems) > 8 else ""
        where = f"\nThe refused rows are in {kept.name} in the quarantine." if kept else ""
        super().__init__(
            f"{name} was refused: {verdict.rows_refused} of {verdict.rows_in} rows, {len(problems)} rules broken. "
            f"The last table stands.\n  {shown}{more}{where}"
        )


def inputs_of(contract: Contract, inputs: Mapping[str, str]) -> dict[str, str]:
    """All that decides a step: code, contract, product rules and the hashes of all inputs."""
    return {
        "code": code_digest(),
        "contract": contract.digest,
        "product": str(contract.get("productDigest", "")),
        **inputs,
    }


def inputs_key(contract: Contract, inputs: Mapping[str, str]) -> str:
    """Identity of a step: one digest over all that decides it."""
    return hashlib.sha256(json.dumps(inputs_of(contract, inputs), sort_keys=True).encode()).hexdigest()


class TableStore:
    """The tables in two folders, one for those that stand and one for rows that were refused.

    `<root>/<group>/<name>.parquet` with `<name>.json` beside it, and `<quarantine>/<group>/<name>.parquet`.
    """

    def __init__(self, root: Path, quarantine: Path, moment: str = "") -> None:
        """`moment` is that of the night; without it no history of changes is kept."""
        self.root, self.quarantine, self.moment = root, quarantine, moment

    def path(self, group: str, name: str) -> Path:
        """Where the table stands."""
        return self.root / group / f"{name}.parquet"

    def standing(self, group: str, name: str) -> Standing | None:
        """What is noted of the table that stands, or None where none does or its note cannot be read."""
        note = self.root / group / f"{name}.json"
        if not note.exists() or not self.path(group, name).exists():
            return None
        try:
            raw: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
            raw["checks"] = tuple(_check(check) for check in raw["checks"])
            raw["messages"] = tuple(raw["messages"])
            for name in ("facts", "made_from"):
                raw[name] = tuple((k, v) for k, v in raw.get(name, ()))
            raw["changes"] = tuple(Change(**change) for change in raw.get("changes", ()))
            return Standing(**raw)
        except (ValueError, TypeError, KeyError):
            return None  # a torn note means: make the table again

    def current(self, group: str, name: str, key: str) -> Standing | None:
        """The standing table if it was made from exactly these inputs."""
        standing = self.standing(group, name)
        return standing if standing is not None and standing.inputs_key == key else None

    def read(self, group: str, name: str) -> pa.Table:
        """The table that stands, typed as its contract says."""
        return pq.read_table(self.path(group, name))

    def head(self, group: str, name: str, rows: int, columns: Sequence[str]) -> pa.Table:
        """The first rows of the table that stands, without reading all of it."""
        with pq.ParquetFile(self.path(group, name)) as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(columns), use_threads=False):
                return pa.Table.from_batches([batch]).select(list(columns))
            return file.schema_arrow.empty_table().select(list(columns))

    def put(
        self,
        group: str,
        name: str,
        table: pa.Table,
        contract: Contract,
        key: str,
        facts: Mapping[str, str] | None = None,
        *,
        inputs: Mapping[str, str] | None = None,
    ) -> tuple[Standing, pa.Table, Verdict]:
        """Audits a table and promotes it; `inputs` are those of `key`, noted so that a change can say its reason.

        Raises TableRefused and keeps the refused rows, with the previous table untouched.
        """
        before = self.standing(group, name)
        previous = self.read(group, name) if before is not None else None
        verdict = audit_any(table, contract, previous=previous)
        kept = self._keep_refused(group, name, verdict)
        if not verdict.usable or verdict.accepted is None:
            raise TableRefused(f"{group}/{name}", verdict, kept)
        accepted = verdict.accepted
        body = _parquet_bytes(accepted)
        write_whole(self.path(group, name), body)
        standing = Standing(
            name=name,
            inputs_key=key,
            sha256=hashlib.sha256(body).hexdigest(),
            rows=accepted.num_rows,
            columns=accepted.num_columns,
            exact_duplicates=verdict.exact_duplicates,
            rows_refused=verdict.rows_refused,
            checks=verdict.checks,
            messages=verdict.messages("warning") + verdict.messages("info"),
            facts=tuple(sorted((facts or {}).items())),
            made_from=tuple(sorted(inputs_of(contract, inputs).items())) if inputs is not None else (),
        )
        standing = self._with_history(standing, before, lambda: change_words(previous, accepted, contract))
        self._note(group, name, standing)
        return standing, accepted, verdict

    def _with_history(self, made: Standing, before: Standing | None, what: Callable[[], str]) -> Standing:
        """The note with what is remembered of earlier changes, and this one where the table became another."""
        known = before.changes if before is not None else ()
        if not self.moment or (before is not None and before.sha256 == made.sha256):
            return replace(made, changes=known)
        why = why_words(dict(before.made_from), dict(made.made_from)) if before is not None else ""
        return replace(made, changes=(*known, Change(self.moment, made.rows, what(), why))[-REMEMBERED:])

    def _note(self, group: str, name: str, standing: Standing) -> None:
        # the note goes last: a table without its note is made again
        body = (json.dumps(asdict(standing), ensure_ascii=False, indent=1) + "\n").encode()
        write_whole(self.root / group / f"{name}.json", body)

    @contextmanager
    def aside(self, group: str, name: str) -> Iterator[Path]:
        """A path to write a large table at, beside the one that stands; what is left there at the end is removed."""
        path = self.path(group, name).with_suffix(".writing")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def adopt(
        self, group: str, name: str, path: Path, rows: int, columns: int, key: str, facts: Mapping[str, str]
    ) -> Standing:
        """Lets a Parquet file stand whose rows were audited before they came together."""
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        before = self.standing(group, name)
        os.replace(path, self.path(group, name))
        made = Standing(name, key, sha256, rows, columns, 0, 0, (), (), tuple(sorted(facts.items())))
        was = f"van {counted(before.rows, 'rij', 'rijen')} naar" if before is not None else "voor het eerst gemaakt:"
        standing = self._with_history(made, before, lambda: f"{was} {counted(rows, 'rij', 'rijen')}")
        self._note(group, name, standing)
        return standing

    def note_refusal(self, name: str, copy: str, key: str, why: str) -> None:
        """Remembers that a copy of a source was refused under `key`, so that it is not taken up again by itself."""
        noted = self._refusals(name) | {copy: {"key": key, "why": why}}
        write_whole(self.quarantine / "sources" / f"{name}.json", (json.dumps(noted, indent=1) + "\n").encode())

    def refused_copies(self, name: str, contract: Contract) -> frozenset[str]:
        """Copies (sha256) of a source that contract and code of today refuse."""
        noted = self._refusals(name)
        return frozenset(copy for copy, of in noted.items() if of["key"] == inputs_key(contract, {"copy": copy}))

    def why_refused(self, name: str, copy: str) -> str:
        """Why a copy of a source was refused; empty where that is not known."""
        return self._refusals(name).get(copy, {}).get("why", "")

    def _refusals(self, name: str) -> dict[str, dict[str, str]]:
        try:
            noted = json.loads((self.quarantine / "sources" / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # nothing was refused, or the note is torn: then it is refused once more
        # an earlier version of the software noted the key alone
        return {str(copy): of if isinstance(of, dict) else {"key": str(of), "why": ""} for copy, of in noted.items()}

    def _keep_refused(self, group: str, name: str, verdict: Verdict) -> Path | None:
        path = self.quarantine / group / f"{name}.parquet"
        if verdict.refused is None or verdict.refused.num_rows == 0:
            path.unlink(missing_ok=True)
            return None
        write_whole(path, _parquet_bytes(verdict.refused))
        return path


def _check(noted: dict[str, Any]) -> CheckResult:
    sample = tuple(Offence(**offence) for offence in noted["sample"])
    return CheckResult(**{**noted, "sample": sample})


def _parquet_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=3, store_schema=False)
    body: bytes = sink.getvalue().to_pybytes()
    return body
