"""What Eurostat says in place of figures: that a request is queued, how far it is, or what is wrong with it.

It says so with status 200 or with an error status, in SOAP (the SDMX API) or in JSON (the statistics API). Read with
patterns and not as XML: an answer of a stranger that is some lines long needs no parser that follows entities.
Not here: asking again (`eurostat_service.py`).
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass

from assets.sources.http_body import one_line

_LONGEST = 64 * 1024
_QUEUED = re.compile(rb"<(?:\w+:)?queued>.*?<(?:\w+:)?id>\s*([^<\s]+)\s*</", re.DOTALL)
_STATUS = re.compile(rb"<(?:\w+:)?status>\s*([A-Z_]+)\s*</")
_FAULT = re.compile(rb"<(?:\w+:)?faultstring[^>]*>(.*?)</", re.DOTALL)
_FAULT_CODE = re.compile(rb"<(?:\w+:)?faultcode[^>]*>\s*(?:\w+:)?(\w+)\s*</")
# the ticket becomes part of an address, so that nothing but a plain identifier is taken
_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_NOTHING = re.compile(r"no[_ ](results|records)", re.IGNORECASE)

READY = "AVAILABLE"
AT_WORK = ("SUBMITTED", "PROCESSING", "QUEUED")
GONE = ("EXPIRED", "UNKNOWN", "UNKNOWN_REQUEST")


@dataclass(frozen=True)
class Queued:
    """The service prepares the answer; `ticket` is what to ask for."""

    ticket: str


@dataclass(frozen=True)
class Fault:
    """The service says what is wrong: its own code (not always that of HTTP) and its words on one line."""

    code: str
    words: str

    @property
    def too_large(self) -> bool:
        """The question is too large; a part of it may be answered."""
        return self.code == "413" or "EXTRACTION_TOO_BIG" in self.words

    @property
    def nothing_there(self) -> bool:
        """The question is right, and there is no observation that fits it."""
        return self.code == "100" and _NOTHING.search(self.words) is not None


def said_in_soap(body: bytes) -> Queued | Fault | None:
    """What the SDMX API says in place of figures, or None for any other body (figures, a web page)."""
    if not body[:200].lstrip().startswith(b"<"):
        return None
    start = body[:_LONGEST]
    queued = _QUEUED.search(start)
    if queued:
        ticket = queued[1].decode("utf-8", "replace")
        if not _TICKET.fullmatch(ticket):
            return Fault("", f"the request is queued under {one_line(ticket, 60)!r}, which is no ticket")
        return Queued(ticket)
    fault = _FAULT.search(start)
    if fault is None:
        return None
    code = _FAULT_CODE.search(start)
    return Fault(code[1].decode() if code else "", one_line(html.unescape(fault[1].decode("utf-8", "replace"))))


def said_in_json(body: bytes) -> Fault | None:
    """What the statistics API says in place of figures (`error` or `warning`), or None for any other body."""
    if len(body) > _LONGEST or not body.lstrip().startswith(b"{"):
        return None
    try:
        said = json.loads(body)
    except ValueError:
        return None
    for kind in ("error", "warning"):
        told = said.get(kind) if isinstance(said, dict) else None
        first = told[0] if isinstance(told, list) and told else told
        if isinstance(first, dict):
            # `status` repeats HTTP, `id` is the code of the fault; 413 is told by the first alone
            status, code = str(first.get("status", "")), str(first.get("id", ""))
            return Fault("413" if status == "413" else code or status, one_line(str(first.get("label", ""))))
    return None


def status_of_request(body: bytes) -> str:
    """How far a queued request is: one of READY, AT_WORK or GONE, or another word of the service; empty for no word."""
    found = _STATUS.search(body[:_LONGEST])
    return found[1].decode() if found else ""
