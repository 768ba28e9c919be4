"""What sources ask of a person: too old, silent, given up by their publisher, or answering with what cannot be used.

Several sources with the same trouble are one thing to do. Not here: a source whose table an audit refused; that is a
step that stopped (`night_asks.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from publish.ask import Ask
from publish.night_facts import NightFacts, SourceFacts
from publish.night_words import day_here, either, listed, one_or_more
from publish.numbers_and_dates import Language
from publish.unseen import visible


def newly_stale(facts: NightFacts) -> list[SourceFacts]:
    """Sources that this night is the first to find older than their contract allows."""
    return [one for one in facts.sources if one.stale_since == facts.moment]


def still_silent(facts: NightFacts) -> list[SourceFacts]:
    """Sources whose service failed in this night and in the one before: once is no reason to ask for anybody."""
    return [one for one in facts.sources if one.failed and one.failed_since != facts.moment]


def unusable(facts: NightFacts) -> list[SourceFacts]:
    """Sources whose service sent what could not be used."""
    return [one for one in facts.sources if one.refused]


def newly_stopped(facts: NightFacts) -> list[SourceFacts]:
    """Sources of which this night is the first to read that their publisher no longer keeps them up."""
    return [one for one in facts.sources if one.stopped_since == facts.moment]


def gone_stale(sources: Sequence[SourceFacts], language: Language) -> Ask:
    """Sources that became older than their contract allows."""
    return Ask(
        f"{either(language, 'Te oud geworden', 'Too old now')}: {_sources(sources, language)}",
        either(
            language,
            "De cijfers zijn van langer geleden dan voor de bron is afgesproken; ze tellen nog wel, met die "
            "waarschuwing in het pakket.",
            "The figures are of longer ago than agreed for the source; they still count, with that warning in the "
            "package.",
        ),
        either(
            language,
            "Kijk bij de uitgever of er een nieuwe editie is. Is die er en haalt Ketenmonitor haar niet op, laat dan "
            "het adres of de tabelcode in het contract nakijken. Is die er niet, dan staat de waarschuwing terecht in "
            "het pakket en hoeft u niets te doen.",
            "See at the publisher whether there is a newer edition. If there is and Ketenmonitor does not fetch it, "
            "have the address or the table code in the contract checked. If there is none, the warning rightly stands "
            "in the package and there is nothing to do.",
        ),
        items=tuple(aged(one, language) for one in sources),
        place="assets/sources/vintages",
    )


def _sources(sources: Sequence[SourceFacts], language: Language) -> str:
    return one_or_more(len(sources), language, ("bron", "bronnen"), ("source", "sources"))


def aged(source: SourceFacts, language: Language) -> str:
    """A source with its title, its code and the age of its figures."""
    days = one_or_more(source.age_days or 0, language, ("dag", "dagen"), ("day", "days"))
    called = f"{either(language, source.title_nl, source.title_en)} ({source.source})"
    return f"{called}: {days} {either(language, 'oud', 'old')}"


def no_answer(sources: Sequence[SourceFacts], language: Language) -> Ask:
    """Sources whose service has not delivered for more than one night."""
    since = min(str(one.failed_since) for one in sources)
    return Ask(
        f"{either(language, 'Geen antwoord van', 'No answer from')} {_sources(sources, language)}",
        either(
            language,
            f"{listed([one.source for one in sources], 'nl')}, sinds {day_here(since, 'nl')}. Ons laatste exemplaar "
            "telt zolang.",
            f"{listed([one.source for one in sources], 'en')}, since {day_here(since, 'en')}. Our last copy stands in.",
        ),
        either(
            language,
            "Kijk of de dienst elders wel bereikbaar is. Zo ja, dan houdt iets op deze machine het tegen (netwerk, "
            "proxy: ketenmonitor doctor); zo nee, wacht dan af.",
            "See whether the service can be reached from elsewhere. If so, something on this machine stops it "
            "(network, proxy: ketenmonitor doctor); if not, wait.",
        ),
        quote="\n".join(sorted({visible(one.reason) for one in sources})),
        place="assets/sources/vintages",
    )


def sent_unusable(sources: Sequence[SourceFacts], language: Language) -> Ask:
    """Sources whose service sent what could not be used."""
    since = min(str(one.refused_since) for one in sources)
    return Ask(
        f"{either(language, 'Onbruikbaar antwoord van', 'Unusable answer from')} {_sources(sources, language)}",
        either(
            language,
            f"{listed([one.source for one in sources], 'nl')}, sinds {day_here(since, 'nl')}. Wat er kwam, is bewaard "
            "en niet gebruikt.",
            f"{listed([one.source for one in sources], 'en')}, since {day_here(since, 'en')}. What came is kept, "
            "and was not used.",
        ),
        either(
            language,
            "Meestal is het een foutpagina of een half antwoord, en gaat het de volgende nacht weer goed. Blijft het "
            "zo, bekijk dan wat er kwam (de plaats staat hieronder) en laat de ontwikkelaar zien wat er veranderd is.",
            "Usually it is an error page or half an answer, and the next night goes well again. If it stays so, look "
            "at what came (the place is below) and show the developer what changed.",
        ),
        quote="\n".join(visible(f"{one.source}: {one.refused}") for one in sources),
        place="assets/sources/vintages",
    )


def given_up(sources: Sequence[SourceFacts], language: Language) -> Ask:
    """Sources that their publisher no longer keeps up."""
    return Ask(
        f"{either(language, 'Niet meer bijgehouden', 'No longer kept up')}: {_sources(sources, language)}",
        either(
            language,
            "De uitgever werkt deze bron niet meer bij. De cijfers die er zijn, blijven staan.",
            "The publisher no longer keeps this source up. The figures that are there stand.",
        ),
        either(
            language,
            "Zoek bij de uitgever welke tabel ervoor in de plaats komt, en laat daarvoor een contract maken.",
            "Find out from the publisher which table takes its place, and have a contract made for it.",
        ),
        items=tuple(f"{one.source}: {either(language, str(one.stopped_nl), str(one.stopped_en))}" for one in sources),
        place="assets/sources/vintages",
    )


Found = Callable[[NightFacts], list[SourceFacts]]
Told = Callable[[Sequence[SourceFacts], Language], Ask]

#: Which sources have a trouble, and how it is told; the gravest first.
OF_SOURCES: tuple[tuple[Found, Told], ...] = (
    (unusable, sent_unusable),
    (newly_stale, gone_stale),
    (still_silent, no_answer),
    (newly_stopped, given_up),
)
