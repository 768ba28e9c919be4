"""CBS on loopback: one table in OData v3 (`/ODataFeed/odata/<table>`) and v4 (`/odata/v1/CBS/<table>`), in true form.

Keys of v3 are padded and compared as they stand, rows are numbered, pages are linked; v4 gives a row a figure and
leaves empty cells out, but for those of which it says why they are empty. What a test spoils is spoiled every time.
Not here: faults of the network that come once (`loopback.py`).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers.loopback import Call, PlayedApi, Reply

V3, V4 = "/ODataFeed/odata", "/odata/v1/CBS"
V3_TYPE = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8"
V4_TYPE = "application/json; odata.metadata=minimal; odata.streaming=true"
_CLAUSE = re.compile(r"(\w+) eq '((?:[^']|'')*)'")

Row = dict[str, Any]


@dataclass
class PlayedTable:
    """A table: dimensions (name -> code -> title), periods (code -> status), topics (v3 key -> v4 code).

    `cells` gives the figures of one combination of codes and period, one a topic; a combination that is not there is
    empty in v3 and absent in v4. `attributes` says why a cell is empty: (v3 key, *codes, period) -> word.
    """

    identifier: str
    dimensions: dict[str, dict[str, str]]
    periods: dict[str, str | None]
    topics: dict[str, str]
    cells: dict[tuple[str, ...], list[float | int | None]]
    attributes: dict[tuple[str, ...], str] = field(default_factory=dict)
    padded_to: int = 8
    modified: str = "2026-06-30T06:30:00"
    infos: dict[str, Any] = field(default_factory=dict)
    unit: str = "mln kg"

    def combinations(self) -> list[tuple[str, ...]]:
        return list(itertools.product(*self.dimensions.values(), self.periods))

    def v3_rows(self) -> list[Row]:
        rows = []
        for number, key in enumerate(self.combinations()):
            codes = {name: code.ljust(self.padded_to) for name, code in zip(self.dimensions, key[:-1], strict=True)}
            values = dict(zip(self.topics, self.cells.get(key, [None] * len(self.topics)), strict=True))
            rows.append({"ID": number, **codes, "Perioden": key[-1], **values})
        return rows

    def v4_rows(self) -> list[Row]:
        rows: list[Row] = []
        for key in self.combinations():
            values = self.cells.get(key, [None] * len(self.topics))
            for topic, value in zip(self.topics, values, strict=True):
                word = self.attributes.get((topic, *key), "None")
                if value is not None or word != "None":
                    codes = dict(zip((*self.dimensions, "Perioden"), key, strict=True))
                    head = {"Id": len(rows), "Measure": self.topics[topic], "ValueAttribute": word}
                    rows.append({**head, "Value": value, "StringValue": None, **codes})
        return rows


class PlayedCbs(PlayedApi):
    """The service. `spoiled` holds what is done to the body of every answer whose path and query hold a word."""

    def __init__(self, table: PlayedTable, page_rows: int = 10_000) -> None:
        super().__init__()
        self.table, self.page_rows = table, page_rows
        self.spoiled: dict[str, Callable[[bytes], bytes]] = {}
        self.replies: dict[str, Reply] = {}
        self.link_host = "http://opendata.cbs.nl"

    @property
    def v3(self) -> str:
        return self.base + V3

    @property
    def v4(self) -> str:
        return self.base + V4

    def answer(self, call: Call) -> Reply:
        """Either service."""
        path, query = urlsplit(call.path).path, dict(parse_qsl(urlsplit(call.path).query))
        told = f"{path}?{unquote(urlsplit(call.path).query)}"
        for word, reply in self.replies.items():
            if word in told:
                return reply
        found: Any = None
        for base, answers in ((V3, self._v3), (V4, self._v4)):
            start = f"{base}/{self.table.identifier}/"
            if path.startswith(start):
                found = answers(path.removeprefix(start), query)
        if found is None:
            return Reply(
                404, b"<html><head><title>404 - Not Found</title></head></html>", {"Content-Type": "text/html"}
            )
        if isinstance(found, int):
            body, kind = str(found).encode(), "text/plain"
        else:
            kind = V3_TYPE if path.startswith(V3) else V4_TYPE
            body = json.dumps(found, ensure_ascii=False).encode()
        for word, spoil in self.spoiled.items():
            if word in told:
                body = spoil(body)
        return Reply(200, body, {"Content-Type": kind})

    def _v3(self, resource: str, query: Mapping[str, str]) -> Any:
        if query.get("$format") != "json" and not resource.endswith("$count"):
            return None
        table = self.table
        metadata = f"https://opendata.cbs.nl{V3}/{table.identifier}/$metadata#Cbs.OData.WebAPI.{resource}"
        rows: list[Row]
        if resource == "TableInfos":
            rows = [self._infos()]
        elif resource == "DataProperties":
            kinds = dict.fromkeys(table.dimensions, "Dimension") | {"Perioden": "TimeDimension"}
            rows = [{"odata.type": f"Cbs.OData.{kind}", "Type": kind, "Key": key} for key, kind in kinds.items()]
            # a topic has columns that a dimension has not
            rows += [
                {"odata.type": "Cbs.OData.Topic", "Type": "Topic", "Key": key, "Datatype": "Long", "Unit": table.unit}
                for key in table.topics
            ]
            rows = [{"ID": place, "Position": str(place), **row} for place, row in enumerate(rows)]
        elif resource == "Perioden":
            rows = [
                {"Key": code, "Title": code[:4], "Description": "", "Status": status}
                for code, status in table.periods.items()
            ]
        elif resource in table.dimensions:
            rows = [
                {"Key": code.ljust(table.padded_to), "Title": title, "Description": "", "CategoryGroupID": 1}
                for code, title in table.dimensions[resource].items()
            ]
        elif resource in ("TypedDataSet", "TypedDataSet/$count"):
            wanted = _filtered(table.v3_rows(), query)
            if resource.endswith("$count"):
                return len(wanted)
            if "$select" in query:
                names = query["$select"].split(",")
                wanted = [{name: row[name] for name in names} for row in wanted]
            return self._page(wanted, query, {"odata.metadata": metadata}, "odata.nextLink", f"{V3}/{table.identifier}")
        else:
            return None
        return {"odata.metadata": metadata, "value": rows}

    def _infos(self) -> Row:
        table = self.table
        return {
            "ID": 0,
            "Title": "Een tabel",
            "Identifier": table.identifier,
            "Summary": "",
            "Modified": table.modified,
            "MetaDataModified": table.modified,
            "ReasonDelivery": "Actualisering",
            "OutputStatus": "Regulier",
            "Language": "nl",
            "Catalog": "CBS",
            "Frequency": "Perjaar",
            "Period": "2019-2021",
            "ShortDescription": "\nCijfers over afval.\n",
            "Description": "INHOUDSOPGAVE",
            **table.infos,
        }

    def _v4(self, resource: str, query: Mapping[str, str]) -> Any:
        table = self.table
        context = {"@odata.context": f"https://datasets.cbs.nl{V4}/{table.identifier}/$metadata#{resource}"}
        if resource == "Properties":
            moment = table.modified + "+02:00"
            return {
                **context,
                "Identifier": table.identifier,
                "Title": "Een tabel",
                "Description": "Cijfers over afval.",
                "Modified": moment,
                "Version": re.sub(r"\D", "", table.modified)[:12],
                "VersionReason": "Actualisering",
                "Frequency": "Per jaar",
                "Status": "Regulier",
                "ObservationCount": len(table.v4_rows()),
                "ObservationsModified": moment,
                "DatasetType": "Numeric",
                **table.infos,
            }
        if resource == "Dimensions":
            kinds = dict.fromkeys(table.dimensions, "Dimension") | {"Perioden": "TimeDimension"}
            return {
                **context,
                "value": [{"Identifier": name, "Title": name, "Kind": kind} for name, kind in kinds.items()],
            }
        if resource == "MeasureCodes":
            codes = [
                {"Identifier": code, "Index": i, "Title": key, "Unit": table.unit}
                for i, (key, code) in enumerate(table.topics.items())
            ]
            return {**context, "value": codes}
        if resource == "PeriodenCodes":
            rows = [
                {"Identifier": code, "Index": i, "Title": code[:4], "DimensionGroupId": "0", "Status": status}
                for i, (code, status) in enumerate(table.periods.items())
            ]
            return {**context, "value": rows}
        if resource.removesuffix("Codes") in table.dimensions:
            titles = table.dimensions[resource.removesuffix("Codes")]
            codes = [{"Identifier": c, "Index": i, "Title": t} for i, (c, t) in enumerate(titles.items())]
            return {**context, "value": codes}
        if resource in ("Observations", "Observations/$count"):
            wanted = _filtered(table.v4_rows(), query)
            if resource.endswith("$count"):
                return len(wanted)
            return self._page(wanted, query, context, "@odata.nextLink", f"{V4}/{table.identifier}")
        return None

    def _page(self, rows: Sequence[Row], query: Mapping[str, str], head: Row, link: str, table: str) -> Row:
        skip = int(query.get("$skip", 0))
        answer = {**head, "value": list(rows[skip : skip + self.page_rows])}
        if skip + self.page_rows < len(rows):
            resource = "TypedDataSet" if table.startswith(V3) else "Observations"
            kept = "$format=json&" if table.startswith(V3) else ""
            answer[link] = f"{self.link_host}{table}/{resource}?{kept}$skip={skip + self.page_rows}"
        return answer


def _filtered(rows: Sequence[Row], query: Mapping[str, str]) -> list[Row]:
    wanted: dict[str, set[str]] = {}
    for column, code in _CLAUSE.findall(query.get("$filter", "")):
        wanted.setdefault(column, set()).add(code.replace("''", "'"))
    return [row for row in rows if all(row[column] in codes for column, codes in wanted.items())]
