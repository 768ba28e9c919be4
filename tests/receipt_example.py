"""Receipts as deliverers get them: one of each outcome, with what a textile producer's file may well hold."""

from __future__ import annotations

from dataclasses import replace

from publish.receipt import Note, Receipt, Refusal, Total

_TABLE = "declarations_textile"


def refusal(
    row: int | None, column: str, nl: str, en: str, found: str, rule: str, right_nl: str, right_en: str,
    severity: str = "error",
) -> Refusal:  # fmt: skip
    return Refusal(row, column, nl, en, found, f"{_TABLE}__{rule}", severity, right_nl, right_en)  # type: ignore[arg-type]


KVK = ("producer", "KvK-nummer producent", "Producer's KvK number")
KIND = ("category", "Productcategorie", "Product category")
COLLECTED = ("collected_kg", "Gescheiden ingezameld (kg)", "Separately collected (kg)")
MARKET = ("put_on_market_kg", "In de handel gebracht (kg)", "Put on the market (kg)")

REFUSALS = (
    refusal(14, *KVK, "1234567", "producer__pattern", "acht cijfers, met de nul vooraan",
            "eight digits, leading zero included"),
    refusal(203, *KIND, "Consumentenkledng", "category__codelist",
            "een van consumer_clothing (Consumentenkleding), work_wear (Bedrijfskleding), household_textile (Tafel-, "
            "bed- en huishoudlinnen); bedoelt u consumer_clothing?",
            "one of consumer_clothing (Consumer clothing), work_wear (Work wear), household_textile (Table, bed and "
            "household linen); did you mean consumer_clothing?"),
    refusal(377, *MARKET, "12.5 ton", "put_on_market_kg__type", "een getal, zonder eenheid of tekst erbij",
            "a number, without a unit or text beside it"),
    refusal(377, *KIND, "", "category__required", "een waarde", "a value"),
    refusal(810, *COLLECTED, "collected_kg 1200, stock_change_kg –, recycled_kg 1350 = 1350",
            "collected_kg__mass_balance",
            "Voorbereid voor hergebruik (kg) + Gerecycled (kg) + Anders nuttig toegepast (kg) + Verwijderd (kg) "
            "hoogstens Gescheiden ingezameld (kg) min Voorraadmutatie (kg), met 0,5 % speling",
            "Prepared for re-use (kg) + Recycled (kg) + Otherwise recovered (kg) + Disposed of (kg) at most "
            "Separately collected (kg) less Change in stock (kg), within 0.5 %"),
)  # fmt: skip
WARNINGS = (
    refusal(52, *MARKET, "98000 → 640000", "put_on_market_kg__large_change",
            "geen waarde die meer dan 5 keer zo groot of zo klein is als in de vorige periode",
            "no value more than 5 times as large or as small as in the period before", "warning"),
)  # fmt: skip
TOTALS = (
    Total("put_on_market_kg", *MARKET[1:], "kg", 18_452_310.5, 18_211_004.25, 241_206.25, 100.0),
    Total("collected_kg", *COLLECTED[1:], "kg", 6_004_118.0, 5_998_100.0, 6_018.0, 0.0),
)
NOTES = (
    Note("delimiter", "Kolommen gescheiden door een puntkomma.", "Columns separated by a semicolon."),
    Note("decimal", "Decimalen met een komma, herkend aan 311 getallen.",
         "Decimals with a comma, recognised from 311 numbers."),
    Note("trimmed", "Van 7 cellen zijn spaties aan begin of eind weggelaten.",
         "Blanks at the start or end of 7 cells were left out."),
)  # fmt: skip

IN_PART = Receipt(
    id="20261121T030000Z-3f9a1c77",
    delivery=_TABLE,
    title_nl="Opgaven van producenten: textiel",
    title_en="Producer declarations: textile",
    contract_version="1.0.0",
    file_name="opgave 2025 textiel (def).csv",
    sha256="3f9a1c77b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78",
    bytes=184_302,
    received_at="2026-11-21T03:00:00Z",
    form="csv",
    part="",
    outcome="accepted_in_part",
    deliverer="upv_textiel",
    deliverer_name="Stichting UPV Textiel",
    period="2025",
    rows_in=1204,
    rows_accepted=1198,
    rows_refused=4,
    exact_duplicates=2,
    examples_left_out=1,
    threshold=0.05,
    replaces="20261101T091512Z-77aa01be",
    notes=NOTES,
    totals=TOTALS,
    refusals=REFUSALS,
    refusals_in_all=len(REFUSALS),
    warnings=WARNINGS,
    warnings_in_all=len(WARNINGS),
)
ACCEPTED = replace(
    IN_PART, outcome="accepted", rows_accepted=1204, rows_refused=0, exact_duplicates=0, examples_left_out=0,
    replaces=None, refusals=(), refusals_in_all=0, warnings=(), warnings_in_all=0,
    totals=(Total("put_on_market_kg", *MARKET[1:], "kg", 18_452_310.5, 18_452_310.5, 0.0, 0.0),),
)  # fmt: skip
REFUSED = replace(
    IN_PART, outcome="refused", rows_accepted=1100, rows_refused=102, replaces=None,
    reason_nl="102 van de 1.204 rijen zijn geweigerd; dat is 8,5 %, en ten hoogste 5 % mag. Verbeter de rijen "
    "hieronder.",
    reason_en="102 of the 1,204 rows were refused; that is 8.5 %, and at most 5 % may be. Correct the rows below.",
    refusals_in_all=640,
)  # fmt: skip
UNREADABLE = replace(
    IN_PART, outcome="refused", file_name="opgave.xlsm", form="", rows_in=0, rows_accepted=0, rows_refused=0,
    exact_duplicates=0, examples_left_out=0, replaces=None, deliverer=None, deliverer_name=None, period=None,
    notes=(), totals=(), refusals=(), refusals_in_all=0, warnings=(), warnings_in_all=0,
    reason_nl="Het bestand opgave.xlsm bevat macro's (xl/vbaProject.bin). Sla het op als .xlsx zonder macro's.",
    reason_en="The file opgave.xlsm contains macros (xl/vbaProject.bin). Save it as .xlsx without macros.",
)  # fmt: skip
REPEATED = replace(
    ACCEPTED, outcome="repeated", rows_in=0, rows_accepted=0, notes=(), totals=(),
    reason_nl="Hetzelfde bestand is ontvangen op 1 november 2026: ontvangstbewijs 20261101T091512Z-77aa01be.",
    reason_en="The same file was received on 1 November 2026: receipt 20261101T091512Z-77aa01be.",
)  # fmt: skip
EVERY = {
    "in_part": IN_PART, "accepted": ACCEPTED, "refused": REFUSED, "unreadable": UNREADABLE, "repeated": REPEATED,
}  # fmt: skip
