"""The receipt as its deliverer reads it: the sentences, and that a stranger's cell is text and nothing more."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publish.receipt import Note, Receipt, Refusal, Total
from publish.receipt_pages import receipt_html, refused_rows_csv, shown
from publish.receipt_words import what_happened
from publish.unseen import spelled_out
from tests.receipt_example import ACCEPTED, EVERY, IN_PART, REFUSALS, REFUSED, REPEATED, UNREADABLE

LANGUAGES = ("nl", "en")


class Elements(HTMLParser):
    """The elements of a page in order, its text in lines, and the addresses that it names."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.lines: list[str] = []
        self.addresses: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.lines.append(data.strip())


def read(receipt: Receipt, language: Any) -> Elements:
    found = Elements()
    found.feed(receipt_html(receipt, language).decode())
    return found


DUTCH = """\
In English
Ontvangstbewijs · Opgaven van producenten: textiel · Stichting UPV Textiel · 2025
Uw bestand is deels aangenomen: 1.198 van 1.204 rijen zijn overgenomen, 4 geweigerd; 2 stonden er dubbel in.
Rijen
Gelezen
1.204
Overgenomen
1.198
Geweigerd
4
Weggelaten: geheel gelijk aan een eerdere rij
2
Geweigerd is 0,3 % van de rijen; bij meer dan 5 % wordt het hele bestand geweigerd.
Niet meegeteld: 1 rij met het voorbeeld van het sjabloon.
Wat nu
Verbeter de geweigerde rijen en lever het hele bestand opnieuw in. Het vervangt dit bestand geheel: lever niet alleen de verbeterde rijen in.
Tot dan tellen de overgenomen rijen mee en de geweigerde niet.
Wat is geweigerd
Alle geweigerde rijen (CSV)
Rij
Kolom
Waarde
Regel
Wat goed zou zijn
14
KvK-nummer producent
1234567
pattern
acht cijfers, met de nul vooraan"""  # noqa: E501
ENGLISH = """\
In het Nederlands
Receipt · Producer declarations: textile · Stichting UPV Textiel · 2025
Your file is accepted in part: 1,198 of 1,204 rows were taken in, 4 refused; 2 stood in it twice.
Rows
Read
1,204
Taken in
1,198
Refused
4
Left out: identical to an earlier row
2
0.3 % of the rows is refused; with more than 5 % the whole file is refused.
Not counted: 1 row with the example of the template.
What next
Correct the refused rows and hand in the whole file again. It replaces this file as a whole: do not hand in the corrected rows alone.
Until then the rows that were taken in count and the refused ones do not.
What was refused
All refused rows (CSV)
Row
Column
Value
Rule
What would be right
14
Producer's KvK number
1234567
pattern
eight digits, leading zero included"""  # noqa: E501


@pytest.mark.parametrize(("language", "expected"), [("nl", DUTCH), ("en", ENGLISH)])
def test_the_page_says_first_what_happened_then_what_to_do_then_what_was_wrong(language: Any, expected: str) -> None:
    lines = read(IN_PART, language).lines
    start = next(number for number, line in enumerate(lines) if line.startswith("In "))
    assert lines[start : start + expected.count("\n") + 1] == expected.split("\n")


def test_after_the_faults_come_sums_reading_and_particulars() -> None:
    lines = read(IN_PART, "nl").lines
    rest = lines[lines.index("Opmerkelijk") :]
    for line in (
        "Deze rijen tellen mee. Kijk of ze kloppen.", "98000 → 640000",
        "Gelezen is overgenomen plus geweigerd plus dubbel, voor zover er getallen staan.", "18.452.310,5",
        "18.211.004,25",
        "241.206,25", "Kolommen gescheiden door een puntkomma.", "20261121T030000Z-3f9a1c77",
        "Opgaven van producenten: textiel (declarations_textile)", "1.0.0", "Stichting UPV Textiel (upv_textiel)",
        "21 november 2026, 03:00:00 UTC", "opgave 2025 textiel (def).csv", "184.302 bytes",
        "20261101T091512Z-77aa01be", "3f9a1c77b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78",
    ):  # fmt: skip
        assert line in rest
        rest = rest[rest.index(line) :]


