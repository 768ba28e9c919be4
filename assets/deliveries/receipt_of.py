"""From what happened to a file to its receipt: sentences, sums and the refused rows with what would be right.

Here: putting together. Not here: the form of a receipt (`publish/receipt.py`) or its pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from assets.deliveries.book import TakenIn
from assets.deliveries.delivered_file import READING_RULES, ReadFile, Told
from assets.deliveries.whose import Whose
from contracts.contract_model import Column, Contract, Severity
from contracts.delivery_contract import Delivery, deliverers
from contracts.fault_words import fault_words, reading_rule
from contracts.row_audit import RowVerdict
from contracts.rule_sql import connect, literal, quote
from publish.receipt import MOST_REFUSALS, Note, Receipt, Refusal, Total, total_of
from publish.receipt import Outcome as ReceiptOutcome

#: A number with at most this many decimals is added up without loss.
_EXACT = "DECIMAL(38, 6)"


@dataclass(frozen=True)
class Outcome:
    """What reading and audit found of a file; `replaces` is the receipt of the file that it takes the place of."""

    read: ReadFile
    found: RowVerdict
    whose: Whose
    replaces: str | None


def receipt_of(one: Delivery, taken: TakenIn, outcome: Outcome) -> Receipt:
    """The receipt of a file that was read and audited."""
    found, verdict = outcome.found, outcome.found.verdict
    counted = verdict.rows_in - verdict.exact_duplicates
    share = verdict.rows_refused / counted if counted else 1.0
    used = not taken.stopped and share <= taken.threshold and verdict.rows_accepted > 0
    in_whole: ReceiptOutcome = "accepted_in_part" if verdict.rows_refused else "accepted"
    reason = Told("", "", "")
    if not used:
        reason = _not_used(one, taken, found, share)
    refusals, refused_in_all = _named(one, found, ("error",))
    warnings, warned_in_all = _named(one, found, ("warning", "info"))
    bare = _bare(one, taken)
    return replace(
        bare,
        outcome=in_whole if used else "refused",
        reason_nl=reason.nl,
        reason_en=reason.en,
        form=outcome.read.form,
        part=outcome.read.part,
        rows_in=verdict.rows_in,
        rows_accepted=verdict.rows_accepted,
        rows_refused=verdict.rows_refused,
        exact_duplicates=verdict.exact_duplicates,
        examples_left_out=outcome.read.examples_left_out,
        replaces=outcome.replaces if used else None,
        notes=tuple(Note(told.code, told.nl, told.en) for told in outcome.read.notes),
        totals=_totals(one.contract, outcome.read.rows, found),
        refusals=refusals,
        refusals_in_all=refused_in_all,
        warnings=warnings,
        warnings_in_all=warned_in_all,
    )


def refused_receipt(one: Delivery, taken: TakenIn, told: Told, read: ReadFile | None = None) -> Receipt:
    """The receipt of a file of which no row is taken in."""
    bare = replace(_bare(one, taken), outcome="refused", reason_nl=told.nl, reason_en=told.en)
    if read is None:
        return bare
    notes = tuple(Note(note.code, note.nl, note.en) for note in read.notes)
    return replace(
        bare, form=read.form, part=read.part, rows_in=read.rows_in, rows_refused=read.rows_in,
        examples_left_out=read.examples_left_out, notes=notes,
    )  # fmt: skip


def repeated_receipt(first: Receipt, file_name: str, moment: str, instead: str | None) -> Receipt:
    """The receipt of a file whose bytes were taken in before: it names the first receipt and changes nothing.

    `instead` is the receipt that took its place since, empty where it was withdrawn and none did.
    """
    nl, en = "Er verandert niets.", "Nothing changes."
    if instead:
        nl += f" Nu staat ontvangstbewijs {instead}; geldt dit bestand toch, vraag de beheerder dat in te trekken."
        en += f" Receipt {instead} stands now; if this file holds after all, ask the steward to withdraw that one."
    elif instead is not None:
        nl += " Het is daarna ingetrokken en telt niet mee."
        en += " It was withdrawn since and does not count."
    return replace(
        first,
        outcome="repeated",
        file_name=file_name,
        received_at=moment,
        reason_nl=f"Dit bestand is al ontvangen op {first.received_at[:10]} (ontvangstbewijs {first.id}). {nl}",
        reason_en=f"This file was received before, on {first.received_at[:10]} (receipt {first.id}). {en}",
    )


def _bare(one: Delivery, taken: TakenIn) -> Receipt:
    registered = deliverers().get(taken.deliverer)
    return Receipt(
        id=taken.id,
        delivery=one.name,
        title_nl=one.contract.title_nl,
        title_en=one.contract.title_en,
        file_name=taken.file_name,
        sha256=taken.sha256,
        bytes=taken.bytes,
        received_at=taken.received_at,
        form="",
        part="",
        outcome="refused",
        reason_nl="",
        reason_en="",
        deliverer=taken.deliverer or None,
        deliverer_name=registered.name if registered else None,
        period=taken.period or None,
        rows_in=0,
        rows_accepted=0,
        rows_refused=0,
        exact_duplicates=0,
        examples_left_out=0,
        threshold=taken.threshold,
        replaces=None,
        notes=(),
        totals=(),
        refusals=(),
        refusals_in_all=0,
        warnings=(),
        warnings_in_all=0,
        contract_version=one.contract.version,
    )


def _not_used(one: Delivery, taken: TakenIn, found: RowVerdict, share: float) -> Told:
    """Why nothing of a file is used, and what to do next."""
    if taken.stopped:
        broken = [rule for rule in one.contract.rules if not rule.per_row and rule.severity == "error"]
        failed = {check.key for check in found.verdict.checks if not check.passed}
        words = [fault_words(one.contract, rule.key) for rule in broken if rule.key in failed]
        return Told(
            "whole_file",
            f"Het bestand als geheel klopt niet; nodig is: {'; '.join(nl for nl, _ in words)}. "
            "Verbeter het en lever het opnieuw.",
            f"The file as a whole is not right; needed is: {'; '.join(en for _, en in words)}. "
            "Correct it and deliver it again.",
        )
    if found.verdict.rows_accepted == 0:
        return Told(
            "no_good_rows",
            "Geen enkele rij voldoet. Verbeter de rijen hieronder en lever het hele bestand opnieuw.",
            "No row meets the contract. Correct the rows below and deliver the whole file again.",
        )
    part, most = f"{share * 100:.1f}", f"{taken.threshold * 100:g}"
    return Told(
        "above_threshold",
        f"{part.replace('.', ',')} % van de rijen is afgekeurd; hoogstens {most.replace('.', ',')} % mag. De goede "
        "rijen worden pas gebruikt als u een verbeterd bestand levert of de beheerder de afgekeurde heeft beoordeeld.",
        f"{part} % of the rows were refused; at most {most} % may be. The good rows are used once you deliver a "
        "corrected file or the steward has decided on the refused rows.",
    )


def _named(one: Delivery, found: RowVerdict, severities: Sequence[str]) -> tuple[tuple[Refusal, ...], int]:
    """The first faults of some severities, each with what would be right, and how many there are in all."""
    if found.faults is None:
        return (), 0
    columns = {column.name: column for column in one.contract.columns}
    listed = ", ".join(literal(severity) for severity in severities)
    source = f"read_parquet({literal(str(found.faults))}) WHERE severity IN ({listed})"
    connection = connect()
    try:
        in_all = connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]
        rows = connection.execute(
            f'SELECT row_number, "column", found, rule, severity FROM {source} '
            f"ORDER BY row_number, rule LIMIT {MOST_REFUSALS}"
        ).fetchall()
    finally:
        connection.close()
    return tuple(_refusal(one.contract, columns, *row) for row in rows), int(in_all)


def _refusal(
    contract: Contract, columns: dict[str, Column], row: int, column: str, found: str, rule: str, severity: Severity
) -> Refusal:
    known = columns.get(column)
    right_nl, right_en = words_of_fault(contract, rule, found)
    return Refusal(
        row_number=row,
        column=column,
        column_nl=known.title_nl if known else column,
        column_en=known.title_en if known else column,
        found=found,
        rule=rule,
        severity=severity,
        right_nl=right_nl,
        right_en=right_en,
    )


def words_of_fault(contract: Contract, rule: str, found: str) -> tuple[str, str]:
    """What would be right for any rule by which a row was refused, in Dutch and in English."""
    reading = reading_rule(contract, rule)
    if reading is not None:
        return READING_RULES[reading].nl, READING_RULES[reading].en
    return fault_words(contract, rule, found)


def _totals(contract: Contract, rows: Path, found: RowVerdict) -> tuple[Total, ...]:
    """Per number column what was read and where it went; read = accepted + refused + duplicates, to the sixth
    decimal."""
    columns = [column for column in contract.columns if column.logical_type in ("number", "integer")]
    if not columns:
        return ()
    parts = ", ".join(f"sum(TRY_CAST({quote(c.name)} AS {_EXACT})) AS {quote(c.name)}" for c in columns)

    def sums(source: str) -> list[Decimal]:
        values = connection.execute(f"SELECT {parts} FROM {source}").fetchall()[0]
        return [Decimal(0) if value is None else Decimal(value) for value in values]

    nothing = [Decimal(0)] * len(columns)
    read_rows = f"read_parquet({literal(str(rows))})"
    connection = connect()
    try:
        read = sums(read_rows)
        accepted = sums(f"read_parquet({literal(str(found.accepted))})")
        refused = sums(f"read_parquet({literal(str(found.refused))})") if found.refused else nothing
        repeated = nothing
        if found.duplicates:
            listed = f"SELECT row_number FROM read_parquet({literal(str(found.duplicates))})"
            repeated = sums(f"{read_rows} WHERE row_number IN ({listed})")
    finally:
        connection.close()
    return tuple(
        total_of(c, read=float(r), accepted=float(a), refused=float(x), duplicates=float(d))
        for c, r, a, x, d in zip(columns, read, accepted, refused, repeated, strict=True)
        if r or a or x or d
    )
