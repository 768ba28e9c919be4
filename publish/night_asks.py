"""What a night asks of a person: each thing with what happened, what it holds back, and what to do next.

Report and messages say it in the same words. Here: which facts ask for somebody, and those words. Not here: to whom and
how often it is sent (`pipelines/messages`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from publish.ask import WORKSHOP, Ask
from publish.delivery_asks import overdue, received
from publish.night_facts import FailureFacts, NightFacts, TableFacts
from publish.night_words import asset_title, day_here, either, listed, one_or_more, portal_title, quoted, titles
from publish.numbers_and_dates import Language, number
from publish.source_asks import OF_SOURCES
from publish.unseen import visible

_REVISION = "does not permit what changed"
_ENTIRE_CATALOGUE = "publication/catalogue"


def asks(facts: NightFacts, language: Language) -> tuple[Ask, ...]:
    """Everything that asks for somebody, the gravest first."""
    return tuple(_all(facts, language))


def _all(facts: NightFacts, language: Language) -> Iterator[Ask]:
    if facts.outcome == "unfinished":
        yield unfinished(facts, language)
    grave = sorted(facts.failures, key=lambda one: (one.kind == "refused", -len(one.datasets), one.asset))
    yield from (failed(one, facts, language) for one in grave)
    for found, told in OF_SOURCES:
        sources = found(facts)
        if sources:
            yield told(sources, language)
    yield from (overdue(one, language) for one in facts.overdue)
    yield from (received(one, language) for one in facts.received if one.asks)
    waiting = [table for table in facts.tables if table.made and table.refused]
    if waiting:
        yield quarantined(waiting, language)


def unfinished(facts: NightFacts, language: Language) -> Ask:
    """A night whose process ended without a word."""
    return Ask(
        either(
            language,
            f"De nacht van {day_here(facts.moment, 'nl')} is niet afgekomen",
            f"The night of {day_here(facts.moment, 'en')} did not finish",
        ),
        either(
            language,
            "Het proces hield op zonder iets te zeggen: de machine is herstart, of het is van buiten beëindigd. "
            "Wat gepubliceerd is, staat er heel.",
            "The process ended without a word: the machine restarted, or something ended it. What is published stands "
            "whole.",
        ),
        either(
            language,
            "U hoeft niets op te ruimen. De volgende nacht maakt het af; eerder kan ook: ketenmonitor nightly. "
            "Gebeurt het vaker, laat dan naar het geheugen en de schijf van de machine kijken: ketenmonitor doctor.",
            "There is nothing to clear up. The next night completes it; sooner is possible too: ketenmonitor nightly. "
            "If it happens again, have memory and disk of the machine looked at: ketenmonitor doctor.",
        ),
        place=f"runs/{facts.run_ids[0]}" if facts.run_ids else "",
    )


def failed(failure: FailureFacts, facts: NightFacts, language: Language) -> Ask:
    """A step that stopped: a judgement on data, a revision that needs a permission, or a breakdown."""
    title, next_step = _failure_words(failure, facts, language)
    return Ask(
        title,
        held_back(failure, facts, language),
        next_step,
        quote=visible(failure.reason).strip(),
        place=f"assets/{failure.asset}" if "/" in failure.asset else "",
    )


def held_back(failure: FailureFacts, facts: NightFacts, language: Language) -> str:
    """What waits for a failure, and since when."""
    names = [quoted(title, language) for title in titles(failure.datasets, facts, language)]
    if failure.asset == _ENTIRE_CATALOGUE:
        words = either(
            language,
            "Site, catalogus en database zijn niet ververst; de uitgaven zelf zijn er wel.",
            "Site, catalogue and database were not renewed; the releases themselves are there.",
        )
    elif portal_title(failure.asset, language):
        words = either(
            language,
            "De uitgaven staan op onze eigen site; op dit portaal staat nog wat er eerder stond.",
            "The releases are on our own site; this portal still shows what it showed before.",
        )
    elif names:
        words = either(
            language,
            f"Daarop {'wacht' if len(names) == 1 else 'wachten'} {listed(names, 'nl')}. "
            "Wat al was uitgegeven, blijft staan.",
            f"{listed(names, 'en')} {'waits' if len(names) == 1 else 'wait'} for it. What was released before stands.",
        )
    else:
        words = either(language, "Geen dataset wacht daarop.", "No dataset waits for it.")
    if failure.since and failure.since != facts.moment:
        since = day_here(failure.since, language)
        words += either(language, f" Dit is zo sinds {since}.", f" It has been so since {since}.")
    return words


def _failure_words(failure: FailureFacts, facts: NightFacts, language: Language) -> tuple[str, str]:
    asset, called = failure.asset, asset_title(failure.asset, facts, language)
    if failure.kind == "broke_down":
        return (
            either(language, f"De stap {asset} is vastgelopen", f"The step {asset} broke down"),
            either(
                language,
                f"Dit ligt aan de software of de machine, niet aan de cijfers. Start de run in {WORKSHOP[0]} opnieuw "
                "vanaf de mislukte stap. Gaat het weer mis, geef de melding hieronder dan aan de ontwikkelaar.",
                f"This is about the software or the machine, not about the figures. Start the run again in "
                f"{WORKSHOP[1]} from the failed step. If it fails again, give the words below to the developer.",
            ),
        )
    if failure.kind == "interrupted":
        return (
            either(language, f"De stap {asset} is afgebroken", f"The step {asset} was interrupted"),
            either(
                language,
                f"Iemand hield de run tegen, of de tijd was op. Start hem in {WORKSHOP[0]} opnieuw vanaf de mislukte "
                "stap, of wacht op de volgende nacht.",
                f"Somebody stopped the run, or its time was up. Start it again in {WORKSHOP[1]} from the failed step, "
                "or wait for the next night.",
            ),
        )
    if portal := portal_title(asset, language):
        return (
            either(language, f"Bijwerken van {portal} is mislukt", f"Bringing {portal} up to date failed"),
            either(
                language,
                "De melding hieronder zegt wat eraan te doen is: een sleutel of adres in de instellingen, of een vraag "
                "aan de beheerder van het portaal. De volgende nacht probeert het opnieuw; eerder kan ook: "
                "ketenmonitor nightly --again.",
                "The words below say what to do: a key or an address in the settings, or a question to whoever runs "
                "the portal. The next night tries again; sooner is possible too: ketenmonitor nightly --again.",
            ),
        )
    if asset == _ENTIRE_CATALOGUE:
        return (
            either(
                language,
                "Gepubliceerde bestanden zijn niet meer wat ze waren",
                "Published files are not what they were",
            ),
            either(
                language,
                "Zet de genoemde bestanden terug uit een reservekopie (ketenmonitor restore), of trek de uitgave in "
                "(ketenmonitor withdraw). Zoek uit wie of wat ze veranderde.",
                "Put the files named back from a copy (ketenmonitor restore), or withdraw the release "
                "(ketenmonitor withdraw). Find out who or what changed them.",
            ),
        )
    if _REVISION in failure.reason:
        return _revision_words(failure, facts, language)
    if asset.startswith("sources/"):
        return (
            either(language, f"De bron {called} is geweigerd", f"The source {called} was refused"),
            either(
                language,
                f"Bekijk in {WORKSHOP[0]} bij {asset} de toets «contract»: die noemt kolom, rij, wat er stond en wat "
                "er moest staan. Is de bron fout, meld het de uitgever; is er echt iets veranderd, laat dan het "
                "contract aanpassen. De volgende nacht probeert het opnieuw.",
                f"Look in {WORKSHOP[1]} at the check “contract” of {asset}: it names column, row, what was found and "
                "what was expected. If the source is wrong, tell its publisher; if something really changed, have the "
                "contract changed. The next night tries again.",
            ),
        )
    return (
        either(language, f"De tabel {asset} is geweigerd", f"The table {asset} was refused"),
        either(
            language,
            f"Bekijk in {WORKSHOP[0]} bij {asset} welke regel niet houdt en in welke rijen. Komt het van een bron, "
            "begin dan daar; anders is het werk voor de ontwikkelaar.",
            f"Look in {WORKSHOP[1]} at {asset}: which rule does not hold, and in which rows. If it comes from a "
            "source, begin there; otherwise it is work for the developer.",
        ),
    )


def _revision_words(failure: FailureFacts, facts: NightFacts, language: Language) -> tuple[str, str]:
    group = failure.asset.partition("/")[0]
    # the dataset whose own package it is; the others only wait for it
    own = next((name for name in failure.datasets if name.replace("-", "_") == group), "") or "".join(
        failure.datasets[:1]
    )
    called = "".join(titles((own,), facts, language))
    return (
        either(
            language,
            f"De nieuwe uitgave van «{called}» is tegengehouden",
            f"The new release of “{called}” was held back",
        ),
        either(
            language,
            f"Er veranderen cijfers die als definitief zijn uitgegeven. Bekijk ze in staging/{own}.blocked/diff/"
            f"changes.csv. Kloppen ze, start dan in {WORKSHOP[0]} de taak accept_revision met de reden (of: "
            f"ketenmonitor accept {own}); daarna worden ze uitgegeven. Kloppen ze niet, doe dan niets: de oude blijft "
            "staan.",
            f"Figures change that were released as final. See them in staging/{own}.blocked/diff/changes.csv. If they "
            f"are right, start the job accept_revision in {WORKSHOP[1]} with the reason (or: ketenmonitor accept "
            f"{own}); they are released after that. If they are wrong, do nothing: the last release stands.",
        ),
    )


def quarantined(tables: Sequence[TableFacts], language: Language) -> Ask:
    """Rows that were refused tonight while the rest of their table went on."""
    rows = one_or_more(sum(one.refused for one in tables), language, ("rij", "rijen"), ("row", "rows"))
    return Ask(
        f"{either(language, 'In quarantaine', 'In quarantine')}: {rows}",
        either(
            language,
            "De rest van de tabel is goed en telt mee.",
            "The rest of the table is sound and counts.",
        ),
        either(
            language,
            "Bekijk ze in quarantine/ onder de naam van de tabel; de kolom refused_by noemt de regel. In "
            f"{WORKSHOP[0]} kunt u ze vrijgeven of laten vervallen.",
            "See them in quarantine/ under the name of the table; the column refused_by names the rule. In "
            f"{WORKSHOP[1]} you can release or discard them.",
        ),
        items=tuple(f"{one.table}: {number(one.refused, language)}" for one in tables),
        place=f"assets/{tables[0].table}",
    )