@pytest.mark.parametrize(
    ("receipt", "nl", "en"),
    [
        (ACCEPTED, "Uw bestand is aangenomen: alle 1.204 rijen zijn overgenomen.",
         "Your file is accepted: all 1,204 rows were taken in."),
        (replace(ACCEPTED, rows_in=1, rows_accepted=1), "Uw bestand is aangenomen: de ene rij is overgenomen.",
         "Your file is accepted: its one row was taken in."),
        (replace(ACCEPTED, rows_in=3, rows_accepted=2, exact_duplicates=1),
         "Uw bestand is aangenomen: 2 van 3 rijen zijn overgenomen; 1 stond er dubbel in.",
         "Your file is accepted: 2 of 3 rows were taken in; 1 stood in it twice."),
        (replace(IN_PART, rows_in=2, rows_accepted=1, rows_refused=1, exact_duplicates=0),
         "Uw bestand is deels aangenomen: 1 van 2 rijen is overgenomen, 1 geweigerd.",
         "Your file is accepted in part: 1 of 2 rows was taken in, 1 refused."),
        (REFUSED, "Uw bestand is geweigerd: er is geen rij overgenomen.", "Your file is refused: no row was taken in."),
        (REPEATED, "Dit bestand is al eerder ontvangen: er is niets veranderd.",
         "This file was received before: nothing has changed."),
    ],
)  # fmt: skip
def test_the_outcome_is_one_sentence(receipt: Receipt, nl: str, en: str) -> None:
    assert (what_happened(receipt, "nl"), what_happened(receipt, "en")) == (nl, en)


def test_a_refused_file_says_why_and_that_nothing_of_it_counts() -> None:
    lines = read(REFUSED, "nl").lines
    assert REFUSED.reason_nl in lines
    assert "In orde, maar niet overgenomen" in lines and "In orde" in lines
    assert "Overgenomen" not in lines and "Kijk of ze kloppen." in lines
    assert "De eerste 5 van 640." in lines
    assert "Gelezen is in orde plus geweigerd plus dubbel, voor zover er getallen staan." in lines
    assert (
        "Verbeter het bestand en lever het hele bestand opnieuw in. Wat eerder is overgenomen, blijft gelden." in lines
    )


def test_a_file_of_which_nothing_was_read_has_no_tables_of_rows_and_no_link_to_refused_rows() -> None:
    page = read(UNREADABLE, "en")
    assert "The file opgave.xlsm contains macros (xl/vbaProject.bin). Save it as .xlsx without macros." in page.lines
    assert "Rows" not in page.lines and "thead" not in page.names
    assert page.addresses == ["ontvangstbewijs.html", "receipt.json"]


@pytest.mark.parametrize("receipt", EVERY.values(), ids=EVERY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_stands_alone_and_is_the_same_each_time(receipt: Receipt, language: Any) -> None:
    page = receipt_html(receipt, language)
    found = Elements()
    found.feed(page.decode())
    assert page == receipt_html(receipt, language)
    assert f'<html lang="{language}">'.encode() in page
    assert not {"script", "img", "link", "iframe", "form"} & set(found.names)
    beside = {"receipt.html", "ontvangstbewijs.html", "receipt.json", "refused.csv"}
    assert set(found.addresses) <= beside
    assert b"default-src 'none'; style-src 'unsafe-inline'" in page
    assert found.names.count("h1") == 1


HOSTILE = st.text(max_size=40) | st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}{% raw %}", "</code></style><b>",
     "\u202edesrever", "a\r\nb\x00", "\udce9", "x" * 10_000]
)  # fmt: skip


@given(HOSTILE, HOSTILE)
@settings(max_examples=60, deadline=None)
def test_no_text_of_a_delivered_file_becomes_markup(one: str, other: str) -> None:
    receipt = replace(
        IN_PART,
        file_name=one,
        part=other,
        deliverer=one,
        deliverer_name=None,
        period=other,
        notes=(Note("header", one, one),),
        refusals=(Refusal(3, one, other, other, one, other, "error", one, one),),
        refusals_in_all=1,
        reason_nl=other,
        reason_en=other,
    )
    harmless = replace(
        receipt, file_name="x", part="x", deliverer="x", period="x", notes=(Note("header", "x", "x"),),
        refusals=(Refusal(3, "x", "x", "x", "x" if one else "", "x", "error", "x", "x"),), reason_nl="x", reason_en="x",
    )  # fmt: skip
    expected = read(harmless, "nl").names
    if len(one) > 120:  # a value that is cut says how long it was
        expected.append("span")
    if not other:  # without a reason there is no paragraph for it
        expected.remove("p")
    assert sorted(read(receipt, "nl").names) == sorted(expected)
    text = receipt_html(receipt, "nl").decode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u00a0b", "a⟨U+00A0⟩b"),
        ("\tx\r\n", "⟨U+0009⟩x⟨U+000D⟩⟨U+000A⟩"),
        ("\u202edesrever", "⟨U+202E⟩desrever"),
        ("\u200b", "⟨U+200B⟩"),
        ("\udce9", "⟨U+DCE9⟩"),
        ("Zoë – «één» €", "Zoë – «één» €"),
    ],
)
def test_what_is_not_seen_in_a_cell_is_spelled_out(text: str, expected: str) -> None:
    assert spelled_out(text) == shown(text) == expected


