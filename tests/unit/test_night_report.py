"""The morning report: the answer in its first line, what asks for somebody with what to do, and what differs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.changelog import sentences
from publish.night_asks import asks
from publish.night_comparison import differences
from publish.night_facts import FactsUnreadable, FailureFacts, NightFacts, facts_json, read_facts
from publish.night_reading import Addresses
from publish.night_report import report_html, report_markdown, report_text
from publish.night_words import clock, day_here, duration, first_line
from publish.numbers_and_dates import Language
from tests.night_example import (
    A_WEEK_BEFORE,
    ASKING,
    BEFORE,
    GDP,
    HEADLINE,
    MOMENT,
    OBSERVATIONS,
    PACKAGING,
    QUIET,
    REFUSAL,
    RELEASED,
    WASPAC,
)


@pytest.mark.parametrize(
    ("facts", "nl", "en"),
    [
        (QUIET, "Alles is gegaan zoals het hoort: niets nieuws", "All went as it should: nothing new"),
        (
            RELEASED,
            "Alles is gegaan zoals het hoort: 1 dataset uitgegeven",
            "All went as it should: 1 dataset released",
        ),
        (
            replace(QUIET, failures=(REFUSAL,), outcome="partly"),
            "1 ding vraagt om u; verder niets nieuws",
            "1 thing asks for you; otherwise nothing new",
        ),
        (ASKING, "5 dingen vragen om u; verder niets nieuws", "5 things ask for you; otherwise nothing new"),
        (
            replace(QUIET, outcome="failed", failures=(replace(REFUSAL, kind="broke_down"),)),
            "1 ding vraagt om u: de nacht is vastgelopen",
            "1 thing asks for you: the night broke down",
        ),
        (replace(QUIET, outcome="unfinished"), "De nacht is niet afgekomen", "The night did not finish"),
    ],
    ids=["quiet", "released", "refused", "asking", "broke down", "unfinished"],
)
def test_the_first_line_is_the_answer(facts: NightFacts, nl: str, en: str) -> None:
    assert first_line(facts, len(asks(facts, "nl")), "nl") == nl
    assert first_line(facts, len(asks(facts, "en")), "en") == en
    assert report_text(facts, None).splitlines()[0] == nl
    assert f'<p class="first" id="answer">{nl}</p>' in report_html(facts, None, "nl").decode()
    assert report_markdown(facts, None, "en").startswith(f"**{en}**\n\n")


def test_the_report_of_a_quiet_night_is_short() -> None:
    assert report_text(QUIET, A_WEEK_BEFORE) == (
        "Alles is gegaan zoals het hoort: niets nieuws\n"
        "Nachtverslag, 23 november 2026. Begonnen om 02:30, klaar om 02:31: 1 min 5 s, rekentijd 9,4 s.\n"
        "\n"
        "Uitgegeven\n"
        "  2 ongewijzigd.\n"
        "  De site is gelijk gebleven.\n"
        "\n"
        "Opgehaald\n"
        "  1 ongewijzigd, 1 zonder iets nieuwers.\n"
        "\n"
        "Geweigerd en aangemerkt\n"
        "  Er wacht geen rij in quarantaine.\n"
        "  Geen tabel draagt een opmerking.\n"
        "\n"
        "Een week geleden\n"
        "  Naast de nacht van 16 november 2026: geen verschil.\n"
    )


def test_the_report_of_a_release_says_what_changed() -> None:
    told = report_text(RELEASED, A_WEEK_BEFORE, "en").splitlines()
    assert told[told.index("Released") + 1 :] == [
        "  1 released, 1 unchanged.",
        "  Packaging 1.1.0 (new or revised figures)",
        "  - observations, rows added: 121.",
        "  68 files of the site renewed.",
        "",
        "Fetched",
        "  1 with a new copy, 1 with nothing newer.",
        "  env_waspac: new copy fetched",
        "",
        "Refused and remarked",
        "  No row waits in quarantine.",
        "  1 remark on 1 table.",
        "",
        "A week ago",
        "  Beside the night of 16 November 2026:",
        "  - Other versions: packaging 1.0.0 → 1.1.0.",
        "  - Other copies of sources: env_waspac.",
        "  - Rows: packaging/observations 121 more.",
    ]


def test_every_thing_that_asks_for_somebody_says_what_to_do_in_both_languages() -> None:
    for language in ("nl", "en"):
        found = asks(ASKING, language)
        assert all(ask.title and ask.body and len(ask.next_step) > 40 for ask in found)
    assert [ask.title for ask in asks(ASKING, "nl")] == [
        "De bron «Verpakkingsafval naar materiaal en bewerking» (env_waspac) is geweigerd",
        "Te oud geworden: 1 bron",
        "Geen antwoord van 1 bron",
        "De levering «Opgaven verpakkingen» over 2025 is er niet",
        "De levering «Opgaven textiel» is deels geweigerd",
    ]
    assert asks(ASKING, "nl")[0].body == (
        "Daarop wachten «Verpakkingen» en «In één oogopslag». Wat al was uitgegeven, blijft staan."
    )
    assert asks(ASKING, "nl")[1].items == ("Bruto binnenlands product (nama_10_gdp): 601 dagen oud",)
    assert asks(ASKING, "en")[4].body == "opgave.xlsx: 118 rows accepted, 2 rows refused."


REVISION = "packaging: the release after 1.0.0 is blocked, because the contract does not permit what changed.\n  x"


@pytest.mark.parametrize(
    ("failure", "title", "to_do"),
    [
        (
            FailureFacts("packaging/package", "refused", REVISION, ("packaging",), MOMENT),
            "De nieuwe uitgave van «Verpakkingen» is tegengehouden",
            "staging/packaging.blocked/diff/changes.csv",
        ),
        (
            FailureFacts("packaging/indicators", "refused", "packaging/indicators was refused", ("packaging",), MOMENT),
            "De tabel packaging/indicators is geweigerd",
            "welke regel niet houdt",
        ),
        (
            FailureFacts("publication/catalogue", "refused", "files are not what they were", (), MOMENT),
            "Gepubliceerde bestanden zijn niet meer wat ze waren",
            "ketenmonitor withdraw",
        ),
        (
            FailureFacts("packaging/indicators", "broke_down", "KeyError: 'geo'", ("packaging",), MOMENT),
            "De stap packaging/indicators is vastgelopen",
            "opnieuw vanaf de mislukte stap",
        ),
        (
            FailureFacts("sources/vintages", "interrupted", "out of time", ("packaging",), MOMENT),
            "De stap sources/vintages is afgebroken",
            "wacht op de volgende nacht",
        ),
    ],
    ids=["revision", "table", "altered", "broke down", "interrupted"],
)
def test_each_kind_of_failure_has_its_own_next_step(failure: FailureFacts, title: str, to_do: str) -> None:
    (ask,) = asks(replace(QUIET, outcome="partly", failures=(failure,)), "nl")
    assert ask.title == title
    assert to_do in ask.next_step
    assert ask.quote == failure.reason


def test_the_words_of_a_night_that_failed_for_longer_say_since_when() -> None:
    facts = replace(ASKING, failures=(replace(REFUSAL, since="2026-11-20T01:30:00Z"),))
    assert asks(facts, "nl")[0].body.endswith("Dit is zo sinds 20 november 2026.")
    assert asks(facts, "en")[0].body.endswith("It has been so since 20 November 2026.")


def test_a_body_that_could_not_be_used_asks_every_night_and_a_source_that_ended_once() -> None:
    spoiled = replace(GDP, refused="what came is a web page. It is kept in archive/x.", refused_since=BEFORE)
    ended = replace(WASPAC, stopped_nl="CBS werkt de tabel niet meer bij.", stopped_en="x", stopped_since=MOMENT)
    first, second = asks(replace(QUIET, sources=(ended, spoiled)), "nl")
    assert first.title == "Onbruikbaar antwoord van 1 bron"
    assert first.body == "nama_10_gdp, sinds 16 november 2026. Wat er kwam, is bewaard en niet gebruikt."
    assert first.quote == "nama_10_gdp: what came is a web page. It is kept in archive/x."
    assert (second.title, second.items) == (
        "Niet meer bijgehouden: 1 bron",
        ("env_waspac: CBS werkt de tabel niet meer bij.",),
    )
    assert asks(replace(QUIET, sources=(replace(ended, stopped_since=BEFORE), GDP)), "nl") == ()


def test_a_source_asks_once_when_it_becomes_too_old_and_is_named_after_that() -> None:
    old = replace(GDP, age_days=602, stale_nl="oud", stale_en="old", stale_since="2026-11-20T01:30:00Z")
    facts = replace(QUIET, sources=(WASPAC, old))
    assert asks(facts, "nl") == ()
    assert "1 bron blijft te oud, zoals eerder gemeld: nama_10_gdp." in report_text(facts, None)


def test_a_service_that_fails_for_one_night_asks_for_nobody() -> None:
    failing = replace(GDP, outcome="kept", reason="the live service failed: x", failed=True, failed_since=MOMENT)
    assert asks(replace(QUIET, sources=(WASPAC, failing)), "nl") == ()


@pytest.mark.parametrize(
    ("now", "then", "nl", "en"),
    [
        ({}, {}, (), ()),
        (
            {"datasets": (replace(PACKAGING, version="2.0.0"), HEADLINE)}, {},
            ("Andere versies: packaging 1.0.0 → 2.0.0.",), ("Other versions: packaging 1.0.0 → 2.0.0.",),
        ),
        (
            {"tables": (replace(OBSERVATIONS, rows=10000),)}, {},
            ("Rijen: packaging/observations 1.319 minder.",), ("Rows: packaging/observations 1,319 fewer.",),
        ),
        (
            {"quarantine": (("sources/a", 1200),)}, {"quarantine": (("sources/a", 3),)},
            ("In quarantaine: 1.200 rijen, toen 3.",), ("In quarantine: 1,200 rows, then 3.",),
        ),
        (
            {}, {"sources": (WASPAC, replace(GDP, failed=True, failed_since=BEFORE))},
            ("Antwoorden weer: nama_10_gdp.",), ("Answer again: nama_10_gdp.",),
        ),
        (
            {"sources": (WASPAC, replace(GDP, stale_since=MOMENT))}, {},
            ("Te oud geworden: nama_10_gdp.",), ("Became too old: nama_10_gdp.",),
        ),
        (
            {}, {"failures": (REFUSAL,)},
            ("Gaan weer goed: sources/env_waspac.",), ("Go well again: sources/env_waspac.",),
        ),
        ({"seconds": 68.0}, {}, (), ()),
        (
            {"seconds": 190.4}, {},
            ("De nacht duurde langer: 3 min 10 s, toen 1 min 5 s.",),
            ("The night took longer: 3 min 10 s, then 1 min 5 s.",),
        ),
        (
            {"steps": (replace(QUIET.steps[1], seconds=60.0),)}, {},
            ("Duurden langer (toen): sources/vintages 1 min (12 s).",),
            ("Took longer (then): sources/vintages 1 min (12 s).",),
        ),
        ({"seconds": 900.0}, {"outcome": "unfinished"}, (), ()),
    ],
)  # fmt: skip
def test_a_difference_with_last_week_is_told_in_one_sentence(
    now: dict[str, Any], then: dict[str, Any], nl: tuple[str, ...], en: tuple[str, ...]
) -> None:
    facts, before = replace(QUIET, **now), replace(A_WEEK_BEFORE, **then)
    assert differences(facts, before, "nl") == nl
    assert differences(facts, before, "en") == en


def test_a_step_that_had_nothing_to_do_last_week_is_not_called_slower() -> None:
    made = replace(QUIET, steps=(replace(QUIET.steps[0], outcome="made", seconds=60.0),))
    assert differences(made, A_WEEK_BEFORE, "nl") == ()


@pytest.mark.parametrize(
    ("seconds", "nl", "en"),
    [(0.04, "0,0 s", "0.0 s"), (9.94, "9,9 s", "9.9 s"), (9.96, "10 s", "10 s"), (59.4, "59 s", "59 s"),
     (60, "1 min", "1 min"), (125, "2 min 5 s", "2 min 5 s"), (7380, "2 u 3 min", "2 h 3 min")],
)  # fmt: skip
def test_a_duration_reads_as_a_person_says_it(seconds: float, nl: str, en: str) -> None:
    assert (duration(seconds, "nl"), duration(seconds, "en")) == (nl, en)


@pytest.mark.parametrize(
    ("moment", "day", "time"),
    [("2026-11-22T23:30:00Z", "23 november 2026", "00:30"), ("2026-07-01T00:30:00Z", "1 juli 2026", "02:30")],
)
def test_moments_are_told_on_the_steward_s_clock_in_winter_and_summer(moment: str, day: str, time: str) -> None:
    assert (day_here(moment, "nl"), clock(moment)) == (day, time)


HOSTILE = "<script>alert(1)</script> \x1b[31m \u202e | `x` & 'q' \"z\""


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_a_run_or_a_service_said_is_only_text_on_the_page(language: Language) -> None:
    facts = replace(
        ASKING,
        failures=(replace(REFUSAL, reason=HOSTILE),),
        sources=(replace(WASPAC, reason=HOSTILE, title_nl=HOSTILE, title_en=HOSTILE),),
        tables=(replace(OBSERVATIONS, caveats=(HOSTILE,)),),
        received=(replace(ASKING.received[0], file_name=HOSTILE),),
    )
    page = report_html(facts, None, language).decode()
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;") >= 4
    # CommonMark reads a mark after a backslash as a letter
    assert "<script" not in report_markdown(facts, None, language).replace("\\<", "")


def test_links_lead_to_the_steward_s_view_and_the_public_site_only_where_they_have_an_address() -> None:
    with_links = report_html(
        replace(RELEASED, failures=(REFUSAL,)),
        None,
        "en",
        addresses=Addresses("http://view:3000/", "https://site.example"),
    ).decode()
    assert 'href="http://view:3000/assets/sources/env_waspac"' in with_links
    assert 'href="http://view:3000/runs/5788a036-b39c-43e6-87a5-3faf605a55f4"' in with_links
    assert 'href="https://site.example/en/datasets/packaging/"' in with_links
    without = report_html(replace(RELEASED, failures=(REFUSAL,)), None, "en").decode()
    assert re.findall(r"(?:href|src)=", without) == []


def test_the_same_facts_give_the_same_bytes() -> None:
    again = read_facts(facts_json(ASKING))
    assert again == ASKING
    assert report_html(again, A_WEEK_BEFORE, "nl") == report_html(ASKING, A_WEEK_BEFORE, "nl")


@given(
    moment=st.text(), seconds=st.floats(allow_nan=False, allow_infinity=False), words=st.lists(st.text(), max_size=3),
    rows=st.one_of(st.none(), st.integers()), waiting=st.lists(st.tuples(st.text(), st.integers()), max_size=3),
)  # fmt: skip
def test_facts_come_back_as_they_were_kept(
    moment: str, seconds: float, words: list[str], rows: int | None, waiting: list[tuple[str, int]]
) -> None:
    facts = replace(
        ASKING, moment=moment, seconds=seconds, quarantine=tuple(waiting),
        tables=(replace(OBSERVATIONS, rows=rows, broken=tuple(words)),),
    )  # fmt: skip
    assert read_facts(facts_json(facts)) == facts


LATER_EDITION = facts_json(QUIET).replace(b'"version": 1\n', b'"version": 2\n')


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"version": 1}', b"\xff", facts_json(QUIET)[:-40], LATER_EDITION]
)
def test_facts_that_cannot_be_read_are_one_kind_of_error(body: bytes) -> None:
    with pytest.raises(FactsUnreadable):
        read_facts(body)


CHANGELOG = """# CHANGELOG

