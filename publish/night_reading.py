"""A night as a steward reads it: every line of the report in one language, in the order in which it is asked for.

Here: lines made of facts. Not here: how page, text and Markdown set them (`night_report.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from publish.ask import Ask
from publish.night_asks import asks
from publish.night_comparison import differences
from publish.night_facts import DatasetFacts, NightFacts, SourceFacts, StepFacts
from publish.night_words import (
    bump,
    clock,
    dataset_outcome,
    day_here,
    duration,
    either,
    first_line,
    here,
    one_or_more,
    portal_line,
    source_outcome,
    source_reason,
)
from publish.numbers_and_dates import Language, number

#: Steps that the table of durations shows; those below it take no time worth a line.
STEPS_SHOWN = 8


@dataclass(frozen=True)
class Addresses:
    """Where the steward's view and the public site are; empty where nobody said."""

    view: str = ""
    site: str = ""

    def in_view(self, place: str) -> str:
        """The address of a place in the steward's view; empty where it has no address."""
        return f"{self.view.rstrip('/')}/{place}" if self.view and place else ""

    def dataset(self, dataset: str, language: Language) -> str:
        """The address of the page of a dataset; empty where the site has none."""
        prefix = "" if language == "nl" else "en/"
        return f"{self.site.rstrip('/')}/{prefix}datasets/{dataset}/" if self.site else ""


