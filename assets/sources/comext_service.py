"""COMEXT as a live service: the listing once a night, then only the files that are new or were issued again.

A night brings in a few files at most, the newest first; the rest follows in the nights after. A file is streamed into
the archive and read from there; one that lies there already is not fetched again. A file that fails leaves our earlier
copy of its month in place, and a month that vanishes from the listing stays with us.
Not here: the form of the listing (`comext_listing.py`), of a bulk file (`comext_month.py`) and of what is kept
(`comext.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from assets.sources.archive import BULK, SPOILED, ArchiveDamaged, ArchiveRecord
from assets.sources.comext import DamagedFile, KeptFile, pack, parquet_bytes, unpack_months
from assets.sources.comext_listing import Listed, ListingUnreadable, file_url, listing_url, read_listing
from assets.sources.comext_month import Wanted, read_month
from assets.sources.comext_products import wanted_rows
from assets.sources.eurostat import SourceUnreadable
from assets.sources.http import FetchError, PoliteSession
from assets.sources.live import Known, LiveAnswer, Unchanged
from assets.sources.received import Received
from contracts.contract import Contract

#: Six months are 270 MB and two minutes of the service's patience; a first fill takes some nights.
FILES_A_NIGHT = 6
#: A year has 93 MB (2024), a month 45 MB.
FILE_LIMIT = 256 * 1024 * 1024
LISTING_LIMIT = 16 * 1024 * 1024
#: The folder of the archive in which the listings lie, which are asked for all contracts at once.
LISTINGS = "comext_listing"
_LISTING_TYPES = ("text/csv", "text/plain", "text/html", "application/csv", "application/octet-stream")
_Months = dict[str, tuple[KeptFile, bytes]]


class ComextService:
    """The bulk files of COMEXT at `base` (the files API)."""

    def __init__(self, base: str, session: PoliteSession) -> None:
        self._base = base
        self._session = session
        self._listing: list[Listed] | FetchError | None = None

    def fetch(self, contract: Contract, known: Known, received: Received) -> LiveAnswer | Unchanged:
        """The kept rows of all months that the contract asks for, new and revised ones brought in.

        Raises FetchError where the listing cannot be had or nothing that is new could be brought in.
        """
        wanted, url = wanted_rows(contract), listing_url(self._base)
        listed = {one.period: one for one in self._listed(received) if _is_asked(contract, one.period)}
        if not listed:
            raise FetchError(
                f"the COMEXT listing names no file of the periods that {contract.table} asks for "
                f"(comextFrom {contract.get('comextFrom')}); look at the listing"
            )
        ours, notes = _ours(contract, known, received)
        due = [one for one in listed.values() if not _is_same(ours.get(one.period), one, wanted)]
        due.sort(key=lambda one: one.period, reverse=True)
        vanished = sorted(set(ours) - set(listed))
        if vanished:
            notes.append(f"{_periods(vanished)} no longer in the listing; our copy stays")
        if not due:
            reason = f"the listing gives all {len(listed)} files the size and date that we have"
            return Unchanged("; ".join([reason, *notes]), url)
        tonight = due[: int(contract.get("comextFilesANight", FILES_A_NIGHT))]
        brought, failures = self._bring_in(tonight, wanted, received)
        failed = [str(failure) for failure in failures]
        refused = tuple(place for failure in failures for place in failure.kept)
        if not brought:
            raise FetchError("; ".join(failed), refused=any(one.refused for one in failures), kept=refused)
        notes[:0] = [f"{_periods(sorted(brought))} brought in, of {len(listed)} files in the listing", *failed]
        waiting = len(due) - len(tonight)
        if waiting:
            notes.append(f"{waiting} more to follow in the next nights")
        months = ours | brought
        editions = sorted(kept.modified for kept, _ in months.values() if kept.modified)
        edition = editions[-1][:10] if editions else None
        return LiveAnswer(pack(list(months.values())), url, edition=edition, note="; ".join(notes), refused=refused)

    def _listed(self, received: Received) -> Sequence[Listed]:
        """The listing, asked for once a night and archived before it is read; a failure is remembered too."""
        if self._listing is None:
            try:
                self._listing = self._ask_listing(received)
            except FetchError as error:
                words = f"the COMEXT listing was not had: {error}"
                self._listing = FetchError(
                    words, error.status, error.body, error.url, refused=error.refused, kept=error.kept
                )
        if isinstance(self._listing, FetchError):
            raise self._listing
        return self._listing

    def _ask_listing(self, received: Received) -> list[Listed]:
        url, archived = listing_url(self._base), list[ArchiveRecord]()
        answer = self._session.get(
            url,
            limit=LISTING_LIMIT,
            accept=_LISTING_TYPES,
            received=lambda body: archived.append(received.listing(body, url, LISTINGS)),
        )
        try:
            return read_listing(answer.body)
        except ListingUnreadable as error:
            record = received.archive.judge(archived[0], SPOILED, str(error))
            raise FetchError(str(error), refused=True, kept=(record.place,)) from error

    def _bring_in(
        self, files: Sequence[Listed], wanted: Wanted, received: Received
    ) -> tuple[_Months, list[FetchError]]:
        """The months of `files`, and why in words for each that failed."""
        brought: _Months = {}
        failed: list[FetchError] = []
        in_archive = received.files()
        for one in files:
            try:
                record = in_archive.get((file_url(self._base, one.name), one.modified))
                if record is None or one.size not in (None, record.bytes):
                    record = self._fetched(one, received)
                brought[one.period] = _rows_of(record, one, wanted, received)
            except FetchError as error:
                kept = error.kept
                if error.body and error.status is None:
                    # a web page in place of a file; what comes with a status, such as 404, is not in its place
                    kept = (received.spoiled(error.body, error.url, str(error)).place,)
                failed.append(FetchError(f"{one.name} failed: {error}", refused=error.refused, kept=kept))
        return brought, failed

    def _fetched(self, one: Listed, received: Received) -> ArchiveRecord:
        """A bulk file, streamed into the archive."""
        if one.size is not None and one.size > FILE_LIMIT:
            raise FetchError(f"the listing gives it {one.size} bytes, expected at most {FILE_LIMIT}; not asked for")
        url = file_url(self._base, one.name)
        with received.file() as coming:
            self._session.get(url, limit=FILE_LIMIT, into=coming)
            record = received.taken(coming, url, one.modified)
        if one.size not in (None, record.bytes):
            words = f"the listing gives it {one.size} bytes, {record.bytes} came; asked again the next night"
            if record.retrieved_at == received.retrieved_at:
                received.archive.judge(record, SPOILED, words)
            raise FetchError(words, refused=True, kept=(record.place,))
        return record


def _rows_of(record: ArchiveRecord, one: Listed, wanted: Wanted, received: Received) -> tuple[KeptFile, bytes]:
    """The rows wanted of an archived bulk file; one that cannot be read is noted as spoiled."""
    try:
        with received.archive.mapped(record) as packed:
            month = read_month(packed, one.period, wanted)
    except ArchiveDamaged as error:
        raise FetchError(str(error)) from error
    except DamagedFile as error:
        spoiled = received.archive.judge(record, SPOILED, str(error))
        raise FetchError(str(error), refused=True, kept=(spoiled.place,)) from error
    # the same bytes may have been judged as spoiled by an earlier reader
    received.archive.judge(record, BULK)
    kept = KeptFile(
        period=one.period,
        name=one.name,
        size=record.bytes,
        modified=one.modified,
        sha256=record.sha256,
        member=month.member,
        lines=month.lines,
        rows=month.rows.num_rows,
        selection=wanted.digest,
    )
    return kept, parquet_bytes(month.rows)


def _ours(contract: Contract, known: Known, received: Received) -> tuple[_Months, list[str]]:
    """The months of our newest copy that the contract asks for. A copy that cannot be read counts as none."""
    if known.record is None or known.anew:
        return {}, []
    try:
        months = unpack_months(received.archive.read(known.record))
    except (ArchiveDamaged, SourceUnreadable) as error:
        return {}, [f"our earlier copy could not be read and is made anew ({error})"]
    return {kept.period: (kept, rows) for kept, rows in months if _is_asked(contract, kept.period)}, []


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


def _periods(periods: Sequence[str]) -> str:
    shown = ", ".join(periods[:6])
    return f"{shown} and {len(periods) - 6} more" if len(periods) > 6 else shown