def test_a_long_value_is_cut_and_its_length_is_said() -> None:
    long = replace(REFUSALS[0], found="x" * 10_000)
    lines = read(replace(IN_PART, refusals=(long,), refusals_in_all=1), "nl").lines
    assert "x" * 120 + "…" in lines and "(10.000 tekens)" in lines


def test_a_fault_of_the_file_or_of_a_row_as_a_whole_is_called_that() -> None:
    found = (
        replace(REFUSALS[0], row_number=None, column="", column_nl="", column_en=""),
        replace(REFUSALS[0], row_number=1205, column="", column_nl="", column_en=""),
    )
    lines = read(replace(IN_PART, refusals=found, refusals_in_all=2), "en").lines
    start = lines.index("What would be right")
    assert lines[start + 1 : start + 3] == ["the file", "the file"]
    assert lines[start + 6 : start + 8] == ["1205", "the row"]


@pytest.mark.parametrize(
    ("value", "nl"),
    [(0.1 + 0.2, "0,3"), (0.0, "0"), (-0.0, "0"), (1e14, "100.000.000.000.000"), (1e300, "1e+300"), (None, "te groot"),
     (-1234.5, "-1.234,5")],
)  # fmt: skip
def test_a_sum_is_shown_without_the_noise_of_adding(value: float | None, nl: str) -> None:
    total = Total("kg", "Gewicht", "Weight", "kg", value, 7.0, 7.0, 7.0)
    lines = read(replace(IN_PART, totals=(total,)), "nl").lines
    assert lines[lines.index("Gewicht (kg)") + 1] == nl


def rows(csv_bytes: bytes) -> list[list[str]]:
    assert csv_bytes.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(csv_bytes.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_refused_rows_are_given_back_as_they_were() -> None:
    refused = pa.table(
        {
            "row_number": pa.array([14, 203], pa.int64()),
            "producer": ["01234567", None],
            "producer_name": ['De "Draad"; BV', "regel 1\nregel 2"],
            "put_on_market_kg": ["-12.5", "12.5 ton"],
            "refused_by": ["t__producer__pattern", "t__producer__required"],
        }
    )
    assert rows(refused_rows_csv(refused)) == [
        ["row_number", "producer", "producer_name", "put_on_market_kg", "refused_by"],
        ["14", "01234567", 'De "Draad"; BV', "-12.5", "t__producer__pattern"],
        ["203", "", "regel 1\nregel 2", "12.5 ton", "t__producer__required"],
    ]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+31 6", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u00a0=1", "＝1+1", "=cmd|'/C calc'!A0", "-", "\n=1",
     "|x", "%0A"],
)  # fmt: skip
def test_a_cell_that_would_run_as_a_formula_gets_an_apostrophe(text: str) -> None:
    found = rows(refused_rows_csv(pa.table({"row_number": [1], text: [text]})))
    assert found == [["row_number", "'" + text], ["1", "'" + text]]


@pytest.mark.parametrize("text", ["-12", "+3,5", "-0.25", "0012", "a=b", "'x", "2025-Q1"])
def test_a_plain_number_below_zero_and_any_other_text_stay_as_they_are(text: str) -> None:
    assert rows(refused_rows_csv(pa.table({"a": [text]})))[1] == [text]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20), min_size=1))
@settings(max_examples=60, deadline=None)
def test_no_cell_starts_as_a_formula_and_none_is_lost(texts: list[str]) -> None:
    found = rows(refused_rows_csv(pa.table({"n": list(range(len(texts))), "text": texts})))[1:]
    for (_, cell), text in zip(found, texts, strict=True):
        assert cell in (text, "'" + text)
        assert not cell.lstrip().startswith(("=", "@")) and not cell.startswith(("\t", "\r"))


def test_no_refused_rows_give_a_header_only() -> None:
    assert rows(
        refused_rows_csv(pa.table({"row_number": pa.array([], pa.int64()), "a": pa.array([], pa.string())}))
    ) == [["row_number", "a"]]
