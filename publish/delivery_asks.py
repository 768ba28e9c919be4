"""What deliveries ask of a person, and each delivery of a night in one sentence.

Here: words about what came in or did not. Not here: receipts, or which deliveries are awaited.
"""

from __future__ import annotations

from publish.ask import Ask
from publish.night_facts import DeliveryOverdue, DeliveryReceived, NightFacts
from publish.night_words import either, one_or_more
from publish.numbers_and_dates import Language, day, number


def overdue(delivery: DeliveryOverdue, language: Language) -> Ask:
    """A delivery that should have been here."""
    title = either(language, delivery.title_nl, delivery.title_en)
    by = f" {either(language, 'van', 'of')} {delivery.deliverer}" if delivery.deliverer else ""
    return Ask(
        either(
            language,
            f"De levering «{title}» over {delivery.period}{by} is er niet",
            f"The delivery “{title}” over {delivery.period}{by} is not here",
        ),
        either(
            language,
            f"Zij had er op {day(delivery.deadline, 'nl')} moeten zijn, {number(delivery.days, 'nl')} "
            f"{'dag' if delivery.days == 1 else 'dagen'} geleden.",
            f"It should have been here on {day(delivery.deadline, 'en')}, {number(delivery.days, 'en')} "
            f"{'day' if delivery.days == 1 else 'days'} ago.",
        ),
        either(
            language,
            f"Vraag de leverancier erom. Een leeg sjabloon maakt u met: ketenmonitor template {delivery.delivery}. "
            "De cijfers van vorige perioden blijven intussen staan.",
            f"Ask the deliverer for it. An empty template is made with: ketenmonitor template {delivery.delivery}. "
            "The figures of earlier periods stand meanwhile.",
        ),
        place=f"assets/deliveries/{delivery.delivery}",
    )


def received(delivery: DeliveryReceived, language: Language) -> Ask:
    """A delivery that came in and was refused, in part or whole."""
    title = either(language, delivery.title_nl, delivery.title_en)
    whole = delivery.outcome == "refused"
    rows = one_or_more(delivery.rows_refused, language, ("rij", "rijen"), ("row", "rows"))
    return Ask(
        either(
            language,
            f"De levering «{title}» is {'geweigerd' if whole else 'deels geweigerd'}",
            f"The delivery “{title}” was refused{'' if whole else ' in part'}",
        ),
        either(
            language,
            f"{delivery.file_name}: {number(delivery.rows_accepted, 'nl')} rijen aangenomen, {rows} geweigerd."
            f"{' ' + delivery.reason_nl if delivery.reason_nl else ''}",
            f"{delivery.file_name}: {number(delivery.rows_accepted, 'en')} rows accepted, {rows} refused."
            f"{' ' + delivery.reason_en if delivery.reason_en else ''}",
        ),
        either(
            language,
            f"Stuur de leverancier het ontvangstbewijs {delivery.receipt or delivery.id}: daarin staat per rij wat er "
            "mis is. Een verbeterd bestand in dezelfde map vervangt dit.",
            f"Send the deliverer the receipt {delivery.receipt or delivery.id}: it says row by row what is wrong. A "
            "corrected file in the same folder replaces this one.",
        ),
        place=f"assets/deliveries/{delivery.delivery}",
    )


def delivery_lines(facts: NightFacts, language: Language) -> list[str]:
    """Every delivery that came in or did not, one sentence each."""
    outcomes = {
        "accepted": ("aangenomen", "accepted"),
        "accepted_in_part": ("deels aangenomen", "accepted in part"),
        "refused": ("geweigerd", "refused"),
        "repeated": ("hetzelfde bestand als eerder", "the same file as before"),
    }
    told = []
    for one in facts.received:
        title = either(language, one.title_nl, one.title_en)
        rows = either(
            language,
            f"{number(one.rows_accepted, 'nl')} rijen aangenomen, {number(one.rows_refused, 'nl')} geweigerd",
            f"{number(one.rows_accepted, 'en')} rows accepted, {number(one.rows_refused, 'en')} refused",
        )
        if one.decided:
            rows += either(language, ", waarover is besloten", ", about which was decided")
        by = f", {one.deliverer}" if one.deliverer else ""
        told.append(f"{title} ({one.file_name}{by}): {either(language, *outcomes[one.outcome])}; {rows}.")
    for late in facts.overdue:
        title = either(language, late.title_nl, late.title_en)
        days = one_or_more(late.days, language, ("dag", "dagen"), ("day", "days"))
        told.append(either(language, f"{title} {late.period}: {days} te laat.", f"{title} {late.period}: {days} late."))
    return told
