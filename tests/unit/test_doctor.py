"""`ketenmonitor doctor`: what is well and what is missing, in two languages, and never a secret."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from assets.sources.archive import record_of
from pipelines import cli
from pipelines.doctor.finding import Finding, Said, lines, well
from pipelines.doctor.history import look_back
from pipelines.doctor.machine import is_writable, locked, look_at_machine
from pipelines.doctor.portals import look_at_portals
from pipelines.doctor.reach import look_around
from pipelines.instance import instance
from pipelines.settings import read_settings
from tests.conftest import NIGHT_OF, free_port, night
from tests.servers import postgres

SECRET = "zeergeheim"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "OFFLINE", "POSTGRES_URL", "S3_BUCKET", "SMTP_URL", "WEBHOOK_URL", "EUROSTAT_URL"):
        monkeypatch.delenv(f"KETENMONITOR_{name}", raising=False)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


def of(about: str, findings: Iterator[Finding] | list[Finding]) -> Finding:
    """The one finding about something."""
    [found] = [one for one in findings if one.about == about]
    return found


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([well("a", "Ja.", "Yes.")], ["goed    Ja.", "", "Alles is goed."]),
        (
            [Finding("a", "look", Said("Kijk.", "Look."), Said("Doe dit.", "Do this."))],
            ["let op  Kijk.", "        → Doe dit.", "", "Alles werkt; 1 om naar te kijken."],
        ),
        (
            [Finding("a", "missing", Said("Weg.", "Gone.")), Finding("b", "look", Said("Kijk.", "Look."))],
            ["MIST    Weg.", "let op  Kijk.", "", "1 niet in orde: zie wat erbij staat."],
        ),
    ],
)
def test_what_was_found_is_said_with_what_to_do_next(findings: list[Finding], expected: list[str]) -> None:
    assert lines(findings, "nl") == expected


def test_a_fresh_machine_works_and_is_told_what_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    assert cli.main(["doctor", "--offline", "--home", str(home)]) == 0
    told = capsys.readouterr().out
    assert "goed    De instellingen zijn bruikbaar." in told
    assert f"let op  De map {home} is er nog niet." in told
    assert "→ Draai de eerste: ketenmonitor nightly" in told
    assert not home.exists()
    assert cli.main(["doctor", "--offline", "--home", str(home), "--language", "en", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["well"] is True
    assert {one["about"]: one["state"] for one in facts["findings"]} == {
        "settings": "well",
        "python": "well",
        "libraries": "well",
        "home": "look",
        "disk": "well",
        "inbox": "look",
        "time zone": "well",
        "clock": "well",
        "last night": "look",
    }


def test_a_setting_that_cannot_be_used_is_a_finding_and_the_rest_is_looked_at_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KETENMONITOR_EUROSTAT_URL", "ftp://x")
    assert cli.main(["doctor", "--offline", "--home", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "MIST    KETENMONITOR_EUROSTAT_URL is 'ftp://x'; expected an address" in told
    assert "goed    De tijdzone Europe/Amsterdam is bekend." in told


def test_a_home_that_is_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    found = of("home", look_at_machine(tmp_path / "home", tmp_path / "inbox", NIGHT_OF, {}))
    assert (found.state, found.said["en"]) == ("missing", f"{tmp_path / 'home'} cannot be written to.")


def test_writing_is_tried_and_not_read_from_permissions(tmp_path: Path) -> None:
    assert is_writable(tmp_path)
    assert not is_writable(tmp_path / "none")
    assert not is_writable(Path("/proc"))


@pytest.mark.parametrize(
    ("last", "now", "state"),
    [
        ("2026-11-21T030000Z.json", datetime(2026, 11, 21, 3, tzinfo=UTC), "well"),
        ("2026-11-21T030000Z-2.json", datetime(2026, 11, 21, 4, tzinfo=UTC), "well"),
        ("2026-11-21T030000Z.json", datetime(2026, 11, 21, 2, 59, 59, tzinfo=UTC), "missing"),
        (None, datetime(1970, 1, 1, tzinfo=UTC), "missing"),
    ],
)
def test_a_clock_that_stands_before_the_last_night_is_wrong(
    last: str | None, now: datetime, state: str, tmp_path: Path
) -> None:
    (tmp_path / "nights").mkdir()
    if last:
        (tmp_path / "nights" / last).write_text("{}")
    assert of("clock", look_at_machine(tmp_path, tmp_path, now, {})).state == state


def test_a_fixed_time_is_named(tmp_path: Path) -> None:
    found = of("fixed time", look_at_machine(tmp_path, tmp_path, NIGHT_OF, {"SOURCE_DATE_EPOCH": "1"}))
    assert found.state == "look"


def test_a_lock_is_read_with_extras_hashes_and_comments() -> None:
    text = "# c\nBoto3[crt]==1.44.5 \\\n    --hash=sha256:aa\npandas==3.1.1 ; python_version > '3'\n"
    assert locked(text) == {"boto3": "1.44.5", "pandas": "3.1.1"}


@dg.op
def nothing() -> None:
    pass


@dg.op
def failing() -> None:
    raise dg.Failure("no", allow_retries=False)


@dg.job(name="nightly")
def good_night() -> None:
    nothing()


@dg.job(name="nightly")
def bad_night() -> None:
    failing()


@pytest.mark.parametrize(
    ("job", "later", "state", "said"),
    [
        (good_night, timedelta(), "well", "ended well"),
        (good_night, timedelta(hours=27), "missing", "none has run since"),
        (bad_night, timedelta(), "missing", "did not end well"),
        (None, timedelta(), "look", "No night has run here yet."),
    ],
)
def test_the_last_night_is_told_with_how_it_ended(
    job: dg.JobDefinition | None, later: timedelta, state: str, said: str, tmp_path: Path
) -> None:
    with instance(tmp_path) as kept:
        if job is not None:
            job.execute_in_process(instance=kept, raise_on_error=False)
            began = kept.get_run_records()[0].start_time
            assert began is not None
            now = datetime.fromtimestamp(began, UTC) + later
        else:
            now = NIGHT_OF
        if job is bad_night:
            kept.add_daemon_heartbeat(DaemonHeartbeat(now.timestamp() - 400, "SENSOR", None, []))
    of_now = read_settings({"KETENMONITOR_HOME": str(tmp_path), "KETENMONITOR_OFFLINE": "1"}).night(now)
    findings = list(look_back(of_now))
    found = of("last night", findings)
    assert (found.state, said in found.said["en"]) == (state, True)
    assert of("daemon", findings).state == ("missing" if job is bad_night else "look")


def test_a_daemon_that_breathes_is_well(tmp_path: Path) -> None:
    with instance(tmp_path) as kept:
        kept.add_daemon_heartbeat(DaemonHeartbeat(NIGHT_OF.timestamp() - 30, "SCHEDULER", None, []))
    assert of("daemon", look_back(night(tmp_path))).state == "well"


def test_a_sample_of_the_archive_finds_damage_and_names_it(tmp_path: Path) -> None:
    here = night(tmp_path)
    body = b"geo,year\n"
    facts = {"retrieved_at": here.moment, "retrieved_from": "https://x.example", "origin": "live"}
    record = here.archive.put(body, record_of(body, source="cei_wm060", **facts))
    assert of("archive", look_back(here)).said["nl"] == (
        "Steekproef uit het archief: 1 van 1 bestanden zijn ongewijzigd."
    )
    (tmp_path / "archive/cei_wm060" / record.sha256).write_bytes(b"geo,yeaR\n")
    found = of("archive", look_back(here))
    assert found.state == "missing"
    assert f"cei_wm060: archived copy {record.vintage} has been altered" in found.said["nl"]


def test_what_stood_there_before_a_restore_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "before-restore-2026-11-21T030000Z").mkdir()
    assert of("aside", look_back(night(tmp_path))).state == "look"


@pytest.fixture
def service() -> Iterator[str]:
    """A service that answers HEAD with the time of the machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_services_that_answer_are_well_and_one_that_does_not_is_missing(service: str) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    names = ("EUROSTAT", "CBS_V3", "CBS_V4")
    given = {f"KETENMONITOR_{name}_URL": service for name in names} | {"KETENMONITOR_COMEXT_URL": dead}
    now = datetime.now(UTC)
    findings = list(look_around(read_settings(given), {}, now))
    assert of("service Eurostat", findings).state == "well"
    assert of("service COMEXT", findings).state == "missing"
    assert [one for one in findings if one.about == "clock of others"] == []
    wrong = list(look_around(read_settings(given), {}, now - timedelta(minutes=10)))
    assert of("clock of others", wrong).state == "missing"


