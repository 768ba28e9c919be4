"""What Eurostat says in place of figures, and its table of contents: when a table need not be fetched."""

from __future__ import annotations

import pytest

from assets.sources.archive import ArchiveRecord, record_of
from assets.sources.eurostat_answers import Fault, Queued, said_in_json, said_in_soap, status_of_request
from assets.sources.eurostat_contents import ContentsUnreadable, Listed, nothing_newer, parse_contents
from tests.servers.eurostat import FAULT, QUEUED, STATUS

TICKET = "e3d39a1b-27eb-4ce4-936d-8f95b23bf74f"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (QUEUED.format(ticket=TICKET), Queued(TICKET)),
        (QUEUED.format(ticket="../../etc"), Fault("", "the request is queued under '../../etc', which is no ticket")),
        (FAULT.format(code="413", words="EXTRACTION_TOO_BIG: max"), Fault("413", "EXTRACTION_TOO_BIG: max")),
        (FAULT.format(code="100", words="NO_RESULTS"), Fault("100", "NO_RESULTS")),
        (FAULT.format(code="S:Server", words="a &lt;b&gt;\n c"), Fault("Server", "a <b> c")),
        ("<!DOCTYPE html><html><body>Maintenance</body></html>", None),
        ("DATAFLOW,OBS_VALUE\nx,<faultstring>y</faultstring>\n", None),
        ("", None),
    ],
)
def test_an_answer_in_soap_is_understood(body: str, said: object) -> None:
    assert said_in_soap(body.encode()) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"warning":{"status":413,"label":"ASYNCHRONOUS_RESPONSE."}}', Fault("413", "ASYNCHRONOUS_RESPONSE.")),
        ('{"error":[{"status":404,"id":100,"label":"NO_RESULTS"}]}', Fault("100", "NO_RESULTS")),
        ('{"error":[{"status":400,"id":150,"label":"INVALID"}]}', Fault("150", "INVALID")),
        ('{"class":"dataset"}', None),
        ('{"error":', None),
        ("[1]", None),
        ("DATAFLOW", None),
    ],
)
def test_an_answer_in_json_is_understood(body: str, said: object) -> None:
    assert said_in_json(body.encode()) == said


@pytest.mark.parametrize(
    ("fault", "too_large", "nothing_there"),
    [
        (Fault("413", "anything"), True, False),
        (Fault("", "EXTRACTION_TOO_BIG: 9 rows"), True, False),
        (Fault("100", "NO_RESULTS: No results found"), False, True),
        (Fault("100", "No results found"), False, True),
        (Fault("100", "ERR_NOT_FOUND_4: X is not available for dissemination"), False, False),
        (Fault("150", "INVALID_QUERY_DIMENSION_VALUE"), False, False),
    ],
)
def test_a_fault_says_whether_a_part_would_be_answered(fault: Fault, too_large: bool, nothing_there: bool) -> None:
    assert (fault.too_large, fault.nothing_there) == (too_large, nothing_there)


@pytest.mark.parametrize("status", ["SUBMITTED", "PROCESSING", "AVAILABLE", "EXPIRED", "UNKNOWN_REQUEST"])
def test_the_status_of_a_queued_request_is_read(status: str) -> None:
    assert status_of_request(STATUS.format(ticket=TICKET, status=status).encode()) == status


def test_a_status_that_is_no_status_is_empty() -> None:
    assert status_of_request(b"<html><body>Maintenance</body></html>") == ""


HEADER = (
    '"title"\t"code"\t"type"\t"last update of data"\t"last table structure change"\t"data start"\t'
    '"data end"\t"values"\n'
)


def test_the_table_of_contents_tells_the_last_update_of_every_table() -> None:
    body = HEADER + (
        '"Database by themes"\t"data"\t"folder"\t" "\t" "\t" "\t" "\t\n'
        '"    Packaging ""waste"""\t"env_waspac"\t"dataset"\t"27.02.2025"\t"03.02.2021"\t"1997"\t"2022"\t61234\n'
        '"    Again elsewhere"\t"ENV_WASPAC"\t"dataset"\t"01.03.2025"\t" "\t"1997"\t"2022"\t61234\n'
        '"    No date"\t"tps00001"\t"table"\t"soon"\t" "\t"1997"\t"2022"\t1\n'
        '"    Short line"\t"x"\n'
    )
    assert parse_contents(body.encode()) == {"env_waspac": Listed("2025-03-01", "2021-02-03")}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "expected the columns code and last update of data, found nothing"),
        (b"<!DOCTYPE html><html>", "expected the columns code and last update of data, found <!doctype html>"),
        (b'"title"\t"code"\n', "expected the columns code and last update of data, found title, code"),
        (b"\xff\xfe", "expected UTF-8, found byte 0xff"),
    ],
)
def test_a_body_that_is_no_table_of_contents_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(ContentsUnreadable) as refused:
        parse_contents(body)
    assert said in str(refused.value)


def copy(retrieved: str, edition: str | None) -> ArchiveRecord:
    return record_of(
        b"x", source="t", retrieved_at=f"{retrieved}T03:00:00Z", retrieved_from="u", origin="live", edition=edition
    )


@pytest.mark.parametrize(
    ("updated", "restructured", "retrieved", "edition", "newest"),
    [
        ("2025-02-27", "", "2025-02-28", "2025-02-27", True),
        ("2025-02-27", "", "2025-02-28", None, True),
        ("2025-02-27", "2021-02-03", "2026-01-01", "2025-02-27", True),
        # the same day: at 23:00 there may have come another
        ("2025-02-27", "", "2025-02-27", "2025-02-27", False),
        # the service gave us the old one after it had said that there is a new one
        ("2025-02-27", "", "2025-03-01", "2024-10-23", False),
        # updated, or given another structure, since our copy
        ("2025-03-02", "", "2025-03-01", "2025-02-27", False),
        ("2025-02-27", "2025-03-02", "2025-03-01", "2025-02-27", False),
    ],
)
def test_a_copy_is_the_newest_only_if_nothing_can_have_come_after_it(
    updated: str, restructured: str, retrieved: str, edition: str | None, newest: bool
) -> None:
    assert nothing_newer(Listed(updated, restructured), copy(retrieved, edition)) is newest
