"""A Eurostat on loopback that behaves as the real one: table of contents, three data APIs, queue, limits, constraints.

Its tables are SDMX-CSV bodies in the true form; a test may order answers of its own, also broken ones, by a part of the
path. Not here: expected figures.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

CSV = "application/vnd.sdmx.data+csv;version=1.0.0;charset=UTF-8"
SOAP = "application/xml;charset=UTF-8"
QUEUED = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
    '<env:Header/><env:Body><ns0:syncResponse xmlns:ns0="http://estat.ec.europa.eu/disschain/soap/extraction">'
    "<processingTime>92</processingTime><queued><id>{ticket}</id><status>SUBMITTED</status></queued>"
    "</ns0:syncResponse></env:Body></env:Envelope>"
)
STATUS = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
    '<env:Header/><env:Body><ns0:asyncResponse xmlns:ns0="http://estat.ec.europa.eu/disschain/soap/asynchronous" '
    'xmlns:ns1="http://estat.ec.europa.eu/disschain/asynchronous"><ns1:status><ns1:key>{ticket}</ns1:key>'
    "<ns1:status>{status}</ns1:status></ns1:status></ns0:asyncResponse></env:Body></env:Envelope>"
)
FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><S:Fault xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">'
    "<faultcode>{code}</faultcode><faultstring>{words}</faultstring></S:Fault>"
)
TOO_BIG = (
    "EXTRACTION_TOO_BIG: The requested extraction is too big, estimated {rows} rows, max authorised is {most}, "
    "please change your filters to reduce the extraction size"
)


@dataclass(frozen=True)
class Sent:
    """One answer as it goes over the line, whole or spoiled.

    `announced` is a Content-Length that is not true. `reset_after` bytes the connection is reset. `drip` sends so many
    bytes, waits so many seconds, and so on.
    """

    body: bytes = b""
    status: int = 200
    kind: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    announced: int | None = None
    reset_after: int | None = None
    drip: tuple[int, float] | None = None


@dataclass
class PlayedEurostat:
    """The service. `most_rows` is what one request may give; `queue` the statuses through which each request goes."""

    tables: dict[str, bytes] = field(default_factory=dict)
    updated: dict[str, str] = field(default_factory=dict)
    restructured: dict[str, str] = field(default_factory=dict)
    most_rows: int = 5_000_000
    queue: dict[str, list[list[str]]] = field(default_factory=dict)
    orders: list[tuple[str, Sent]] = field(default_factory=list)
    always: dict[str, Sent] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    url: str = ""
    _tickets: dict[str, tuple[list[str], bytes]] = field(default_factory=dict)

    def count(self, word: str) -> int:
        """How many requests held a word in their path."""
        return sum(word in path for path in self.asked)

    def answer(self, path: str, headers: Mapping[str, str]) -> Sent:
        """What the service says: what a test has ordered, else what it says by itself."""
        self.asked.append(path)
        self.headers.append(headers)
        for order in self.orders:
            if order[0] in path:
                self.orders.remove(order)
                return order[1]
        for word, sent in self.always.items():
            if word in path:
                return sent
        parts = urlsplit(path)
        steps = [unquote(step) for step in parts.path.split("/") if step]
        query = [(name, value) for name, value in parse_qsl(parts.query)]
        if steps[:1] == ["catalogue"]:
            return Sent(self.contents(), kind="text/plain;charset=UTF-8")
        if steps[:3] == ["sdmx", "2.1", "contentconstraint"]:
            return self._constraint(steps[-1].lower())
        if steps[:3] == ["1.0", "async", "status"]:
            return self._status(steps[-1])
        if steps[:3] == ["1.0", "async", "data"]:
            return Sent(self._tickets[steps[-1]][1], kind=CSV)
        if steps[:3] == ["sdmx", "2.1", "data"]:
            return self._sdmx_2(steps[3].lower(), steps[4])
        if steps[:3] == ["sdmx", "3.0", "data"]:
            return self._sdmx_3(steps[5].lower(), query)
        if steps[:1] == ["statistics"]:
            return self._statistics(steps[3].lower(), query)
        return Sent(b"no such thing", 404)

    def contents(self) -> bytes:
        """The table of contents: folders, and tables by their code, quoted cells between tabs."""
        header = "title", "code", "type", "last update of data", "last table structure change", "data start"
        lines = ["\t".join(f'"{name}"' for name in (*header, "data end", "values"))]
        lines.append('"Database by themes"\t"data"\t"folder"\t" "\t" "\t" "\t" "\t')
        for code in self.tables:
            day, structure = self.updated.get(code, "27.02.2025"), self.restructured.get(code, "03.02.2021")
            lines.append(f'"    Table {code}"\t"{code}"\t"dataset"\t"{day}"\t"{structure}"\t"2000"\t"2024"\t1234')
        return ("\n".join(lines) + "\n").encode()

    def _rows(self, code: str, chosen: Mapping[str, set[str]]) -> tuple[list[str], list[dict[str, str]]]:
        reader = csv.DictReader(io.StringIO(self.tables[code].decode()))
        rows = [row for row in reader if all(row[name] in codes for name, codes in chosen.items() if codes)]
        return list(reader.fieldnames or ()), rows

    def dimensions(self, code: str) -> list[str]:
        """The dimensions of a table, from the header of its body."""
        header = self.tables[code].split(b"\n", 1)[0].decode().strip().split(",")
        return header[2 : header.index("TIME_PERIOD")]

    def _sdmx_2(self, code: str, key: str) -> Sent:
        if code not in self.tables:
            return self.fault(404, "100", f"ERR_NOT_FOUND_4: {code.upper()} is not available for dissemination")
        chosen = {
            name: set(filter(None, codes.split("+")))
            for name, codes in zip(self.dimensions(code), key.split("."), strict=True)
        }
        names, rows = self._rows(code, chosen)
        refused = self._refused(rows)
        if refused is not None:
            return refused
        out = io.StringIO()
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        if self.queue.get(code):
            ticket = f"e3d39a1b-27eb-4ce4-936d-{len(self._tickets):012d}"
            self._tickets[ticket] = (self.queue[code].pop(0), out.getvalue().encode())
            return Sent(QUEUED.format(ticket=ticket).encode(), kind=SOAP)
        return Sent(out.getvalue().encode(), kind=CSV)

    def _refused(self, rows: Sequence[Mapping[str, str]]) -> Sent | None:
        if not rows:
            return self.fault(404, "100", "NO_RESULTS: No results found")
        if len(rows) > self.most_rows:
            return self.fault(413, "413", TOO_BIG.format(rows=len(rows), most=self.most_rows))
        return None

    def _sdmx_3(self, code: str, query: Sequence[tuple[str, str]]) -> Sent:
        chosen = {name[2:-1]: set(value.split(",")) for name, value in query if name.startswith("c[")}
        names, rows = self._rows(code, chosen)
        refused = self._refused(rows)
        if refused is not None:
            return refused
        out = io.StringIO()
        kept = [name for name in names if name not in ("DATAFLOW", "LAST UPDATE")]
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["STRUCTURE", "STRUCTURE_ID", *kept])
        writer.writerows(["dataflow", row["DATAFLOW"], *(row[name] for name in kept)] for row in rows)
        return Sent(out.getvalue().encode(), kind="application/vnd.sdmx.data+csv;version=2.0.0")

    def _statistics(self, code: str, query: Sequence[tuple[str, str]]) -> Sent:
        chosen: dict[str, set[str]] = {}
        for name, value in query:
            if name not in ("format", "lang"):
                chosen.setdefault(name, set()).add(value)
        _, rows = self._rows(code, chosen)
        if len(rows) > self.most_rows:
            label = "ASYNCHRONOUS_RESPONSE. Your request will be treated asynchronously. Please try again later."
            return Sent(json.dumps({"warning": {"status": 413, "label": label}}).encode(), kind="application/json")
        if not rows:
            return Sent(json.dumps({"error": [{"status": 404, "id": 100, "label": "NO_RESULTS"}]}).encode(), 404)
        return Sent(json.dumps(json_stat(code, self.dimensions(code), rows)).encode(), kind="application/json")

    def _constraint(self, code: str) -> Sent:
        _, rows = self._rows(code, {})
        values = "".join(
            f'<c:KeyValue id="{name}">'
            + "".join(f"<c:Value>{value}</c:Value>" for value in dict.fromkeys(row[name] for row in rows))
            + "</c:KeyValue>"
            for name in (*self.dimensions(code), "TIME_PERIOD")
        )
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><m:Structure '
            'xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" '
            'xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" '
            'xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"><m:Structures><s:Constraints>'
            f'<s:ContentConstraint agencyID="ESTAT" id="{code.upper()}" version="1.0" type="Actual">'
            f'<s:CubeRegion include="true">{values}</s:CubeRegion></s:ContentConstraint></s:Constraints>'
            "</m:Structures></m:Structure>"
        )
        return Sent(body.encode(), kind=SOAP)

    def _status(self, ticket: str) -> Sent:
        statuses = self._tickets[ticket][0]
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        return Sent(STATUS.format(ticket=ticket, status=status).encode(), kind=SOAP)

    @staticmethod
    def fault(status: int, code: str, words: str) -> Sent:
        """A fault in SOAP, as the SDMX API says it."""
        return Sent(FAULT.format(code=code, words=words).encode(), status, SOAP)


def json_stat(code: str, dimensions: Sequence[str], rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Rows in JSON-stat 2.0 as the statistics API writes it: cells by their place, codes with an index."""
    names = [*dimensions, "TIME_PERIOD"]
    codes = [sorted({row[name] for row in rows}) for name in names]
    place = {key: at for at, key in enumerate(product(*codes))}
    value: dict[str, Any] = {}
    status: dict[str, str] = {}
    for row in rows:
        at = str(place[tuple(row[name] for name in names)])
        if row["OBS_VALUE"]:
            value[at] = json.loads(row["OBS_VALUE"])
        if row["OBS_FLAG"]:
            status[at] = row["OBS_FLAG"]
    return {
        "version": "2.0",
        "class": "dataset",
        "label": f"Table {code}",
        "source": "ESTAT",
        "updated": "2025-02-27T23:00:00+0100",
        "value": value,
        "status": status,
        "id": [*dimensions, "time"],
        "size": [len(listed) for listed in codes],
        "dimension": {
            name: {"label": name, "category": {"index": {one: at for at, one in enumerate(listed)}}}
            for name, listed in zip([*dimensions, "time"], codes, strict=True)
        },
        "extension": {"lang": "EN", "id": code.upper(), "agencyId": "ESTAT", "version": "1.0"},
    }


