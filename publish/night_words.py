"""How a night is told in Dutch and English: its first line, durations and moments, outcomes of sources and datasets.

Here: sentences that report and messages share. Not here: what asks for somebody (`night_asks.py`), what differs from
another night (`night_comparison.py`), or pages (`night_report.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from publish.night_facts import PORTAL_ASSET, DatasetFacts, NightFacts, PortalFacts, SourceFacts
from publish.numbers_and_dates import Language, day, number

#: Where the steward's clock hangs; moments are kept in UTC and told in this time.
HERE = ZoneInfo("Europe/Amsterdam")

#: What fetching says of a source whose service was not asked at all.
NOT_ASKED = "the live service was not asked"

_SOURCE_OUTCOMES = {
    "fetched": ("nieuw exemplaar opgehaald", "new copy fetched"),
    "unchanged": ("opgehaald, ongewijzigd", "fetched, unchanged"),
    "not_newer": ("niets nieuwers bij de dienst", "nothing newer at the service"),
    "kept": ("ons laatste exemplaar telt", "our last copy stands in"),
    "embedded": ("meegeleverd exemplaar telt", "the shipped copy stands in"),
    "curated": ("met de hand bijgehouden", "kept by hand"),
    "awaited": ("nog nooit opgehaald", "never fetched yet"),
}

_BUMPS = {
    "first": ("eerste uitgave", "first release"),
    "major": ("andere opbouw", "other structure"),
    "minor": ("nieuwe of herziene cijfers", "new or revised figures"),
    "patch": ("andere teksten", "other texts"),
}


def either(language: Language, nl: str, en: str) -> str:
    """The text of a language; both stand side by side in the code, so that neither is forgotten."""
    return nl if language == "nl" else en


def one_or_more(count: int, language: Language, nl: tuple[str, str], en: tuple[str, str]) -> str:
    """A number with its noun: `1 dataset`, `1.234 datasets`."""
    one, more = nl if language == "nl" else en
    return f"{number(count, language)} {one if count == 1 else more}"


def quoted(title: str, language: Language) -> str:
    """A title between the quotation marks of a language."""
    return either(language, f"«{title}»", f"“{title}”")


def listed(names: Sequence[str], language: Language) -> str:
    """Names in a sentence: `a, b en c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {either(language, 'en', 'and')} {names[-1]}"


def here(moment: str) -> datetime:
    """A kept moment on the steward's clock."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(HERE)


def day_here(moment: str, language: Language) -> str:
    """The day of a moment on the steward's clock, in words."""
    return day(here(moment), language)


def clock(moment: str) -> str:
    """The time of a moment on the steward's clock: 02:30."""
    return here(moment).strftime("%H:%M")


def duration(seconds: float, language: Language) -> str:
    """A duration: `0,4 s`, `12 s`, `1 min 5 s`, `2 u 3 min`."""
    if seconds < 9.95:
        return f"{number(seconds, language, 1)} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(whole / 60)
    return f"{minutes // 60} {either(language, 'u', 'h')} {minutes % 60} min"


def source_outcome(source: SourceFacts, language: Language) -> str:
    """What became of a source, in a few words."""
    if source.outcome == "embedded" and not source.reason:
        return either(language, "meegeleverd", "shipped with the software")
    return either(language, *_SOURCE_OUTCOMES[source.outcome])


def source_reason(source: SourceFacts, language: Language) -> str:
    """Why that became of it, where that can be said in this language; else nothing (see `SourceFacts.reason`)."""
    return either(language, "de dienst is niet gevraagd", NOT_ASKED) if source.reason == NOT_ASKED else ""


def bump(dataset: DatasetFacts, language: Language) -> str:
    """How large the step to a release was."""
    return either(language, *_BUMPS.get(dataset.bump, ("", "")))


def dataset_outcome(dataset: DatasetFacts, language: Language) -> str:
    """What became of a dataset, with the version that stands."""
    version = dataset.version
    match dataset.outcome:
        case "released":
            words = ("uitgegeven als {v}", "released as {v}")
        case "unchanged":
            words = ("ongewijzigd, {v} staat", "unchanged, {v} stands")
        case "waiting":
            words = ("klaargezet als {v}", "ready as {v}")
        case "blocked" if version:
            words = ("tegengehouden, {v} blijft staan", "held back, {v} stands")
        case "blocked":
            words = ("tegengehouden, er staat nog geen uitgave", "held back, no release stands")
        case _ if version:
            words = ("niet aan de beurt gekomen, {v} staat", "not reached, {v} stands")
        case _:
            words = ("niet aan de beurt gekomen", "not reached")
    return either(language, *words).format(v=version)


_PORTALS = {
    "folder": ("de map", "the folder"),
    "s3": ("de S3-opslag", "the S3 store"),
    "ckan": ("de CKAN-catalogus", "the CKAN catalogue"),
    "zenodo": ("Zenodo", "Zenodo"),
}


def portal_title(asset: str, language: Language) -> str:
    """A portal as a person knows it, by the name of its asset; empty for any other asset."""
    kind = asset.removeprefix(PORTAL_ASSET)
    return either(language, *_PORTALS.get(kind, (kind, kind))) if kind != asset else ""


def portal_line(portal: PortalFacts, moment: str, language: Language) -> str:
    """What became of a portal in the night of `moment`, in one sentence."""
    called = portal_title(f"{PORTAL_ASSET}{portal.portal}", language)
    called = f"{called[:1].upper()}{called[1:]}" + (f" ({portal.where})" if portal.where else "")
    steps = one_or_more(portal.done, language, ("ding", "dingen"), ("thing", "things"))
    match portal.outcome:
        case "updated":
            words = (f"bijgewerkt, {steps}", f"brought up to date, {steps}")
        case "unchanged":
            words = ("al gelijk", "up to date already")
        case "not_asked":
            words = ("niet gevraagd, want deze nacht ging zonder netwerk", "not asked, as this night was offline")
        case "not_reached":
            words = ("niet aan de beurt gekomen", "not reached")
        case "failed" if portal.since and portal.since != moment:
            words = (f"mislukt, sinds {day_here(portal.since, 'nl')}", f"failed, since {day_here(portal.since, 'en')}")
        case _:
            words = ("mislukt", "failed")
    return f"{called}: {either(language, *words)}."


def titles(names: Sequence[str], facts: NightFacts, language: Language) -> list[str]:
    """Datasets by their titles, in the order given."""
    known = {one.dataset: either(language, one.title_nl, one.title_en) for one in facts.datasets}
    return [known.get(name, name) for name in names]


def asset_title(asset: str, facts: NightFacts, language: Language) -> str:
    """An asset as a person knows it: a source with its title, anything else by its name."""
    group, _, name = asset.partition("/")
    found = next((one for one in facts.sources if one.source == name and group == "sources"), None)
    if found is None:
        return asset
    return f"{quoted(either(language, found.title_nl, found.title_en), language)} ({name})"


def first_line(facts: NightFacts, asking: int, language: Language) -> str:
    """The answer within a minute: does this night ask for somebody, and if not, is there anything new."""
    released = sum(dataset.outcome == "released" for dataset in facts.datasets)
    news = one_or_more(
        released, language, ("dataset uitgegeven", "datasets uitgegeven"), ("dataset released", "datasets released")
    )  # fmt: skip
    if facts.outcome == "unfinished":
        return either(language, "De nacht is niet afgekomen", "The night did not finish")
    if asking:
        asks = one_or_more(
            asking, language, ("ding vraagt om u", "dingen vragen om u"), ("thing asks for you", "things ask for you")
        )
        if facts.outcome == "failed":
            return f"{asks}: {either(language, 'de nacht is vastgelopen', 'the night broke down')}"
        rest = news if released else either(language, "verder niets nieuws", "otherwise nothing new")
        return f"{asks}; {rest}"
    well = either(language, "Alles is gegaan zoals het hoort", "All went as it should")
    return f"{well}: {news if released else either(language, 'niets nieuws', 'nothing new')}"
