"""What a night gives occasion to tell: one cause one message, under an id that stays, with what to do next."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from pipelines.messages.occasions import Occasion, missed, occasions, report
from publish.night_facts import DeliveryOverdue, FailureFacts, NightFacts
from publish.night_reading import Addresses
from publish.night_words import HERE
from tests.night_example import ASKING, BEFORE, GDP, HEADLINE, MOMENT, PACKAGING, QUIET, REFUSAL, WASPAC

VIEW = Addresses("http://view.example")
TOMORROW = "2026-11-24T01:30:00Z"


def ids(facts: NightFacts) -> list[str]:
    return [one.id for one in occasions(facts, VIEW)]


def test_a_night_in_which_all_went_well_tells_nothing() -> None:
    assert occasions(QUIET, VIEW) == ()


def test_each_cause_is_one_message_in_dutch_with_what_to_do_and_where() -> None:
    found = occasions(ASKING, VIEW)
    assert [(one.kind, one.topic, one.subject) for one in found] == [
        (
            "release_blocked",
            "releases",
            "De bron «Verpakkingsafval naar materiaal en bewerking» (env_waspac) is geweigerd",
        ),
        ("source_stale", "sources", "Te oud geworden: 1 bron"),
        ("source_silent", "sources", "Geen antwoord van 1 bron"),
        ("delivery_received", "deliveries", "De levering «Opgaven textiel» is deels geweigerd"),
        ("delivery_overdue", "deliveries", "De levering «Opgaven verpakkingen» over 2025 is er niet"),
    ]
    assert all("\n\nWat te doen: " in one.text for one in found)
    assert all(one.text.endswith("Dit wordt één keer gestuurd.\n") for one in found)
    assert found[0].link == "http://view.example/assets/sources/env_waspac"
    assert found[0].text == (
        "Daarop wachten «Verpakkingen» en «In één oogopslag». Wat al was uitgegeven, blijft staan.\n\n"
        "Wat te doen: Bekijk in de werkplaats (make ui) bij sources/env_waspac de toets «contract»: die noemt kolom, "
        "rij, wat er stond en wat er moest staan. Is de bron fout, meld het de uitgever; is er echt iets veranderd, "
        "laat dan het contract aanpassen. De volgende nacht probeert het opnieuw.\n\n"
        "Kijk hier: http://view.example/assets/sources/env_waspac\n\n"
        "Wat de run zei:\nsources/env_waspac was refused: 3 of 900 rows, 1 rules broken.\n\n"
        "Ketenmonitor, nacht van 23 november 2026. Dit wordt één keer gestuurd.\n"
    )


def test_a_night_that_is_told_again_has_the_same_ids_and_so_has_the_next_night_about_the_same_things() -> None:
    assert ids(replace(ASKING, run_ids=("another",), seconds=1.0)) == ids(ASKING)
    # the day after: the same refusal since the same night, a source that was stale before, a service still silent
    after = replace(ASKING, moment=TOMORROW, received=(), overdue=())
    assert ids(after) == [ids(ASKING)[0], ids(ASKING)[2]]


@pytest.mark.parametrize(
    "changed",
    [replace(REFUSAL, reason="another"), replace(REFUSAL, since=BEFORE), replace(REFUSAL, asset="sources/nama_10_gdp")],
    ids=["other reason", "a new row of nights", "other source"],
)
def test_another_cause_is_another_message(changed: FailureFacts) -> None:
    assert ids(replace(ASKING, failures=(changed,)))[0] != ids(ASKING)[0]


def test_a_dataset_that_is_held_back_alone_is_named_in_the_id_with_the_version_that_stands() -> None:
    alone = replace(REFUSAL, asset="packaging/package", datasets=("packaging",))
    (found,) = occasions(replace(QUIET, failures=(alone,), outcome="partly"), VIEW)
    assert found.id.startswith("blocked:packaging:1.0.0:")
    assert len(found.id.rpartition(":")[2]) == 12


def test_everything_that_broke_down_in_a_night_is_one_message() -> None:
    broken = FailureFacts("packaging/indicators", "broke_down", "KeyError: 'geo'", ("packaging",), MOMENT)
    other = FailureFacts("textile/trends", "broke_down", "MemoryError", (), MOMENT)
    (found,) = occasions(replace(QUIET, outcome="failed", failures=(other, broken)), VIEW)
    assert (found.kind, found.topic) == ("night_failed", "night")
    assert found.subject == "De nacht is vastgelopen: de stap packaging/indicators is vastgelopen"
    assert "- textile/trends: MemoryError" in found.text
    assert "Wat de run zei:\nKeyError: 'geo'" in found.text


def test_a_refusal_that_holds_nothing_back_is_told_to_who_minds_the_sources() -> None:
    (found,) = occasions(replace(QUIET, outcome="partly", failures=(replace(REFUSAL, datasets=()),)), VIEW)
    assert (found.kind, found.topic) == ("table_refused", "sources")
    altered = FailureFacts("publication/catalogue", "refused", "altered", (), MOMENT)
    (found,) = occasions(replace(QUIET, outcome="partly", failures=(altered,)), VIEW)
    assert (found.kind, found.topic) == ("table_refused", "night")


def test_sources_that_one_outage_silenced_are_one_message_and_those_of_another_outage_another() -> None:
    silent = replace(GDP, outcome="kept", reason="the live service failed: x", failed=True, failed_since=BEFORE)
    facts = replace(
        QUIET, sources=(silent, replace(silent, source="b"), replace(silent, source="c", failed_since=MOMENT))
    )
    assert ids(facts) == [f"silent:{BEFORE}"]


def test_what_could_not_be_used_is_told_once_for_each_row_of_nights_and_an_end_once() -> None:
    spoiled = replace(GDP, refused="a web page", refused_since=BEFORE)
    ended = replace(WASPAC, stopped_nl="niet meer", stopped_en="no more", stopped_since=MOMENT)
    found = occasions(replace(QUIET, sources=(spoiled, ended)), VIEW)
    assert [(one.kind, one.topic) for one in found] == [("source_unusable", "sources"), ("source_stopped", "sources")]
    assert found[0].id == f"unusable:{BEFORE}"
    later = replace(ended, stopped_since=BEFORE)
    assert ids(replace(QUIET, moment=TOMORROW, sources=(spoiled, later))) == [f"unusable:{BEFORE}"]


def test_sources_that_become_too_old_in_one_night_are_one_message() -> None:
    old = replace(GDP, age_days=500, stale_nl="oud", stale_en="old", stale_since=MOMENT)
    both = occasions(
        replace(QUIET, sources=(old, replace(WASPAC, stale_since=MOMENT, stale_nl="x", stale_en="x"))), VIEW
    )
    assert [one.subject for one in both] == ["Te oud geworden: 2 bronnen"]
    assert "- Bruto binnenlands product (nama_10_gdp): 500 dagen oud" in both[0].text


@pytest.mark.parametrize(
    ("days", "reminder", "closing"),
    [
        (1, 0, "Dit wordt één keer gestuurd."),
        (6, 0, "Dit wordt één keer gestuurd."),
        (7, 7, "Dit is herinnering 1 van 2."),
        (20, 7, "Dit is herinnering 1 van 2."),
        (21, 21, "Dit is herinnering 2 van 2."),
        (300, 21, "Dit is herinnering 2 van 2."),
    ],
)
def test_an_overdue_delivery_is_told_at_its_deadline_and_reminded_of_twice(
    days: int, reminder: int, closing: str
) -> None:
    late = DeliveryOverdue("declarations_textile", "Opgaven textiel", "Textile returns", "2025", "2026-05-01", days)
    (found,) = occasions(replace(QUIET, overdue=(late,)), VIEW)
    assert found.id == f"overdue:declarations_textile:2025:{reminder}"
    assert found.text.endswith(f"{closing}\n")


@pytest.mark.parametrize(
    ("outcome", "subject"),
    [
        ("accepted", "De levering «Opgaven textiel» is ontvangen"),
        ("repeated", "De levering «Opgaven textiel» is ontvangen"),
        ("accepted_in_part", "De levering «Opgaven textiel» is deels geweigerd"),
        ("refused", "De levering «Opgaven textiel» is geweigerd"),
    ],
)
def test_a_delivery_that_came_in_is_told_once_by_its_receipt(outcome: str, subject: str) -> None:
    came = replace(ASKING.received[0], outcome=outcome)
    (found,) = occasions(replace(QUIET, received=(came,)), VIEW)
    assert (found.id, found.subject) == ("received:2026-11-22-0001", subject)
    assert "opgave.xlsx" in found.text


def test_a_process_that_died_is_told_with_what_to_do() -> None:
    (found,) = occasions(replace(QUIET, outcome="unfinished", datasets=(PACKAGING, HEADLINE)), VIEW)
    assert (found.id, found.kind) == (f"unfinished:{MOMENT}", "night_failed")
    assert found.subject == "De nacht van 23 november 2026 is niet afgekomen"


def test_nights_that_did_not_run_are_one_message() -> None:
    def night(day: int) -> datetime:
        return datetime(2026, 11, day, 2, 30, tzinfo=HERE)

    one = missed([night(21)], MOMENT)
    assert one.subject == "1 nacht is niet gelopen"
    assert one.text.startswith("Ketenmonitor heeft niet gelopen in de nacht van 21 november 2026.")
    more = missed([night(20), night(21), night(22)], MOMENT)
    assert more.subject == "3 nachten zijn niet gelopen"
    assert more.text.startswith("Ketenmonitor heeft niet gelopen van 20 november 2026 tot en met 22 november 2026.")
    assert one.id == missed([night(21)], TOMORROW).id != more.id


def test_the_morning_report_is_an_occasion_of_its_own() -> None:
    found = report(QUIET, "Alles is gegaan zoals het hoort: niets nieuws", "tekst", "reports/n.nl.html")
    assert found == Occasion(
        f"report:{MOMENT}:5788a036-b39c-43e6-87a5-3faf605a55f4", "report", "report", MOMENT,
        "Nachtverslag 23 november 2026: Alles is gegaan zoals het hoort: niets nieuws", "tekst",
        page="reports/n.nl.html",
    )  # fmt: skip


def test_a_long_quote_is_cut_and_a_hostile_one_is_only_text() -> None:
    long = replace(REFUSAL, reason="x" * 5000 + "\x1b[31m")
    (found,) = occasions(replace(QUIET, outcome="partly", failures=(long,)), VIEW)
    assert "\n[...]" in found.text
    assert len(found.text) < 2500
    assert "\x1b" not in found.text