def test_offline_is_told_and_nobody_is_asked() -> None:
    findings = list(look_around(read_settings({"KETENMONITOR_OFFLINE": "1"}), {}, NIGHT_OF))
    assert {one.about: one.state for one in findings} == {"services": "look", "messages": "look"}


def test_mail_webhook_and_bucket_are_connected_to_and_no_secret_is_said() -> None:
    settings = read_settings({"KETENMONITOR_OFFLINE": "1"})
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        given = {
            "KETENMONITOR_SMTP_URL": f"smtp+starttls://km:{SECRET}@127.0.0.1:{port}",
            "KETENMONITOR_WEBHOOK_URL": f"http://127.0.0.1:{free_port()}/{SECRET}",
            "KETENMONITOR_S3_BUCKET": "data",
            "KETENMONITOR_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}",
            "AWS_ACCESS_KEY_ID": "km",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "KETENMONITOR_POSTGRES_URL": f"mysql://km:{SECRET}@db/x",
        }
        findings = list(look_around(settings, given, NIGHT_OF))
    states = {one.about: one.state for one in findings}
    assert states == {
        "services": "look",
        "KETENMONITOR_SMTP_URL": "well",
        "KETENMONITOR_WEBHOOK_URL": "missing",
        "postgresql": "missing",
        "bucket": "missing",
    }
    for language in ("nl", "en"):
        assert SECRET not in "\n".join(lines(findings, language))


