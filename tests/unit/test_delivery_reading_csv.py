"""A delivered CSV becomes rows of text: encodings, delimiters, decimal signs, headers, and rows that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.deliveries.delivered_file import READING_RULES, Declared
from tests.delivered_files import ROW, broken_of, cells_of, csv_bytes, note_codes, read, refusal, rows_of

HEADER = ("deliverer", "period", "producer", "producer_name", "country", "collected_kg")


def table(*weights: str, delimiter: str = ";", above: str = "") -> bytes:
    """A CSV with these texts as weights, one a row."""
    rows = [("upv_textiel", "2025", "01234567", "Jansen", "NL", weight) for weight in weights]
    return above.encode() + csv_bytes([HEADER, *rows], delimiter)


def test_a_row_comes_out_as_it_was_handed_in(tmp_path: Path) -> None:
    found = read(csv_bytes([tuple(ROW), tuple(ROW.values())], ","), tmp_path)
    assert rows_of(found) == [{"row_number": 2, **ROW}]
    assert (found.form, found.part, found.rows_in, found.examples_left_out, found.broken) == ("csv", "", 1, 0, None)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Indiener *;Periode *;KvK-nummer *;Ingezameld (kg)", "Dutch titles, required ones marked"),
        ("DELIVERER; period ;KvK number;collected (KG)", "English titles, any case, space around"),
        ("KvK-nummer;collected_kg;Deliverer;\u00a0Periode", "any order, languages mixed, a space that does not break"),
    ],
)
def test_a_header_may_have_any_of_the_names_in_any_order(header: str, why: str, tmp_path: Path) -> None:
    values = {"KvK": "01234567", "Ind": "upv_textiel", "Del": "upv_textiel", "DEL": "upv_textiel", "per": "2025"}
    row = [values.get(name.strip()[:3], "2025" if "Per" in name else "12") for name in header.split(";")]
    found = read(f"{header}\n{';'.join(row)}\n".encode(), tmp_path)
    assert rows_of(found) == [
        {"row_number": 2, "deliverer": "upv_textiel", "period": "2025", "producer": "01234567", "collected_kg": "12"}
    ], why
    assert "columns_absent" in note_codes(found)


@pytest.mark.parametrize(
    ("encoding", "bom", "told"),
    [("utf-8", b"", False), ("utf-8", b"\xef\xbb\xbf", False), ("cp1252", b"", True)],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_letters_survive_each_encoding_and_line_end(
    encoding: str, bom: bytes, told: bool, line_end: str, tmp_path: Path
) -> None:
    text = table("12").decode().replace("Jansen", "Café ’t Hoekje – €").replace("\n", line_end)
    found = read(bom + text.encode(encoding), tmp_path)
    assert cells_of(found, "producer_name") == ["Café ’t Hoekje – €"]
    assert ("read_as_windows_1252" in note_codes(found)) is told


def test_the_header_decides_the_delimiter_whatever_the_data_holds(tmp_path: Path) -> None:
    rows = [HEADER, ("upv_textiel", "2025", "01234567", "A, B, C, D, E, F, G en H", "NL", "1,5")]
    found = read(csv_bytes(rows, ";"), tmp_path)
    assert cells_of(found, "producer_name") == ["A, B, C, D, E, F, G en H"]
    assert cells_of(read(csv_bytes(rows, "\t"), tmp_path), "collected_kg") == ["1.5"]


def test_a_title_with_a_comma_in_it_does_not_split(tmp_path: Path) -> None:
    head = 'Deliverer,Period,KvK number,"Name, as registered",Country,Collected (kg)\n'
    found = read(head.encode() + b'upv_textiel,2025,01234567,"Jansen, ""de"" Zoon",NL,1.5\n', tmp_path)
    assert cells_of(found, "producer_name") == ['Jansen, "de" Zoon']


def test_a_row_number_is_the_line_of_an_editor(tmp_path: Path) -> None:
    row = "upv_textiel;2025;01234567;{};NL;1\n"
    body = "\n" + ";".join(HEADER) + "\n" + row.format('"twee\nregels"') + row.format("x") + "\n\n" + row.format("y")
    found = read(body.encode(), tmp_path)
    assert cells_of(found, "row_number") == [3, 5, 8]
    assert [note.nl for note in found.notes if note.code == "empty_rows"] == ["2 lege rijen zijn overgeslagen."]


@pytest.mark.parametrize(
    ("weights", "read_as", "sign"),
    [
        (["12", "7"], ["12", "7"], None),
        (["1,5"], ["1.5"], "komma"),
        (["1.5"], ["1.5"], "punt"),
        (["1.234,5"], ["1234.5"], "komma"),
        (["1,234.5"], ["1234.5"], "punt"),
        (["1.234", "0,5"], ["1234", "0.5"], "komma"),
        (["1.234", "0.5"], ["1.234", "0.5"], "punt"),
        (["1,234", "0.5"], ["1234", "0.5"], "punt"),
        (["1.234.567"], ["1234567"], "komma"),
        (["1,234,567.25"], ["1234567.25"], "punt"),
        (["0,123"], ["0.123"], "komma"),
        (["1234,567"], ["1234.567"], "komma"),
        (["-1,25", "+3"], ["-1.25", "+3"], "komma"),
        (["1,5E+03"], ["1.5E+03"], "komma"),
        # no numbers: they stay as they are, for the audit to refuse
        (["1,5", "12 kg", "NaN", "inf", "1,2,3", "1.23.4"], ["1.5", "12 kg", "NaN", "inf", "1,2,3", "1.23.4"], "komma"),
        (["1.5", "1,2,3", "1,5 t"], ["1.5", "1,2,3", "1,5 t"], "punt"),
    ],
)
def test_a_decimal_sign_is_recognised_by_evidence(
    weights: list[str], read_as: list[str], sign: str | None, tmp_path: Path
) -> None:
    found = read(table(*weights), tmp_path)
    assert cells_of(found, "collected_kg") == read_as
    told = [note.nl for note in found.notes if note.code == "decimal_recognised"]
    assert (f"decimale {sign}" in told[0]) if sign else told == []


def test_the_cell_that_shows_the_decimal_sign_is_named(tmp_path: Path) -> None:
    found = read(table("1.234", "0,5"), tmp_path)
    assert [note.nl for note in found.notes if note.code == "decimal_recognised"] == [
        "Gelezen met een decimale komma, herkend aan '0,5' op regel 3, kolom Ingezameld (kg)."
    ]


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (["1.234"], "regel 2, kolom Ingezameld (kg), staat '1.234'"),
        (["12", "1,234"], "regel 3, kolom Ingezameld (kg), staat '1,234'"),
        (["1,5", "1.5"], "'1,5' (regel 2, kolom Ingezameld (kg)) heeft een decimale komma, '1.5' (regel 3,"),
    ],
)
def test_a_decimal_sign_in_doubt_is_refused_with_the_cell(weights: list[str], says: str, tmp_path: Path) -> None:
    told = refusal(table(*weights), tmp_path)
    assert told.code == "decimal_unclear"
    assert says in told.nl


@pytest.mark.parametrize(
    "other", ["voorbeeld;2025;12345678;x;NL;1.234.567,5", "upv_textiel;2025;01234567;Jan;sen;NL;1,5;2,5"]
)
def test_an_example_and_a_line_with_too_many_cells_say_nothing_of_the_decimal_sign(other: str, tmp_path: Path) -> None:
    head, row = table("1.5").splitlines(keepends=True)
    found = read(head + other.encode() + b"\n" + row, tmp_path)
    assert cells_of(found, "collected_kg")[-1] == "1.5"
    assert (
        refusal(head + other.encode() + b"\n" + row.replace(b"1.5", b"1.234"), tmp_path / "b").code == "decimal_unclear"
    )


@pytest.mark.parametrize(
    ("above", "declared"),
    [
        ("#decimal=comma\n", None),
        ("# Decimal = komma;;;;;\n\n", None),
        ("", Declared(decimal="comma")),
        ("#decimal=comma\n", Declared(decimal="comma")),
    ],
)
def test_a_decimal_sign_may_be_declared_in_the_file_or_beside_it(
    above: str, declared: Declared | None, tmp_path: Path
) -> None:
    found = read(table("1.234", above=above), tmp_path, declared=declared)
    assert cells_of(found, "collected_kg") == ["1234"]
    assert "decimal_declared" in note_codes(found)


def test_a_cell_that_contradicts_the_declared_sign_refuses_its_row(tmp_path: Path) -> None:
    found = read(table("1.234", "12.5"), tmp_path, declared=Declared(decimal="comma"))
    assert broken_of(found) == [(3, "collected_kg", "12.5", "other_decimal_sign")]


@pytest.mark.parametrize("above", ["#decimal=tientallen\n", "#decimal=point\n"])
def test_a_declaration_that_is_unknown_or_contradicts_another_is_refused(above: str, tmp_path: Path) -> None:
    assert refusal(table("1", above=above), tmp_path, declared=Declared(decimal="comma")).code == "decimal_unclear"


def test_codes_may_be_written_as_labels(tmp_path: Path) -> None:
    rows = [
        ("upv_textiel", "2025", "01234567", "x", land, "1")
        for land in ("NL", "nederland", " Netherlands", "be", "Nergens")
    ]
    found = read(csv_bytes([HEADER, *rows]), tmp_path)
    assert cells_of(found, "country") == ["NL", "NL", "NL", "BE", "Nergens"]


def test_yes_and_no_are_read_in_both_languages(tmp_path: Path) -> None:
    rows = [("upv_textiel", "2025", "01234567", said) for said in ("WAAR", "nee", "true", "No", "misschien")]
    found = read(csv_bytes([("deliverer", "period", "producer", "weighed"), *rows]), tmp_path)
    assert cells_of(found, "weighed") == ["true", "false", "true", "false", "misschien"]


def test_spaces_around_cells_are_left_out_and_told(tmp_path: Path) -> None:
    found = read(table(" 12\u00a0", "3\t", "4"), tmp_path)
    assert cells_of(found, "collected_kg") == ["12", "3", "4"]
    assert [note.en for note in found.notes if note.code == "cells_trimmed"] == [
        "Space around the text of 2 cells was left out."
    ]


def test_the_example_row_and_empty_rows_are_no_rows(tmp_path: Path) -> None:
    rows = [("Voorbeeld", "2025", "12345678", "=fout", "NL", "1"), ("",) * 6, (" ", "", "", "", "", "\u00a0")]
    found = read(csv_bytes([HEADER, *rows, ("upv_textiel", "2025", "01234567", "x", "NL", "1")]) + b"\n", tmp_path)
    assert (found.rows_in, found.examples_left_out, cells_of(found, "row_number")) == (1, 1, [5])
    assert found.broken is None, "the fault in the example row is nobody's"
    assert [note.nl for note in found.notes if note.code == "empty_rows"] == ["3 lege rijen zijn overgeslagen."]


@pytest.mark.parametrize(
    ("line", "found_words"),
    [
        ("upv_textiel;2025;01234567;Jansen;NL", "upv_textiel;2025;01234567;Jansen;NL"),
        ("upv_textiel;2025;01234567;Jan;sen;NL;1", "upv_textiel;2025;01234567;Jan;sen;NL;1"),
    ],
)
def test_a_line_with_other_than_the_headers_number_of_cells_refuses_its_row(
    line: str, found_words: str, tmp_path: Path
) -> None:
    found = read(table("1") + line.encode() + b"\n" + table("2").split(b"\n", 1)[1], tmp_path)
    assert broken_of(found) == [(3, "", found_words, "cells_differ")]
    assert cells_of(found, "row_number") == [2, 3, 4], "the row is there, with what could be read"
    assert cells_of(found, "producer")[1] == "01234567"


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("=1+1", "runs_as_formula"),
        ("+31 6 123", "runs_as_formula"),
        ("-", "runs_as_formula"),
        ("@SUM(A1)", "runs_as_formula"),
        ("\t=cmd|' /C calc'!A0", "runs_as_formula"),
        ("＝1+1", "runs_as_formula"),
        ("8,71E+12", "scientific_for_text"),
    ],
)
def test_a_text_that_a_spreadsheet_would_run_or_has_spoiled_refuses_its_row(
    name: str, rule: str, tmp_path: Path
) -> None:
    found = read(table("1").replace(b"Jansen", name.encode()), tmp_path)
    assert broken_of(found) == [(2, "producer_name", name.strip(), rule)]
    assert rule in READING_RULES


@pytest.mark.parametrize("name", ["A-merk", "3M", "Jansen = Zoon", "'t Hoekje", "E+H"])
def test_an_ordinary_text_is_left_alone(name: str, tmp_path: Path) -> None:
    found = read(table("1").replace(b"Jansen", name.encode()), tmp_path)
    assert (cells_of(found, "producer_name"), found.broken) == ([name], None)


def test_a_cell_that_is_too_long_refuses_its_row_and_is_cut(tmp_path: Path) -> None:
    found = read(table("1").replace(b"Jansen", b"x" * 10_001), tmp_path)
    assert [(row, column, rule) for row, column, _, rule in broken_of(found)] == [(2, "producer_name", "cell_too_long")]
    assert cells_of(found, "producer_name") == ["x" * 10_000]


def test_columns_without_name_and_without_values_are_passed_over(tmp_path: Path) -> None:
    body = b"\n".join(line + b";;" for line in table("1", "2").splitlines()) + b"\n"
    assert cells_of(read(body, tmp_path), "collected_kg") == ["1", "2"]


@pytest.mark.parametrize("first", ["sep=;\n", "SEP=;;;;\r\n"])
def test_the_line_that_names_the_delimiter_for_a_spreadsheet_is_read(first: str, tmp_path: Path) -> None:
    assert cells_of(read(table("1", above=first), tmp_path), "row_number") == [3]


def test_reading_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    body = table("1,5", "x", "2") + b"a;b\n"
    first, second = read(body, tmp_path / "a"), read(body, tmp_path / "b")
    assert first.rows.read_bytes() == second.rows.read_bytes()
    assert first.broken is not None
    assert second.broken is not None
    assert first.broken.read_bytes() == second.broken.read_bytes()
    assert sorted(p.name for p in (tmp_path / "a" / "read").iterdir()) == ["broken.parquet", "rows.parquet"]