@dataclass(frozen=True)
class Read:
    """A night as its report tells it; every text in the language of the report."""

    facts: NightFacts
    language: Language
    before: NightFacts | None
    addresses: Addresses

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What asks for somebody."""
        return asks(self.facts, self.language)

    @property
    def first_line(self) -> str:
        """The answer within a minute."""
        return first_line(self.facts, len(self.asks), self.language)

    @property
    def title(self) -> str:
        """What this is, and of which night."""
        return f"{either(self.language, 'Nachtverslag', 'Night report')}, {day_here(self.facts.moment, self.language)}"

    @property
    def when(self) -> str:
        """When it ran, how long, and at which cost."""
        facts, language = self.facts, self.language
        took = duration(facts.seconds, language)
        words = either(
            language,
            f"Begonnen om {clock(facts.started)}, klaar om {clock(facts.ended)}: {took}",
            f"Began at {clock(facts.started)}, done at {clock(facts.ended)}: {took}",
        )
        if facts.cpu_seconds is not None:
            words += either(language, ", rekentijd ", ", CPU time ") + duration(facts.cpu_seconds, language)
        # the day of a night is given; where its clock was of another day, that is said
        other = here(facts.started).date() != here(facts.moment).date()
        return f"{words} ({day_here(facts.started, language)})." if other else f"{words}."

    @property
    def released(self) -> list[DatasetFacts]:
        """Datasets with a new release."""
        return [one for one in self.facts.datasets if one.outcome == "released"]

    @property
    def datasets_line(self) -> str:
        """All datasets in one sentence."""
        kinds = (
            ("released", ("uitgegeven", "released")),
            ("unchanged", ("ongewijzigd", "unchanged")),
            ("waiting", ("klaargezet", "ready")),
            ("blocked", ("tegengehouden", "held back")),
            ("not_reached", ("niet aan de beurt gekomen", "not reached")),
        )
        return self._counted([(sum(d.outcome == kind for d in self.facts.datasets), words) for kind, words in kinds])

    @property
    def sources_line(self) -> str:
        """All sources in one sentence."""
        if not self.facts.fetched:
            return either(self.language, "De bronnen zijn niet opgehaald.", "The sources were not fetched.")
        kinds = (
            ("fetched", ("met een nieuw exemplaar", "with a new copy")),
            ("unchanged", ("ongewijzigd", "unchanged")),
            ("not_newer", ("zonder iets nieuwers", "with nothing newer")),
            ("kept", ("op ons laatste exemplaar", "on our last copy")),
            ("embedded", ("op het meegeleverde exemplaar", "on the shipped copy")),
            ("curated", ("met de hand bijgehouden", "kept by hand")),
            ("awaited", ("nog nooit opgehaald", "never fetched yet")),
        )
        return self._counted([(sum(s.outcome == kind for s in self.facts.sources), words) for kind, words in kinds])

    def _counted(self, kinds: list[tuple[int, tuple[str, str]]]) -> str:
        told = [f"{number(count, self.language)} {either(self.language, *words)}" for count, words in kinds if count]
        return f"{', '.join(told)}." if told else either(self.language, "Geen.", "None.")

    @property
    def notable_sources(self) -> list[SourceFacts]:
        """Sources that somebody wants to see without opening the list: new, or silent."""
        return [one for one in self.facts.sources if one.outcome == "fetched" or one.failed or one.refused]

    @property
    def stale_line(self) -> str:
        """Sources that were too old before this night too; empty where there is none."""
        old = [one for one in self.facts.sources if one.stale_since and one.stale_since != self.facts.moment]
        if not old:
            return ""
        sources = one_or_more(len(old), self.language, ("bron blijft", "bronnen blijven"), ("source", "sources"))
        named = ", ".join(one.source for one in old)
        return either(
            self.language,
            f"{sources} te oud, zoals eerder gemeld: {named}.",
            f"{sources} still too old, as said before: {named}.",
        )

    def source_note(self, source: SourceFacts) -> str:
        """What is to be said of a source beside its outcome."""
        language = self.language
        told = [source_reason(source, language)]
        if source.failed:
            told.append(
                either(
                    language,
                    f"de dienst faalt sinds {day_here(str(source.failed_since), 'nl')}",
                    f"the service fails since {day_here(str(source.failed_since), 'en')}",
                )
            )
        return "; ".join(filter(None, told))

    def source_outcome(self, source: SourceFacts) -> str:
        """What became of a source."""
        return source_outcome(source, self.language)

    def dataset_outcome(self, dataset: DatasetFacts) -> str:
        """What became of a dataset."""
        return dataset_outcome(dataset, self.language)

    def step_size(self, dataset: DatasetFacts) -> str:
        """How large the step of a release was."""
        return bump(dataset, self.language)

    def changes(self, dataset: DatasetFacts) -> tuple[str, ...]:
        """What a release changed, in sentences."""
        return dataset.changes_nl if self.language == "nl" else dataset.changes_en

    @property
    def quarantine_line(self) -> str:
        """What waits in quarantine, in one sentence."""
        waiting = [(table, rows) for table, rows in self.facts.quarantine if rows]
        if not waiting:
            return either(self.language, "Er wacht geen rij in quarantaine.", "No row waits in quarantine.")
        total = one_or_more(sum(max(0, r) for _, r in waiting), self.language, ("rij", "rijen"), ("row", "rows"))
        told = ", ".join(f"{table} {number(rows, self.language) if rows > 0 else '?'}" for table, rows in waiting)
        return either(self.language, f"In quarantaine: {total} ({told}).", f"In quarantine: {total} ({told}).")

    @property
    def caveats(self) -> list[tuple[str, tuple[str, ...]]]:
        """Tables with rules that do not hold and are published with a remark."""
        return [(table.table, table.caveats) for table in self.facts.tables if table.caveats]

    @property
    def caveats_line(self) -> str:
        """How many remarks the tables carry."""
        rules = sum(len(words) for _, words in self.caveats)
        if not rules:
            return either(self.language, "Geen tabel draagt een opmerking.", "No table carries a remark.")
        tables = one_or_more(len(self.caveats), self.language, ("tabel", "tabellen"), ("table", "tables"))
        remarks = one_or_more(rules, self.language, ("opmerking", "opmerkingen"), ("remark", "remarks"))
        return either(self.language, f"{remarks} bij {tables}.", f"{remarks} on {tables}.")

    @property
    def site_line(self) -> str:
        """What became of the site."""
        facts, language = self.facts, self.language
        if facts.site_files is None:
            said = either(language, "De site is niet ververst.", "The site was not renewed.")
        elif facts.site_files == 0:
            said = either(language, "De site is gelijk gebleven.", "The site stayed as it was.")
        else:
            files = number(facts.site_files, language)
            said = either(language, f"{files} bestanden van de site vernieuwd.", f"{files} files of the site renewed.")
        if facts.mended:
            mended = number(len(facts.mended), language)
            said += either(language, f" Hersteld: {mended}.", f" Mended: {mended}.")
        return said

    @property
    def portals(self) -> tuple[str, ...]:
        """What became of each portal, a line each."""
        return tuple(portal_line(one, self.facts.moment, self.language) for one in self.facts.portals)

    @property
    def slowest(self) -> list[StepFacts]:
        """The steps that took longest."""
        timed = sorted(
            (s for s in self.facts.steps if s.seconds is not None), key=lambda s: (-(s.seconds or 0), s.asset)
        )
        return [step for step in timed[:STEPS_SHOWN] if (step.seconds or 0) >= 0.05]

    @property
    def steps_line(self) -> str:
        """How many steps did what."""
        kinds = (
            (("made", "done"), ("gedaan", "done")),
            (("unchanged",), ("al goed", "up to date already")),
            (("refused",), ("geweigerd", "refused")),
            (("broke_down",), ("vastgelopen", "broke down")),
            (("interrupted",), ("afgebroken", "interrupted")),
            (("not_reached",), ("niet aan de beurt gekomen", "not reached")),
        )
        return self._counted([(sum(s.outcome in kind for s in self.facts.steps), words) for kind, words in kinds])

    @property
    def differences(self) -> tuple[str, ...]:
        """What differs from the other night."""
        return differences(self.facts, self.before, self.language) if self.before else ()

    @property
    def comparison_line(self) -> str:
        """With which night it is held, or that there is none; and that both are alike, where they are."""
        if self.before is None:
            return either(
                self.language,
                "Er is geen nacht van ongeveer een week geleden om mee te vergelijken.",
                "There is no night of about a week ago to compare with.",
            )
        of = day_here(self.before.moment, self.language)
        said = either(self.language, f"Naast de nacht van {of}", f"Beside the night of {of}")
        return f"{said}:" if self.differences else said + either(self.language, ": geen verschil.", ": no difference.")

    def duration(self, seconds: float) -> str:
        """Seconds as a person says them."""
        return duration(seconds, self.language)

    def say(self, nl: str, en: str) -> str:
        """One of two texts."""
        return either(self.language, nl, en)
