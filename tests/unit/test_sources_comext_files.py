"""COMEXT's listing and bulk files: what is read, what is kept, and the words for each kind of damage.

The lines have the form of `full_v2` files; the product codes are those of the domain study.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.comext import COLUMNS, DamagedFile
from assets.sources.comext_listing import Listed, ListingUnreadable, file_url, listing_url, read_listing
from assets.sources.comext_month import LineReader, Wanted, read_month
from assets.sources.comext_products import USES, goods, goods_of, wanted_rows
from contracts.contract import source_contract
from contracts.vocabulary import load_reference_csv
from tests.servers.comext import HEADER, OTHER_FILES, csv_listing, month_file, month_text, page_listing, seven_zip

NL = Wanted(("NL",), ("61", "6309", "9403"))
USED = "NL,PL,I,63090000,26901,3811,3811,620,314200,11,2,1,NO_SU,{period},125000,125000,98000,0"
TABLE = "NL,DE,I,94036090,82159,3109,3109,610,312100,20,1,1,PST,{period},40210,40210,5120,77"
SECRET = "NL,CN,E,94XXXXXX,82XXX,XXXX,XXXX,610,31XXXX,20,1,1,NO_SU,{period},890,890,120,0"
OF_AUSTRIA = "AT,AD,E,63090000,26901,3811,3811,620,314200,11,2,1,NO_SU,{period},65,65,3,0"
HORSE = "NL,DE,I,01012100,00150,0143,0143,111,.....,01,1,1,PST,{period},9000,9000,4500,9"
LINES = (OF_AUSTRIA, HORSE, USED, TABLE, SECRET)

FILES = [
    ("full_v2_202512.7z", 45431111, "12/05/2026 11:00:00"),
    ("full_v2_202452.7z", 96774144, "18/10/2025 23:00:00"),
    ("full_v2_202511.7z", 44100000, "06/01/2026 13:54:24"),
    *[(name, 1234, "06/01/2026 11:00:00") for name in OTHER_FILES],
    ("full_v2_202513.7z", 1, "06/01/2026 11:00:00"),
]
LISTED = [
    Listed("full_v2_202452.7z", "202452", 96774144, "2025-10-18T23:00:00"),
    Listed("full_v2_202511.7z", "202511", 44100000, "2026-01-06T13:54:24"),
    Listed("full_v2_202512.7z", "202512", 45431111, "2026-05-12T11:00:00"),
]


@pytest.mark.parametrize("form", [csv_listing, page_listing])
def test_a_listing_as_csv_and_as_a_page_names_the_same_monthly_and_yearly_files(form: Callable[..., bytes]) -> None:
    assert read_listing(form(FILES)) == LISTED


def test_a_listing_without_sizes_and_dates_is_read_too() -> None:
    assert read_listing(b"NAME\ncomext/COMEXT_DATA/PRODUCTS/full_v2_202512.7z\n") == [
        Listed("full_v2_202512.7z", "202512", None, None)
    ]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "expected CSV with a column NAME"),
        (b'{"error": {"status": 500}}', "expected CSV with a column NAME"),
        (b"<html><body>Maintenance</body></html>", "names no file full_v2_YYYYMM.7z"),
        (b"NAME,SIZE\nfull202512.7z,12\n", "names no file full_v2_YYYYMM.7z"),
        (b"NAME,SIZE\nfull_v2_202512.7z,12\nfull_v2_202512.7z,13\n", "names full_v2_202512.7z twice"),
    ],
)
def test_what_is_no_listing_is_said(body: bytes, says: str) -> None:
    with pytest.raises(ListingUnreadable, match=says):
        read_listing(body)


def test_the_addresses_are_those_of_the_files_api() -> None:
    base = "https://ec.europa.eu/eurostat/api/dissemination/files/"
    assert listing_url(base) == (
        "https://ec.europa.eu/eurostat/api/dissemination/files?format=csv&dir=comext%2FCOMEXT_DATA%2FPRODUCTS"
        "&hierarchy=false&sizeFormat=NONE&dateFormat=ISO"
    )
    assert file_url(base, "full_v2_202512.7z") == (
        "https://ec.europa.eu/eurostat/api/dissemination/files?file=comext%2FCOMEXT_DATA%2FPRODUCTS%2Ffull_v2_202512.7z"
    )


@pytest.mark.parametrize(
    ("product", "taken"),
    [
        ("63090000", True),
        ("61091000", True),
        ("63101000", False),
        ("94036090", True),
        ("94016100", False),
        ("94XXXXXX", True),  # may hide 9403
        ("9403XXXX", True),
        ("9401XXXX", False),  # hides no 9403
        ("39XXXXXX", False),
        ("99SSS999", False),
        ("XXXXXXXX", True),  # may hide anything
    ],
)
def test_a_product_is_kept_by_its_digits_and_a_secret_one_where_it_may_hide_one(product: str, taken: bool) -> None:
    assert NL.takes(product) is taken


def test_the_selection_has_a_name_of_its_own() -> None:
    assert NL.digest == Wanted(("NL",), ("9403", "61", "6309")).digest
    assert NL.digest != Wanted(("BE",), ("61", "6309", "9403")).digest
    assert NL.digest != Wanted(("NL",), ("61", "6309")).digest


def test_a_month_keeps_the_wanted_rows_whole_and_as_text() -> None:
    month = read_month(month_file("202512", LINES), "202512", NL)
    assert (month.lines, month.member) == (5, "full_202512.dat")
    assert month.rows.schema.names == list(COLUMNS)
    kept = [",".join(row.values()) for row in month.rows.to_pylist()]
    assert kept == [line.format(period="202512") for line in (USED, TABLE, SECRET)]


def test_line_ends_of_another_system_and_a_byte_order_mark_make_no_difference() -> None:
    text = b"\xef\xbb\xbf" + month_text("202512", LINES).replace(b"\n", b"\r\n")
    month = read_month(seven_zip(("full_202512.dat", text)), "202512", NL)
    assert month.rows.equals(read_month(month_file("202512", LINES), "202512", NL).rows)


def test_a_year_is_month_52() -> None:
    month = read_month(month_file("202452", LINES), "202452", NL)
    assert month.rows.column("PERIOD").to_pylist() == ["202452"] * 3


@given(st.lists(st.integers(1, 700), max_size=12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_where_the_pieces_of_the_stream_are_cut_makes_no_difference(cuts: list[int], ends_in_line_end: bool) -> None:
    text = month_text("202512", LINES)
    text = text if ends_in_line_end else text.rstrip(b"\n")
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    reader = LineReader("202512", NL)
    for start, end in pairwise(places):
        reader.take(text[start:end])
    reader.end()
    assert reader.lines == 5
    assert [code for table in reader.kept for code in table.column("PRODUCT_NC").to_pylist()] == [
        "63090000", "94036090", "94XXXXXX",
    ]  # fmt: skip


def _with_header(header: str) -> bytes:
    text = month_text("202512", LINES).replace(HEADER.encode(), header.encode())
    return seven_zip(("full_202512.dat", text))


# what came in place of the month 202512, and the words for it
DAMAGE: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut short": (lambda: month_file("202512", LINES * 50)[:-40], "cut short or damaged"),
    "empty": (lambda: b"", "expected a 7z file"),
    "a page": (lambda: b"<html><body>Maintenance</body></html>", "expected a 7z file, found a body that starts with"),
    "an altered byte": (
        lambda: (lambda body: body[:60] + bytes([body[60] ^ 0xFF]) + body[61:])(month_file("202512", LINES * 50)),
        "cut short or damaged",
    ),
    "another member": (
        lambda: seven_zip(("full_202511.dat", month_text("202512", LINES))),
        "expected one member like .*, found 1: full_202511.dat",
    ),
    "two members": (
        lambda: seven_zip(("full_202512.dat", month_text("202512", LINES)), ("readme.txt", b"x")),
        "expected one member, found 2: packed together",
    ),
    "no member": (lambda: seven_zip(), "expected one member, found none: the 7z file is empty"),
    "a path out of the folder": (
        lambda: seven_zip(("x/full_202512.dat", month_text("202512", LINES))),
        "expected one member like .*, found 1: x/full_202512.dat",
    ),
    "the older header": (
        lambda: _with_header("DECLARANT,PARTNER,PRODUCT_NC,FLOW,STAT_REGIME,PERIOD,VALUE_IN_EUROS"),
        "expected the 18 columns of full_v2, found others .DECLARANT, STAT_REGIME, VALUE_IN_EUROS too many",
    ),
    "a column more": (lambda: _with_header(HEADER + ",OBS_FLAG"), "OBS_FLAG too many, nothing missing"),
    "columns in another order": (
        lambda: _with_header(",".join(reversed(COLUMNS))),
        "expected the 18 columns of full_v2, found others",
    ),
    "a line cut short": (
        lambda: month_file("202512", [*LINES, "NL,PL,I,63090000"]),
        "expected 18 fields of UTF-8 text on every line .*Expected 18 columns, got 4",
    ),
    "bytes that are no UTF-8": (
        lambda: seven_zip(("full_202512.dat", month_text("202512", LINES).replace(b"PST", b"\xe9T"))),
        "expected 18 fields of UTF-8 text on every line .*invalid UTF8",
    ),
    "another month inside": (
        lambda: seven_zip(("full_202512.dat", month_text("202511", LINES))),
        "expected only period 202512, found 202511",
    ),
    "nothing below the header": (lambda: month_file("202512", []), "expected lines below the header, found none"),
    "nothing at all": (lambda: seven_zip(("full_202512.dat", b"")), "expected a header and lines"),
    "no row of the Netherlands": (
        lambda: month_file("202512", [OF_AUSTRIA]),
        "expected rows of reporter NL, found none in 1 lines",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_refused_in_words(name: str) -> None:
    make, says = DAMAGE[name]
    with pytest.raises(DamagedFile, match=says):
        read_month(make(), "202512", NL)


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_a_file_with_any_byte_altered_or_any_end_lost_is_refused_or_gives_the_same_rows(data: st.DataObject) -> None:
    whole = month_file("202512", LINES)
    place = data.draw(st.integers(0, len(whole) - 1))
    body = whole[:place]
    if data.draw(st.booleans()):
        body += bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    try:
        month = read_month(body, "202512", NL)
    except DamagedFile:
        return
    assert month.rows.num_rows == 3


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.sources.comext_month.UNPACKED_LIMIT", 200)
    with pytest.raises(DamagedFile, match=r"unpacks to 6.. bytes, expected at most 200"):
        read_month(month_file("202512", LINES), "202512", NL)


# products of the domain study, chapters 2 to 4, and of the list of Statistics Netherlands
@pytest.mark.parametrize(
    ("product", "chain_table", "part", "use"),
    [
        ("61091000", "textile", "clothing", "consumption"),
        ("63026000", "textile", "household_linen", "consumption"),
        ("63090000", "textile", "used_textiles", "used_goods"),
        ("94016100", "furniture", "seats", "consumption"),
        ("94011000", "furniture", "seats", "left_out"),
        ("94012000", "furniture", "seats", "left_out"),
        ("94042910", "furniture", "mattresses", "consumption"),
        ("94049090", "furniture", "bedding", "left_out"),
        ("39152000", "packaging", "plastic_waste", "waste"),
        ("85284200", "electronics", "0308", "consumption"),
        ("85121000", "electronics", "0501", "consumption"),  # 0506 until 2007
        ("85285999", "electronics", "unmatched", "unmatched"),
    ],
)
def test_a_product_counts_as_its_longest_prefix_says(product: str, chain_table: str, part: str, use: str) -> None:
    found = goods_of(product, goods("comext_products"))
    assert found is not None
    assert (found.chain_table, found.part, found.use) == (chain_table, part, use)


@pytest.mark.parametrize("product", ["01012100", "94XXXXXX", "XXXXXXXX", ""])
def test_an_unknown_or_secret_product_counts_as_nothing(product: str) -> None:
    assert goods_of(product, goods("comext_products")) is None


def test_every_product_names_its_source_in_two_languages() -> None:
    rows = load_reference_csv("comext_products")
    assert {row["chain_table"] for row in rows} == {"electronics", "furniture", "packaging", "textile"}
    assert len({row["prefix"] for row in rows}) == len(rows)
    wrong = [
        row["prefix"]
        for row in rows
        if not (row["prefix"].isdecimal() and 2 <= len(row["prefix"]) <= 8 and row["use"] in USES)
        or not all(row[column] for column in ("part", "label_nl", "label_en", "source_nl", "source_en", "confidence"))
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["comext_months", "comext_years"])
def test_the_contracts_name_the_columns_of_the_file_and_a_selection(name: str) -> None:
    contract = source_contract(name)
    assert contract.column_names == COLUMNS
    wanted = wanted_rows(contract)
    assert wanted.reporters == ("NL",)
    assert {"61", "62", "6302", "6309", "9401", "9403", "9404", "3915"} <= set(wanted.prefixes)
    assert not any(len(prefix) > 4 for prefix in wanted.prefixes), "whole headings, so that a new CN code is not lost"
