"""The table of bad deliveries: each is answered in words with a receipt, and leaves nothing behind outside the home.

Through the command line, as a deliverer meets it. The files are in `tests/bad_deliveries.py`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from pipelines.cli import main
from publish.receipt import read_receipt
from tests.bad_deliveries import FILES
from tests.conftest import EPOCH
from tests.delivered_example import TEXTILE, as_csv, declared, good_rows

A_THIRD = "33,3 % van de rijen is afgekeurd; hoogstens 5 % mag."
TWO_THIRDS = "66,7 % van de rijen is afgekeurd; hoogstens 5 % mag."
OUTSIDE = "wijst naar een plaats buiten het pakket."
#: What was handed in -> exit code, and what the receipt says of it.
ANSWERS: dict[str, tuple[int, tuple[str, ...]]] = {
    "zip bomb": (1, ("Uitgepakt is het bestand 60.000.000 bytes of meer",)),
    "zip in which a path climbs out": (1, (f"Het pad '../../buiten.csv' {OUTSIDE}",)),
    "path of a package that climbs out": (1, (f"Het pad '../buiten.csv' {OUTSIDE}",)),
    "absolute path in a package": (1, (f"Het pad '/etc/passwd' {OUTSIDE}",)),
    "remote path in a package": (1, (f"Het pad 'https://example.org/rows.csv' {OUTSIDE}",)),
    "XML entity bomb in a workbook": (1, ("bevat een DOCTYPE, waarmee entiteiten kunnen worden opgeblazen",)),
    "workbook with macros": (1, ("Het werkboek bevat macro's. Sla het op als",)),
    "formula cells in a workbook": (
        1,
        (A_THIRD, "rij 2, In de handel gebracht (kg): =SUM(A1:A9) -> Vervang de formule door haar uitkomst"),
    ),
    "cells that run as formulas": (
        1,
        (A_THIRD, 'rij 4, Naam producent: =HYPERLINK("http://x") -> Laat een tekst niet beginnen met ='),
    ),
    "10,000 columns": (1, ("Regel 1 heeft 10.015 kolommen; Ketenmonitor leest er hoogstens 200.",)),
    "one line without end": (1, ("Regel 5 is langer dan 1.000.000 bytes. Verwacht: één rij per regel.",)),
    "binary that is called csv": (1, ("Het bestand is geen tekst: op regel 2 staat een nul-byte.",)),
    "picture that is called csv": (1, ("Dit is een afbeelding (PNG).",)),
    "empty file": (1, ("Het bestand is leeg (0 bytes). Vul het sjabloon in",)),
    "header only": (1, ("Onder de kopregel staan geen rijen.",)),
    "merged cells": (1, (TWO_THIRDS, "rij 3, KvK-nummer producent: C2:C3 -> Splits de samengevoegde cellen")),
    "hidden rows": (0, ("Eén verborgen rij is meegelezen: rij 3.",)),
    "hidden sheet": (0, ("Verborgen bladen zijn niet gelezen: 'Oud'.",)),
    "date where a number belongs": (1, (A_THIRD, "2023-03-15 -> Zet de cel op getalnotatie")),
    "NaN and infinity": (
        1,
        (TWO_THIRDS, "rij 3, In de handel gebracht (kg): NaN -> een getal", "rij 4, In de handel gebracht (kg): Inf"),
    ),
    "code in scientific notation": (1, (A_THIRD, "rij 4, KvK-nummer producent: 1.23457E+7 -> acht cijfers")),
    "leading zeros lost": (1, (A_THIRD, "rij 2, KvK-nummer producent: 1234567 -> Zet de kolom op tekstnotatie")),
    "duplicated header": (1, ("de kolom Gescheiden ingezameld (kg) staat er twee keer",)),
    "unknown header": (1, ("Regel 1: kolom 'voorraad_onbekend' hoort niet bij deze levering.",)),
    "missing column": (1, ("Regel 1: deze verplichte kolom ontbreekt: 'Productcategorie'.",)),
    "header in another language and order": (0, ("alle 3 rijen zijn overgenomen",)),
    "trailing spaces": (0, ("Van 15 cellen is de spatie aan het begin of eind weggelaten.",)),
    "mixed units": (1, (A_THIRD, "12.5 ton -> een getal, zonder eenheid of tekst erbij")),
    "two periods": (1, ("In het bestand staan 2 perioden: 2025 (2×, eerst rij 2), 2024 (1×, eerst rij 4).",)),
    "period that is not over": (1, ("De periode 2027 is nog niet voorbij.",)),
    "deliverer that is not registered": (1, ("De indiener 'acme' is niet geregistreerd.",)),
    "deliverer of something else": (1, ("is geregistreerd, maar niet als indiener van deze levering",)),
    "decimal sign that may be either": (1, ("staat '1.234': dat kan duizendtallen of decimalen betekenen",)),
    "Windows-1252": (0, ("Het bestand is geen UTF-8 en is gelezen als Windows-1252",)),
    "lines of another length": (1, (A_THIRD, "rij 4, de hele rij: upv_textiel,,2025")),
    "Parquet that was cut off": (1, ("Het Parquet-bestand is beschadigd of onvolledig.",)),
    "workbook with a password": (1, ("Dit werkboek is beveiligd met een wachtwoord.",)),
    "package of two tables": (1, ("Het pakket heeft geen onderdeel voor deze levering; gevonden: 'a', 'b'.",)),
    "zip in a zip": (1, ("Dit is een zip in een zip.",)),
    "folder that is no package": (0, ("alle 3 rijen zijn overgenomen",)),
    "the empty template": (1, ("In het bestand staat alleen de voorbeeldrij.",)),
    "nothing that may be used": (1, ("Geen enkele rij voldoet.", "rij 3, Productcategorie: tassen -> een van")),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in; temporary files of the process would lie in `tmp` below it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "in").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def deliver(desk: Path, path: Path, *more: str) -> int:
    return main(["deliver", str(path), "--as", TEXTILE, "--home", str(desk / "home"), *more])


def test_every_bad_file_has_its_answer() -> None:
    assert FILES.keys() == ANSWERS.keys()


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_answered_with_a_receipt_and_leaves_nothing_behind(
    name: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = FILES[name](desk / "in")
    handed = {part: part.read_bytes() for part in [path, *path.rglob("*")] if part.is_file()}
    code, words = ANSWERS[name]
    assert deliver(desk, path) == code
    said = capsys.readouterr()
    assert said.err == ""
    for expected in words:
        assert expected in said.out, said.out
    (page,) = [line for line in said.out.splitlines() if line.startswith("Ontvangstbewijs: ")]
    assert Path(page.removeprefix("Ontvangstbewijs: ")).read_text(encoding="utf-8").startswith("<!doctype html>")
    (folder,) = (desk / "home/deliveries" / TEXTILE).iterdir()
    receipt = read_receipt((folder / "receipt.json").read_bytes())
    assert receipt.outcome == ("refused" if code else "accepted")
    assert receipt.rows_in == receipt.rows_accepted + receipt.rows_refused + receipt.exact_duplicates
    # the original is in the archive, where it was handed in it is as it was, and nothing lies anywhere else
    archived = sorted((desk / "home/archive" / f"delivery_{TEXTILE}").iterdir())
    assert [part.name for part in archived] == [receipt.sha256, f"{receipt.sha256}.json"]
    assert {part: part.read_bytes() for part in handed} == handed
    assert sorted(part.name for part in desk.iterdir()) == ["home", "in", "tmp"]
    assert sorted(part.name for part in (desk / "home").iterdir()) == ["archive", "deliveries"]
    assert list((desk / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("MAX_MB", "0.0001", "Het is niet gearchiveerd."),
        ("MAX_ROWS", "2", "Het bestand heeft meer dan 2 rijen"),
        ("MAX_SECONDS", "0.0000001", "Het lezen duurde langer dan"),
    ],
)
def test_limits_are_settings(
    setting: str,
    value: str,
    words: str,
    desk: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"KETENMONITOR_DELIVERY_{setting}", value)
    (desk / "in/opgave.csv").write_bytes(as_csv(good_rows(3)))
    assert deliver(desk, desk / "in/opgave.csv") == 1
    assert words in capsys.readouterr().out


def test_tonnes_in_place_of_kilograms_are_noticed_against_the_period_before(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "in/2024.csv").write_bytes(as_csv(good_rows(30, period="2024")))
    slipped = [*good_rows(29), declared(30, market=130.0)]
    (desk / "in/2025.csv").write_bytes(as_csv(slipped))
    assert deliver(desk, desk / "in/2024.csv") == 0
    assert deliver(desk, desk / "in/2025.csv", "--json") == 1
    said = capsys.readouterr().out
    receipt = json.loads(said[said.index("{") :])
    assert (receipt["outcome"], receipt["rows_refused"]) == ("accepted_in_part", 1)
    assert {refusal["rule"] for refusal in receipt["refusals"]} == {f"{TEXTILE}__put_on_market_kg__unit_slip"}
    assert {refusal["row_number"] for refusal in receipt["refusals"]} == {31}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["deliver", "nergens.csv", "--as", TEXTILE], "there is no file nergens.csv"),
        (["deliver", "in", "--as", "textiel"], "there is no delivery 'textiel'; there are craft_centre_returns"),
        (["deliver", "/dev/zero", "--as", TEXTILE], "there is no file /dev/zero"),
    ],
)
def test_wrong_use_of_the_command_is_code_2_and_writes_nothing(
    arguments: list[str], words: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--home", str(desk / "home")]) == 2
    assert words in capsys.readouterr().err
    assert not (desk / "home").exists()
