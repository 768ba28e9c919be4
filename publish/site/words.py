"""A figure in words: its value with unit, its status, its target, and how it stands against that target.

Here: sentences made from one row of a table. Not here: which rows a page shows (`headline_figures.py`, `lines.py`), or
the wording itself (`texts/figure.yaml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from publish.numbers_and_dates import Language
from publish.site.codes import Codes
from publish.site.numbers import number
from publish.site.texts import known, texts_in

Row = Mapping[str, Any]
# A value that is only what it seems: nothing needs to be said of its status.
NORMAL = "A"
# Verdicts by what they mean to a reader: reached, short of it, or no judgement.
_MARKS = {"met": "reached", "already_at_target": "reached", "not_met": "short", "not_yet_at_target": "short"}


@dataclass(frozen=True)
class Words:
    """The words of one language, with the code lists of one release."""

    codes: Codes
    language: Language
    # source -> who publishes it; empty for what was taken over from publications
    publishers: Mapping[str, str] = field(default_factory=dict)
    # source -> its edition as the publisher calls it; a source that does not state one is not in it
    editions: Mapping[str, str] = field(default_factory=dict)

    def t(self, key: str, **given: object) -> str:
        """A text of the site."""
        return texts_in(self.language)(f"figure.{key}", **given)

    def code(self, name: str, code: str | None) -> str:
        """The name of a code."""
        return self.codes.label(name, code, self.language)

    def unit(self, unit: str | None) -> str:
        """A unit as it stands behind a number: short where we have a short form, else its name."""
        if unit and known(f"figure.unit_{unit}"):
            return self.t(f"unit_{unit}")
        return self.code("unit", unit)

    def value(self, value: float | None, decimals: int | None, unit: str | None) -> str:
        """A value with its unit: 29 %, 168,78 kg per inwoner. The no-break space keeps both on one line."""
        shown = number(value, decimals, self.language)
        named = self.unit(unit)
        if value is None or not named:
            return shown
        return f"{shown}\N{NO-BREAK SPACE}{named}"

    def title(self, indicator: str, subgroup: str | None) -> str:
        """The name of an indicator, with its part where it is not the whole."""
        name = self.code("indicator", indicator)
        part = "" if subgroup in (None, "", "total") else self.code("subgroup", subgroup)
        return name if part.lower() in name.lower() else f"{name}: {part}"

    def status(self, row: Row) -> str:
        """What must be said of the status of a value; empty for a normal one."""
        status = row.get("obs_status")
        return "" if status in (None, "", NORMAL) else self.code("obs_status", status)

    def scope(self, row: Row) -> str:
        """How the value is delimited; empty where it is as the source has it."""
        scope = row.get("scope_version")
        return "" if scope in (None, "", "all") else self.code("scope_version", scope)

    def bound(self, row: Row) -> str:
        """at most, at least: what stands before a rough value that its scope says is a bound; else empty."""
        kind = self.codes.row("scope_version", str(row.get("scope_version") or "")).get("bound")
        return self.t(f"bound_{kind}") if kind in ("upper", "lower") and "u" in (row.get("flags") or "") else ""

    def when(self, row: Row) -> str:
        """in 2023; or that the source does not state the year."""
        listed = self.codes.row("scope_version", str(row.get("scope_version") or ""))
        return self.t("year_not_stated" if listed.get("year_stated") == "no" else "in_year", year=row.get("year"))

    def quoted(self, row: Row, decimals: int | None) -> str:
        """The value of a row as it may be quoted: with its unit, and before it whether it is a bound."""
        value = self.value(row["value_rounded"], decimals, row.get("unit"))
        return f"{self.bound(row)} {value}".strip()

    def source(self, row: Row) -> str:
        """Code and edition of the source of a row: cei_srm030 (2025-08); without an edition the code alone."""
        codes = [code for code in str(row.get("source") or row.get("basis_source") or "").split("+") if code]
        own = str(row.get("source_edition") or "")
        editions = {code: self.editions.get(code, "") or (own if len(codes) == 1 else "") for code in codes}
        return " + ".join(f"{code} ({editions[code]})" if editions[code] else code for code in codes)

    def target(self, row: Row) -> str:
        """The target of a headline or progress row: EU-doel: ten minste 65 % vanaf 2025. Empty where there is none."""
        if not row.get("target_id"):
            return ""
        kind = "target_best_effort" if row.get("target_status") == "best_effort" else "target"
        if row.get("target_status") in ("alternative", "lapsed"):
            kind = f"target_{row['target_status']}"
        value = self.value(row.get("target_value"), None, row.get("unit"))
        return self.t(
            kind,
            level=self.t(f"level_{row['level']}") if known(f"figure.level_{row['level']}") else row["level"],
            comparator=self.code("comparator", row.get("comparator")),
            value=value,
            year=row.get("target_year_from"),
        )

    def mark(self, row: Row) -> str:
        """reached, short or none: what the sign beside a verdict shows."""
        return _MARKS.get(str(row.get("verdict")), "none")

    def verdict(self, row: Row) -> str:
        """How the value stands against its target, with both years: nothing may be read as of today."""
        verdict = row.get("verdict")
        if not row.get("target_id"):
            return self.t("no_target")
        if not verdict or not known(f"figure.verdict_{verdict}"):
            return self.code("verdict", verdict) or self.t("not_judged")
        return self.t(f"verdict_{verdict}", year=row.get("year"), target_year=row.get("target_year_from"))

    def distance(self, row: Row) -> str:
        """How far the value is from the target, in the direction that a reader sees: 36 procentpunt onder het doel."""
        distance = row.get("distance_rounded")
        if distance is None or not row.get("target_id"):
            return ""
        if distance == 0:
            return self.t("distance_none")
        # a positive distance is on the good side: above a minimum, below a maximum
        above = (distance > 0) == (row.get("comparator") != "at_most")
        unit = self.t("percentage_points") if row.get("unit") == "percent" else self.unit(row.get("unit"))
        amount = f"{number(abs(distance), None, self.language)}\N{NO-BREAK SPACE}{unit}"
        return self.t("distance_above" if above else "distance_below", amount=amount)

    def trend(self, row: Row) -> str:
        """The direction in which it moves, or why we do not say."""
        if row.get("arrow"):
            return self.t("trend", arrow=self.code("arrow", row["arrow"]).lower())
        if row.get("refusal"):
            return self.t("trend_refused", reason=self.refusal(row["refusal"]))
        return ""

    def refusal(self, code: str) -> str:
        """Why no trend is given."""
        return self.t(f"refusal_{code}") if known(f"figure.refusal_{code}") else self.code("refusal", code)

    def basis(self, row: Row) -> str:
        """Who says so: published by a source, taken over from publications, or computed by us from sources."""
        origin, source = row.get("basis"), str(row.get("basis_source") or "")
        if not source or origin not in ("published", "computed", "delivered"):
            return ""
        named = [self.publishers.get(code) for code in source.split("+")]
        if None in named:
            return self.t(f"basis_{origin}_unnamed", source=source)
        if not any(named):
            return self.t(f"basis_{origin}_taken_over", source=source)
        return self.t(
            f"basis_{origin}", publisher=", ".join(dict.fromkeys(name for name in named if name)), source=source
        )

    def cautions(self, row: Row, breaks: Mapping[str, str]) -> tuple[str, ...]:
        """Everything that must be said with a value: status, scope, break, and where it was found. May be empty.

        `breaks` gives the title of each known break by its id.
        """
        said = [self.status(row), self.scope(row)]
        said += [breaks.get(item, item) for item in str(row.get("known_break") or "").split("+") if item]
        if row.get("confidence") in ("secondary", "own_knowledge"):
            said.append(self.code("confidence", row["confidence"]))
        return tuple(text for text in said if text)
