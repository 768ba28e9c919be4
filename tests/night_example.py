"""Nights to report on, made up but possible: a quiet one, one with a release, one in which much asks for somebody."""

from __future__ import annotations

from dataclasses import replace

from publish.night_facts import (
    DatasetFacts,
    DeliveryOverdue,
    DeliveryReceived,
    FailureFacts,
    NightFacts,
    SourceFacts,
    StepFacts,
    TableFacts,
)

# 02:30 in Amsterdam on 23 November 2026
MOMENT = "2026-11-23T01:30:00Z"
BEFORE = "2026-11-16T01:30:00Z"

WASPAC = SourceFacts(
    "env_waspac", "Verpakkingsafval naar materiaal en bewerking", "Packaging waste by material and treatment",
    "unchanged", copy="a" * 64, age_days=30,
)  # fmt: skip
GDP = SourceFacts(
    "nama_10_gdp", "Bruto binnenlands product", "Gross domestic product", "not_newer", copy="b" * 64, age_days=5
)
PACKAGING = DatasetFacts(
    "packaging", "Verpakkingen", "Packaging", "unchanged", "1.0.0", "1.0.0", releases=1,
)  # fmt: skip
HEADLINE = DatasetFacts("headline", "In één oogopslag", "At a glance", "unchanged", "1.0.0", "1.0.0", releases=1)
OBSERVATIONS = TableFacts("packaging/observations", 11319)

QUIET = NightFacts(
    moment=MOMENT,
    started="2026-11-23T01:30:02Z",
    ended="2026-11-23T01:31:07Z",
    seconds=65.0,
    run_ids=("5788a036-b39c-43e6-87a5-3faf605a55f4", "8453e491-63df-454f-9965-1f1d5a3ddd62"),
    outcome="done",
    cpu_seconds=9.4,
    sources=(WASPAC, GDP),
    steps=(StepFacts("packaging/observations", "unchanged", 0.1), StepFacts("sources/vintages", "done", 12.5)),
    tables=(OBSERVATIONS,),
    datasets=(PACKAGING, HEADLINE),
    site_files=0,
    last_success=MOMENT,
)

A_WEEK_BEFORE = replace(QUIET, moment=BEFORE, run_ids=("a-week-before",), last_success=BEFORE)

RELEASED = replace(
    QUIET,
    sources=(replace(WASPAC, outcome="fetched", copy="c" * 64, age_days=1), GDP),
    tables=(replace(OBSERVATIONS, rows=11440, made=True, caveats=("table observations: expected a value",)),),
    datasets=(
        replace(
            PACKAGING, outcome="released", version="1.1.0", bump="minor", releases=2,
            changes_nl=("observations, nieuwe rijen: 121.",), changes_en=("observations, rows added: 121.",),
        ),
        HEADLINE,
    ),
    site_files=68,
)  # fmt: skip

REFUSAL = FailureFacts(
    "sources/env_waspac", "refused", "sources/env_waspac was refused: 3 of 900 rows, 1 rules broken.",
    ("packaging", "headline"), MOMENT,
)  # fmt: skip

ASKING = replace(
    QUIET,
    outcome="partly",
    sources=(
        replace(WASPAC, outcome="fetched"),
        replace(
            GDP, outcome="kept", reason="the live service failed: it answered 503", failed=True,
            failed_since="2026-11-21T01:30:00Z", age_days=601, stale_nl="Deze cijfers zijn van 2025-04-01.",
            stale_en="These figures are of 2025-04-01.", stale_since=MOMENT,
        ),
    ),
    failures=(REFUSAL,),
    datasets=tuple(
        replace(one, outcome="blocked", because=("sources/env_waspac",), since=MOMENT) for one in (PACKAGING, HEADLINE)
    ),
    received=(
        DeliveryReceived(
            "2026-11-22-0001", "declarations_textile", "Opgaven textiel", "Textile returns", "opgave.xlsx",
            "2026-11-22T14:03:00Z", "accepted_in_part", 118, 2, "UPV Textiel", "2025", "receipts/2026-11-22-0001",
        ),
    ),
    overdue=(
        DeliveryOverdue("declarations_packaging", "Opgaven verpakkingen", "Packaging returns", "2025", "2026-11-22", 1),
    ),
    quarantine=(("sources/env_waspac", 3),),
    last_success=BEFORE,
)  # fmt: skip
