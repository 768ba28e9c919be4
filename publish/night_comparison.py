"""What is different between a night and one of about a week before, in sentences: durations, rows, refusals, editions,
ages, versions.

Here: comparing the facts of two nights. Not here: choosing the other night (`pipelines/kept_nights.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from publish.night_facts import NightFacts
from publish.night_words import duration, either, listed, one_or_more
from publish.numbers_and_dates import Language, number

#: A step is called slower or faster from this factor and this many seconds: less is noise of the machine.
FACTOR, SECONDS = 2.0, 5.0
#: Tables and steps that are named; of more only the number is said.
NAMED = 6


def differences(facts: NightFacts, before: NightFacts, language: Language) -> tuple[str, ...]:
    """What differs, one sentence each; nothing where both nights are alike."""
    return (
        *_versions(facts, before, language),
        *_copies(facts, before, language),
        *_ages(facts, before, language),
        *_rows(facts, before, language),
        *_refusals(facts, before, language),
        *_durations(facts, before, language),
    )


def _versions(facts: NightFacts, before: NightFacts, language: Language) -> Iterator[str]:
    then = {one.dataset: one.version for one in before.datasets}
    moved = [
        f"{one.dataset} {then[one.dataset] or '–'} → {one.version}"
        for one in facts.datasets
        if one.dataset in then and one.version and then[one.dataset] != one.version
    ]
    if moved:
        yield either(language, "Andere versies: ", "Other versions: ") + ", ".join(moved) + "."
    new = [one.dataset for one in facts.datasets if then and one.dataset not in then]
    if new:
        yield either(language, "Nieuwe datasets: ", "New datasets: ") + listed(new, language) + "."


def _copies(facts: NightFacts, before: NightFacts, language: Language) -> Iterator[str]:
    then = {one.source: one.copy for one in before.sources}
    other = [one.source for one in facts.sources if one.source in then and one.copy != then[one.source]]
    if other:
        yield either(language, "Andere exemplaren van bronnen: ", "Other copies of sources: ") + _named(other, language)
    failing = [one.source for one in facts.sources if one.failed]
    silent = [one.source for one in before.sources if one.failed]
    again, gone = sorted(set(silent) - set(failing)), sorted(set(failing) - set(silent))
    if again and facts.sources:
        yield either(language, "Antwoorden weer: ", "Answer again: ") + _named(again, language)
    if gone and before.sources:
        yield either(language, "Antwoorden niet meer: ", "No longer answer: ") + _named(gone, language)


def _ages(facts: NightFacts, before: NightFacts, language: Language) -> Iterator[str]:
    if not (facts.sources and before.sources):
        return
    stale = {one.source for one in facts.sources if one.stale_since}
    then = {one.source for one in before.sources if one.stale_since}
    if stale - then:
        yield either(language, "Te oud geworden: ", "Became too old: ") + _named(sorted(stale - then), language)
    if then - stale:
        yield either(language, "Niet meer te oud: ", "No longer too old: ") + _named(sorted(then - stale), language)


def _rows(facts: NightFacts, before: NightFacts, language: Language) -> Iterator[str]:
    then = {one.table: one.rows for one in before.tables}
    changed = []
    for table in facts.tables:
        rows, earlier = table.rows, then.get(table.table)
        if rows is None or earlier is None or rows == earlier:
            continue
        more = either(language, "meer", "more") if rows > earlier else either(language, "minder", "fewer")
        changed.append((abs(rows - earlier), f"{table.table} {number(abs(rows - earlier), language)} {more}"))
    if changed:
        sentences = [sentence for _, sentence in sorted(changed, key=lambda item: (-item[0], item[1]))]
        yield either(language, "Rijen: ", "Rows: ") + _named(sentences, language)


def _refusals(facts: NightFacts, before: NightFacts, language: Language) -> Iterator[str]:
    now, then = sum(max(0, rows) for _, rows in facts.quarantine), sum(max(0, rows) for _, rows in before.quarantine)
    if now != then:
        yield either(
            language,
            f"In quarantaine: {number(now, 'nl')} rijen, toen {number(then, 'nl')}.",
            f"In quarantine: {number(now, 'en')} rows, then {number(then, 'en')}.",
        )
    stopped, earlier = {one.asset for one in facts.failures}, {one.asset for one in before.failures}
    if earlier - stopped:
        mended = sorted(earlier - stopped)
        yield either(language, "Gaan weer goed: ", "Go well again: ") + _named(mended, language)


def _durations(facts: NightFacts, before: NightFacts, language: Language) -> Iterator[str]:
    if facts.outcome == "unfinished" or before.outcome == "unfinished":
        return
    if _apart(facts.seconds, before.seconds):
        now, then = duration(facts.seconds, language), duration(before.seconds, language)
        longer = facts.seconds > before.seconds
        yield either(
            language,
            f"De nacht duurde {'langer' if longer else 'korter'}: {now}, toen {then}.",
            f"The night took {'longer' if longer else 'less time'}: {now}, then {then}.",
        )
    # a step that had nothing to do in one of both nights is not slower or faster
    earlier = {(one.asset, one.outcome): one.seconds for one in before.steps}
    slower = [
        (one.seconds, f"{one.asset} {duration(one.seconds, language)} ({duration(was, language)})")
        for one in facts.steps
        if one.seconds is not None and (was := earlier.get((one.asset, one.outcome))) is not None
        and one.seconds > was and _apart(one.seconds, was)
    ]  # fmt: skip
    if slower:
        sentences = [sentence for _, sentence in sorted(slower, key=lambda item: (-item[0], item[1]))]
        yield either(language, "Duurden langer (toen): ", "Took longer (then): ") + _named(sentences, language)


def _apart(now: float, then: float) -> bool:
    less, more = sorted((now, then))
    return more - less >= SECONDS and more >= FACTOR * less


def _named(names: list[str], language: Language) -> str:
    more = len(names) - NAMED
    shown = ", ".join(names[:NAMED])
    if more <= 0:
        return f"{shown}."
    rest = one_or_more(more, language, ("andere", "andere"), ("other", "others"))
    return f"{shown} {either(language, 'en nog', 'and')} {rest}."