@pytest.mark.parametrize("text", ["smtp://", "mail.example.nl", "smtp://mail:x"])
def test_an_address_that_is_none_is_named(text: str) -> None:
    settings = read_settings({"KETENMONITOR_OFFLINE": "1"})
    found = of("KETENMONITOR_SMTP_URL", look_around(settings, {"KETENMONITOR_SMTP_URL": text}, NIGHT_OF))
    assert (found.state, found.said["nl"]) == ("missing", "KETENMONITOR_SMTP_URL is geen adres.")


@pytest.mark.skipif(postgres.why_absent() is not None, reason=postgres.why_absent() or "")
def test_postgresql_is_well_with_its_password_and_missing_with_another() -> None:
    settings = read_settings({"KETENMONITOR_OFFLINE": "1"})
    with postgres.postgres_server() as url:
        right = of("postgresql", look_around(settings, {"KETENMONITOR_POSTGRES_URL": url}, NIGHT_OF))
        other = url.replace("met%26", SECRET)
        wrong = of("postgresql", look_around(settings, {"KETENMONITOR_POSTGRES_URL": other}, NIGHT_OF))
    gone = of("postgresql", look_around(settings, {"KETENMONITOR_POSTGRES_URL": url}, NIGHT_OF))
    assert (right.state, wrong.state, gone.state) == ("well", "missing", "missing")
    assert "password authentication failed" in wrong.said["en"]
    assert "refused" in gone.said["en"]
    assert SECRET not in wrong.said["nl"] + wrong.said["en"]


def test_each_portal_of_the_night_is_looked_at_and_one_that_is_not_set_up_is_named(tmp_path: Path) -> None:
    port = free_port()
    given = {
        "KETENMONITOR_PORTALS": f"folder:{tmp_path},ckan,zenodo,s3",
        "KETENMONITOR_CKAN_URL": f"http://127.0.0.1:{port}",
        "KETENMONITOR_CKAN_TOKEN": "a-token",
        "KETENMONITOR_CKAN_ORGANISATION": "ketenmonitor",
        "KETENMONITOR_ZENODO_URL": "https://sandbox.zenodo.org",
    }
    findings = {finding.about: finding for finding in look_at_portals(given)}
    assert findings["portal folder"].state == "well"
    assert findings["KETENMONITOR_CKAN_URL"].state == "missing"
    assert f"127.0.0.1:{port} is niet bereikbaar" in findings["KETENMONITOR_CKAN_URL"].said["nl"]
    assert "KETENMONITOR_ZENODO_TOKEN is not set" in findings["portal zenodo"].said["en"]
    assert "KETENMONITOR_S3_BUCKET is not set" in findings["portal s3"].said["en"]
    assert "a-token" not in str(findings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("KETENMONITOR_PORTALS", "ftp", "KETENMONITOR_PORTALS has 'ftp'"),
        ("KETENMONITOR_PORTALS", "s3", "KETENMONITOR_S3_BUCKET is not set"),
        ("KETENMONITOR_RUN_SECONDS", "soon", "KETENMONITOR_RUN_SECONDS is 'soon'"),
    ],
)
def test_what_would_stop_a_night_is_found_without_asking_another_machine(
    name: str,
    value: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("KETENMONITOR_S3_BUCKET", raising=False)
    monkeypatch.setenv(name, value)
    assert cli.main(["doctor", "--offline", "--home", str(tmp_path)]) == 1
    assert said in capsys.readouterr().out


def test_a_list_of_portals_that_cannot_be_read_is_named() -> None:
    (found,) = look_at_portals({"KETENMONITOR_PORTALS": "ftp"})
    assert (found.state, "expected folder:/a/folder" in found.said["en"]) == ("missing", True)
    assert list(look_at_portals({})) == []
