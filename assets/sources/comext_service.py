"""COMEXT as a live service: the listing once a night, then only the files that are new or were issued again.

A night brings in a few files at most, the newest first; the rest follows in the nights after. A file that fails leaves
our earlier copy of its month in place, and a month that vanishes from the listing stays with us.
Not here: the form of the listing (`comext_listing.py`), of a bulk file (`comext_month.py`) and of what is kept
(`comext.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from assets.sources.archive import ArchiveDamaged, ArchiveRecord
from assets.sources.comext import DamagedFile, KeptFile, pack, parquet_bytes, unpack_months
from assets.sources.comext_listing import Listed, ListingUnreadable, file_url, listing_url, read_listing
from assets.sources.comext_month import Wanted, read_month
from assets.sources.comext_products import wanted_rows
from assets.sources.eurostat import SourceUnreadable
from assets.sources.http import FetchError, PoliteSession
from assets.sources.live import Known, LiveAnswer, Unchanged
from contracts.contract import Contract

#: Six months are 270 MB and two minutes of the service's patience; a first fill takes some nights.
FILES_A_NIGHT = 6
#: A year has 93 MB (2024), a month 45 MB.
FILE_LIMIT = 256 * 1024 * 1024
SPOILED_LIMIT = 1024 * 1024
LISTING_LIMIT = 16 * 1024 * 1024
_LISTING_TYPES = ("text/csv", "text/plain", "text/html", "application/csv", "application/octet-stream")
_Months = dict[str, tuple[KeptFile, bytes]]


class ComextService:
    """The bulk files of COMEXT at `base` (the files API). `read` gives the bytes of an archived copy."""

    def __init__(self, base: str, session: PoliteSession, read: Callable[[ArchiveRecord], bytes]) -> None:
        self._base = base
        self._session = session
        self._read = read
        self._listing: list[Listed] | FetchError | None = None

    def fetch(self, contract: Contract, known: Known) -> LiveAnswer | Unchanged:
        """The kept rows of all months that the contract asks for, new and revised ones brought in.

        Raises FetchError where the listing cannot be had or nothing that is new could be brought in.
        """
        wanted, url = wanted_rows(contract), listing_url(self._base)
        listed = {one.period: one for one in self._listed() if _is_asked(contract, one.period)}
        if not listed:
            raise FetchError(
                f"the COMEXT listing names no file of the periods that {contract.table} asks for "
                f"(comextFrom {contract.get('comextFrom')}); look at the listing"
            )
        ours, notes = self._ours(contract, known)
        due = [one for one in listed.values() if not _is_same(ours.get(one.period), one, wanted)]
        due.sort(key=lambda one: one.period, reverse=True)
        vanished = sorted(set(ours) - set(listed))
        if vanished:
            notes.append(f"{_periods(vanished)} no longer in the listing; our copy stays")
        if not due:
            reason = f"the listing gives all {len(listed)} files the size and date that we have"
            return Unchanged("; ".join([reason, *notes]), url)
        tonight = due[: int(contract.get("comextFilesANight", FILES_A_NIGHT))]
        brought, failures = self._bring_in(tonight, wanted)
        failed = [str(failure) for failure in failures]
        if not brought:
            raise FetchError("; ".join(failed), body=next((one.body for one in failures if one.body), b""))
        notes[:0] = [f"{_periods(sorted(brought))} brought in, of {len(listed)} files in the listing", *failed]
        waiting = len(due) - len(tonight)
        if waiting:
            notes.append(f"{waiting} more to follow in the next nights")
        months = ours | brought
        editions = sorted(kept.modified for kept, _ in months.values() if kept.modified)
        body = pack(list(months.values()))
        return LiveAnswer(body, url, edition=editions[-1][:10] if editions else None, note="; ".join(notes))

    def _listed(self) -> Sequence[Listed]:
        """The listing, asked for once a night; a failure is remembered too."""
        if self._listing is None:
            try:
                answer = self._session.get(listing_url(self._base), limit=LISTING_LIMIT, accept=_LISTING_TYPES)
                self._listing = read_listing(answer.body)
            except ListingUnreadable as error:
                self._listing = FetchError(f"the COMEXT listing was not had: {error}", body=answer.body)
            except FetchError as error:
                self._listing = FetchError(f"the COMEXT listing was not had: {error}", error.status, error.body)
        if isinstance(self._listing, FetchError):
            raise self._listing
        return self._listing

    def _ours(self, contract: Contract, known: Known) -> tuple[_Months, list[str]]:
        """The months of our newest copy that the contract asks for. A copy that cannot be read counts as none."""
        if known.record is None:
            return {}, []
        try:
            months = unpack_months(self._read(known.record))
        except (ArchiveDamaged, SourceUnreadable) as error:
            return {}, [f"our earlier copy could not be read and is made anew ({error})"]
        return {kept.period: (kept, rows) for kept, rows in months if _is_asked(contract, kept.period)}, []

    def _bring_in(self, files: Sequence[Listed], wanted: Wanted) -> tuple[_Months, list[FetchError]]:
        """The months of `files`, and why in words for each that failed."""
        brought: _Months = {}
        failed: list[FetchError] = []
        for one in files:
            try:
                brought[one.period] = self._month(one, wanted)
            except FetchError as error:
                # what came with a status (a page with 404) is no body in place of a file
                failed.append(FetchError(f"{one.name} failed: {error}", body=b"" if error.status else error.body))
        return brought, failed

    def _month(self, one: Listed, wanted: Wanted) -> tuple[KeptFile, bytes]:
        if one.size is not None and one.size > FILE_LIMIT:
            raise FetchError(f"the listing gives it {one.size} bytes, expected at most {FILE_LIMIT}; not asked for")
        packed = self._session.get(file_url(self._base, one.name), limit=FILE_LIMIT).body
        if one.size is not None and one.size != len(packed):
            raise FetchError(
                f"the listing gives it {one.size} bytes, {len(packed)} came; asked again the next night",
                body=_worth_keeping(packed),
            )
        try:
            month = read_month(packed, one.period, wanted)
        except DamagedFile as error:
            raise FetchError(str(error), body=_worth_keeping(packed)) from error
        kept = KeptFile(
            period=one.period,
            name=one.name,
            size=len(packed),
            modified=one.modified,
            sha256=hashlib.sha256(packed).hexdigest(),
            member=month.member,
            lines=month.lines,
            rows=month.rows.num_rows,
            selection=wanted.digest,
        )
        return kept, parquet_bytes(month.rows)


def _is_asked(contract: Contract, period: str) -> bool:
    """Whether a contract names a period: `comextPeriods` is `months` or `years`, `comextFrom` the first (YYYYMM)."""
    yearly = contract.get("comextPeriods") == "years"
    return period.endswith("52") == yearly and period >= str(contract.get("comextFrom"))


def _is_same(ours: tuple[KeptFile, bytes] | None, listed: Listed, wanted: Wanted) -> bool:
    """Whether our copy of a month is of the file that the listing names, with the rows that are wanted now."""
    if ours is None:
        return False
    kept = ours[0]
    same_size = listed.size is None or kept.size == listed.size
    return same_size and kept.modified == listed.modified and kept.selection == wanted.digest


def _worth_keeping(packed: bytes) -> bytes:
    """What came in place of a file, where it is small enough to be looked at: a page, and not half a bulk file."""
    return packed if len(packed) <= SPOILED_LIMIT else b""


def _periods(periods: Sequence[str]) -> str:
    shown = ", ".join(periods[:6])
    return f"{shown} and {len(periods) - 6} more" if len(periods) > 6 else shown
