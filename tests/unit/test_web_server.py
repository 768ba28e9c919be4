"""The published folder over HTTP, asked over a real connection on loopback."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publish.web_files import find
from publish.web_headers import cache_control
from publish.web_server import ByteRange, asked_range, serve
from tests.servers.site import serving
from tests.servers.small_published import HARD, withdraw, write_published, write_release, write_sums

CSV = "/releases/electronics/1.0.0/data/observations.csv"
PAGE = "<!DOCTYPE html><html lang='nl'><title>x</title></html>\n"


@dataclass(frozen=True)
class Got:
    status: int
    headers: dict[str, str]
    links: list[str]
    body: bytes


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_published(tmp_path_factory.mktemp("site") / "published")
    more = {"index.html": PAGE.encode(), "chart.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "empty.csv": b""}
    write_release(folder, "electronics", "1.1.0", previous="1.0.0", more=more)
    (folder / ".secret").write_text("secret")
    (folder / "en").mkdir()
    (folder / "en" / "index.html").write_text(PAGE)
    (folder / "static" / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "catalog.ttl").write_text("# Turtle\n")
    (folder.parent / "outside.txt").write_text("outside")
    (folder / "out").symlink_to(folder.parent)
    (folder / "out.txt").symlink_to(folder.parent / "outside.txt")
    (folder / "hidden.txt").symlink_to(folder / ".secret")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "met spatie & ü.txt").write_text("x")
    return folder


@pytest.fixture(scope="module")
def address(published: Path) -> Iterator[str]:
    with serving(published) as running:
        yield running


@pytest.fixture
def get(address: str) -> Iterator[object]:
    host = address.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=10)

    def ask(path: str, method: str = "GET", **headers: str) -> Got:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Got(answer.status, dict(answer.getheaders()), answer.headers.get_all("Link") or [], answer.read())

    yield ask
    connection.close()


def test_a_file_comes_whole_with_its_type_and_its_checksum(get, published: Path) -> None:
    got = get(CSV)
    assert got.status == 200
    assert got.body == (published / CSV[1:]).read_bytes()
    assert got.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert got.headers["ETag"] == f'"{hashlib.sha256(got.body).hexdigest()}"'
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in got.headers["Server"]


@pytest.mark.parametrize(
    ("path", "held"),
    [
        (CSV, "public, max-age=31536000, immutable"),
        ("/releases/electronics/1.1.0/", "no-cache"),
        ("/releases/electronics/1.1.0/SHA256SUMS", "no-cache"),
        ("/releases/electronics/1.1.0/datapackage.json", "no-cache"),
        ("/datasets/electronics/latest/data/observations.csv", "no-cache"),
        ("/datasets/electronics/latest.json", "no-cache"),
        ("/index.json", "no-cache"),
        ("/", "no-cache"),
        ("/nothing", "no-cache"),
    ],
)
def test_only_the_data_of_a_release_is_kept_without_asking_again(path: str, held: str, get) -> None:
    assert get(path).headers["Cache-Control"] == held


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("data/a.csv", True),
        ("codelists/geo.csv", True),
        ("history/revisions.csv", True),
        ("diff/changes.csv", True),
        ("packaging-1.0.0.xlsx", True),
        ("packaging-1.0.0.zip", True),
        ("diff/index.html", False),
        ("release.json", False),
        ("tombstone.json", False),
        ("quality.html", False),
        ("README.md", False),
        ("", False),
    ],
)
def test_what_a_tombstone_may_take_the_place_of_is_asked_for_again(name: str, kept: bool) -> None:
    held = cache_control(f"releases/packaging/1.0.0/{name}", otherwise="else")
    assert held == ("public, max-age=31536000, immutable" if kept else "no-cache")


@pytest.fixture(scope="module")
def withdrawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = write_published(tmp_path_factory.mktemp("withdrawn") / "published")
    withdraw(folder, "electronics", "1.0.0")
    (folder / "releases/electronics/1.0.0/index.html").write_text(PAGE)
    write_sums(folder / "releases/electronics/1.0.0")
    with serving(folder) as running:
        yield folder, running


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (CSV, 410),
        ("/releases/electronics/1.0.0/data/", 410),
        ("/releases/electronics/1.0.0/anything", 410),
        ("/datasets/electronics/latest/data/observations.csv", 410),
        ("/releases/electronics/1.0.0/tombstone.json", 200),
        ("/releases/electronics/1.0.0/", 200),
        ("/releases/electronics/9.9.9/data/observations.csv", 404),
        ("/releases/packaging/1.0.0/data/nothing.csv", 404),
        ("/releases/electronics/1.0.0/.hidden", 404),
    ],
)
def test_what_was_withdrawn_is_gone_and_its_tombstone_says_so(
    path: str, status: int, withdrawn: tuple[Path, str]
) -> None:
    connection = http.client.HTTPConnection(withdrawn[1].split("/")[2], timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == status
    if status == 410:
        assert body == PAGE.encode()
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        connection.request("HEAD", path)
        head = connection.getresponse()
        assert (head.status, head.read()) == (410, b"")
        assert head.headers["Content-Length"] == str(len(PAGE))
    connection.close()


def test_head_says_the_same_without_a_body(get) -> None:
    whole, head = get(CSV), get(CSV, "HEAD")
    assert head.status == 200
    assert head.body == b""
    # on the same connection a body would be taken for the next answer
    assert get(CSV).body == whole.body
    kept = ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Accept-Ranges")
    assert {name: head.headers[name] for name in kept} == {name: whole.headers[name] for name in kept}


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
def test_what_a_client_has_already_is_not_sent_again(form: str, get) -> None:
    etag = get(CSV).headers["ETag"]
    got = get(CSV, If_None_Match=form.format(etag))
    assert (got.status, got.body, got.headers["ETag"]) == (304, b"", etag)
    assert get(CSV, If_None_Match='"other"').status == 200


def test_the_etag_of_a_page_follows_its_bytes(get, published: Path) -> None:
    path = published / "changing.txt"
    path.write_text("one")
    first = get("/changing.txt").headers["ETag"]
    path.write_text("three")
    assert get("/changing.txt", If_None_Match=first).body == b"three"


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "part"),
    [
        ("bytes=0-2", 206, "bytes 0-2/{n}", slice(0, 3)),
        ("bytes=5-", 206, "bytes 5-{last}/{n}", slice(5, None)),
        ("bytes=-4", 206, "bytes {tail}-{last}/{n}", slice(-4, None)),
        ("bytes=0-99999999", 206, "bytes 0-{last}/{n}", slice(0, None)),
        ("bytes=99999999-", 416, "bytes */{n}", slice(0, 0)),
        ("bytes=-0", 416, "bytes */{n}", slice(0, 0)),
        ("bytes=3-1", 200, None, slice(0, None)),
        ("bytes=0-1,4-5", 200, None, slice(0, None)),
        ("lines=0-1", 200, None, slice(0, None)),
        ("bytes=-", 200, None, slice(0, None)),
        ("bytes=a-b", 200, None, slice(0, None)),
        ("bytes=" + "9" * 4000 + "-", 200, None, slice(0, None)),
    ],
)
def test_a_part_of_a_file_can_be_asked_for(
    asked: str, status: int, content_range: str | None, part: slice, get, published: Path
) -> None:
    whole = (published / CSV[1:]).read_bytes()
    got = get(CSV, Range=asked)
    assert got.status == status
    assert got.body == whole[part]
    n = len(whole)
    expected = content_range and content_range.format(n=n, last=n - 1, tail=n - 4)
    assert got.headers.get("Content-Range") == expected
    assert got.headers["Content-Length"] == str(len(got.body))


def test_a_part_is_only_sent_of_the_file_that_the_client_began_with(get) -> None:
    etag = get(CSV).headers["ETag"]
    assert get(CSV, Range="bytes=0-2", If_Range=etag).status == 206
    assert get(CSV, Range="bytes=0-2", If_Range='"other"').status == 200
    assert get(CSV, Range="bytes=0-2", If_Range="Sat, 21 Nov 2026 03:00:00 GMT").status == 200


def test_an_empty_file_has_no_part(get) -> None:
    assert get("/releases/electronics/1.1.0/empty.csv", Range="bytes=0-0").status == 416
    assert get("/releases/electronics/1.1.0/empty.csv").headers["Content-Length"] == "0"


@given(size=st.integers(0, 50), first=st.integers(0, 60), last=st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_a_range_never_leaves_the_file(size: int, first: int, last: int) -> None:
    for header in (f"bytes={first}-{last}", f"bytes={first}-", f"bytes=-{last}"):
        part = asked_range(header, size)
        if isinstance(part, ByteRange):
            assert 0 <= part.first <= part.last < size


def test_other_sites_may_read_data_and_its_parts(get) -> None:
    got = get(CSV, Origin="https://elsewhere.example")
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Range" in got.headers["Access-Control-Expose-Headers"]
    asked = get(CSV, "OPTIONS", Origin="https://elsewhere.example", Access_Control_Request_Headers="range")
    assert asked.status == 204
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "Range" in asked.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in get("/").headers


def test_pages_run_only_what_is_ours_and_pages_of_a_release_run_nothing(get) -> None:
    page = get("/en/").headers["Content-Security-Policy"]
    assert page == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    alone = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    for path in ("/releases/electronics/1.1.0/", "/releases/electronics/1.1.0/chart.svg", "/static/logo.svg"):
        assert get(path).headers["Content-Security-Policy"] == alone, path
    assert "Content-Security-Policy" not in get(CSV).headers
    assert get("/nothing").headers["Content-Security-Policy"] == page


def test_a_release_tells_machines_where_to_go_on(get) -> None:
    assert get("/releases/electronics/1.1.0/").links == [
        '</releases/electronics/1.1.0/datapackage.json>; rel="describedby"; type="application/json"',
        '</releases/electronics/1.1.0/README.md>; rel="describedby"; type="text/markdown"',
        '<https://creativecommons.org/licenses/by/4.0/>; rel="license"',
        '</datasets/electronics/latest/>; rel="latest-version"',
        '</releases/electronics/1.0.0/>; rel="predecessor-version"',
    ]


def test_a_hostile_descriptor_adds_no_header(tmp_path: Path) -> None:
    folder = write_published(tmp_path / "published")
    release = write_release(folder, "electronics", "1.1.0", previous="1.0.0", more={"index.html": PAGE.encode()})
    descriptor = json.loads((release / "datapackage.json").read_text())
    descriptor["licenses"] = [{"path": 'https://x.example/>; rel="x"\r\nSet-Cookie: a=b\r\n' + HARD}]
    descriptor["upv:doi"] = "10.1/\r\nX: y"
    (release / "datapackage.json").write_text(json.dumps(descriptor))
    write_sums(release)
    with serving(folder) as address:
        connection = http.client.HTTPConnection(address.split("/")[2], timeout=10)
        connection.request("GET", "/releases/electronics/1.1.0/")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("Set-Cookie") is None
        assert answer.getheader("X") is None
        assert len(answer.headers.get_all("Link")) == 6
        connection.close()


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/en", "/en/"),
        ("//en", "/en/"),
        ("/datasets/electronics", "/datasets/electronics/"),
        ("/en?x=1", "/en/"),
        ("/%65n", "/en/"),
    ],
)
def test_a_folder_without_its_slash_is_sent_on_to_it(path: str, to: str, get) -> None:
    got = get(path)
    assert (got.status, got.headers["Location"]) == (301, to)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/static/",
        "/releases/",
        "/releases/electronics/1.0.0/",
        "/datasets/electronics/latest.json/",
        "/../outside.txt",
        "/en/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/en/%2e%2e%2f%2e%2e%2foutside.txt",
        "/..%5coutside.txt",
        "/out/outside.txt",
        "/out.txt",
        "/hidden.txt",
        "/loop",
        "/.secret",
        "/%2esecret",
        "/a%00b",
        "/" + "a" * 5000,
        "//evil.example/",
        "/http://evil.example/",
        "/%ff%fe",
    ],
)
def test_what_is_not_published_is_not_found(path: str, get) -> None:
    got = get(path)
    assert got.status == 404
    assert b"secret" not in got.body
    assert b"outside" not in got.body


def test_the_page_for_nothing_is_in_both_languages(get) -> None:
    got = get("/nothing")
    text = got.body.decode()
    assert got.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<html lang="nl">' in text
    assert '<section lang="en">' in text
    assert get("/nothing", "HEAD").body == b""


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_address_leads_out_of_the_folder(text: str) -> None:
    published = Path(__file__).resolve().parents[2] / "contracts"
    for target in ("/" + text, text, "/../" + text, "/codelists/" + text):
        found = find(published, target)
        if found is not None and not isinstance(found, str):
            assert found.real.is_relative_to(published)


def test_names_with_spaces_and_accents_are_found(get) -> None:
    assert get("/met%20spatie%20%26%20%C3%BC.txt").status == 200


def test_latest_is_served_through_its_link(get, published: Path) -> None:
    got = get("/datasets/electronics/latest/data/observations.csv")
    assert got.body == (published / CSV[1:]).read_bytes()
    assert got.headers["ETag"] == get(CSV).headers["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(method: str, get) -> None:
    got = get("/index.json", method)
    assert (got.status, got.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_a_parquet_reader_asks_for_parts_only(address: str) -> None:
    asked: list[str] = []
    remote = address + "releases/electronics/1.0.0/data/observations.parquet"

    class Reader(io.RawIOBase):
        """A file over Range requests, as a reader of Parquet sees one."""

        def __init__(self) -> None:
            self.connection = http.client.HTTPConnection(address.split("/")[2], timeout=10)
            self.at = 0
            self.connection.request("HEAD", remote[len(address) - 1 :])
            answer = self.connection.getresponse()
            answer.read()
            self.size = int(answer.headers["Content-Length"])

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def tell(self) -> int:
            return self.at

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset + (0, self.at, self.size)[whence]
            return self.at

        def read(self, size: int = -1) -> bytes:
            end = self.size if size < 0 else min(self.at + size, self.size)
            if end <= self.at:
                return b""
            asked.append(f"bytes={self.at}-{end - 1}")
            self.connection.request("GET", remote[len(address) - 1 :], headers={"Range": asked[-1]})
            answer = self.connection.getresponse()
            assert answer.status == 206
            content = answer.read()
            self.at += len(content)
            return content

    table = pq.read_table(Reader(), columns=["geo"])
    assert table["geo"].to_pylist() == ["NA", "NL", "BE"]
    assert len(asked) >= 2


def test_many_clients_at_once_each_get_their_file(address: str, published: Path) -> None:
    whole = (published / CSV[1:]).read_bytes()
    wrong: list[int] = []

    def ask() -> None:
        connection = http.client.HTTPConnection(address.split("/")[2], timeout=20)
        for _ in range(5):
            connection.request("GET", CSV)
            answer = connection.getresponse()
            if (answer.status, answer.read()) != (200, whole):
                wrong.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_request_that_is_none_is_refused_and_the_server_goes_on(address: str, get) -> None:
    host, port = address.split("/")[2].split(":")
    for raw in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        assert not re.search(rb"^HTTP/1\.[01] 200", answer)
    assert get("/index.json").status == 200


def test_serve_says_its_port_and_ends_quietly_when_interrupted(published: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from publish.web_server import serve; "
        "serve(Path(sys.argv[1]), '127.0.0.1', 0, lambda port: print(port, flush=True)); print('ended')"
    )
    command = [sys.executable, "-c", program, str(published)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        port = int(running.stdout.readline())
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/index.json")
        assert connection.getresponse().status == 200
        running.send_signal(signal.SIGINT)
        said, errors = running.communicate(timeout=20)
    assert (said, errors, running.returncode) == ("ended\n", "", 0)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        serve(tmp_path / "nothing", "127.0.0.1", 0)