def packed(body: bytes, cut: int = 0) -> Sent:
    """A body under gzip, with `cut` bytes of its end missing."""
    whole = gzip.compress(body, mtime=0)
    return Sent(whole[: len(whole) - cut], kind=CSV, headers=(("Content-Encoding", "gzip"),))


@contextmanager
def serving(played: PlayedEurostat) -> Iterator[PlayedEurostat]:
    """The service at an address, until the test is done."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = played.answer(self.path, dict(self.headers))
            self.send_response_only(sent.status)
            if sent.kind:
                self.send_header("Content-Type", sent.kind)
            for name, value in sent.headers:
                self.send_header(name, value)
            if sent.status != 304:
                self.send_header("Content-Length", str(len(sent.body) if sent.announced is None else sent.announced))
            self.end_headers()
            if sent.reset_after is not None:
                self.wfile.write(sent.body[: sent.reset_after])
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            elif sent.drip is not None:
                size, pause = sent.drip
                for at in range(0, len(sent.body), size):
                    self.wfile.write(sent.body[at : at + size])
                    self.wfile.flush()
                    time.sleep(pause)
            else:
                self.wfile.write(sent.body)

        def finish(self) -> None:
            if not self.wfile.closed and self.connection.fileno() != -1:
                super().finish()

        def log_message(self, format: str, *given: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that goes away in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    played.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