Nieuwste uitgave eerst; English below each Dutch text.

## 1.1.0, 22 november 2026

Reden die bij deze herziening is vastgelegd: x \\* y

- `observations`, herziene cijfers en statussen: 2. Onder meer:
  - Verpakkingen, NL (`value`): 1 → 2
- `progress`, nieuwe rijen: 1.200.

*22 November 2026*

- `observations`, figures and statuses revised: 2. Among them:
  - Packaging, NL (`value`): 1 → 2

## 1.0.0, 21 november 2026

Eerste uitgave.

*21 November 2026*

First release.
"""


@pytest.mark.parametrize(
    ("version", "language", "told"),
    [
        (
            "1.1.0",
            "nl",
            (
                "Reden die bij deze herziening is vastgelegd: x * y",
                "observations, herziene cijfers en statussen: 2.",
                "progress, nieuwe rijen: 1.200.",
            ),
        ),
        ("1.1.0", "en", ("observations, figures and statuses revised: 2.",)),
        ("1.0.0", "nl", ("Eerste uitgave.",)),
        ("1.0", "nl", ()),
    ],
)
def test_the_sentences_of_a_release_are_read_back_from_its_changelog(
    version: str, language: Language, told: tuple[str, ...]
) -> None:
    assert sentences(CHANGELOG, version, language) == told
