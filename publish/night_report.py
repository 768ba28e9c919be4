"""The morning report of a night, as a page, as a text and in short as Markdown, in Dutch or English.

The page carries its own style and no script, as the pages of a release do. Its first line is the answer within a
minute; then what asks for somebody, and after that what was released, fetched, refused, and how long it took.
Not here: the lines themselves (`night_reading.py`), the facts, or where reports are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from publish.ask import Ask
from publish.delivery_asks import delivery_lines
from publish.markdown_text import plain
from publish.night_facts import NightFacts
from publish.night_reading import Addresses, Read
from publish.numbers_and_dates import Language
from publish.standing_pages import standing_page

TEXT_WIDTH = 78


def report_html(
    facts: NightFacts,
    before: NightFacts | None,
    language: Language,
    *,
    addresses: Addresses | None = None,
    other_language: str = "",
) -> bytes:
    """The report as one self-contained page. `before` is a night of about a week earlier; `other_language` is the file
    of the same report in the other language, where there is one."""
    read = Read(facts, language, before, addresses or Addresses())
    return standing_page(
        "night_report.html.j2", r=read, other=other_language, deliveries=delivery_lines(facts, language)
    )


def report_text(
    facts: NightFacts,
    before: NightFacts | None,
    language: Language = "nl",
    *,
    addresses: Addresses | None = None,
) -> str:
    """The report as a text, for a mail or a terminal; the first line is the answer."""
    read = Read(facts, language, before, addresses or Addresses())
    return "\n".join(_text_lines(read)).rstrip() + "\n"


def report_markdown(facts: NightFacts, before: NightFacts | None, language: Language) -> str:
    """The report in short as Markdown, for the steward's view: the answer, what asks for somebody, main lines."""
    read = Read(facts, language, before, Addresses())
    asked = [f"{count}. **{plain(a.title)}** {plain(a.next_step)}" for count, a in enumerate(read.asks, start=1)]
    released = [
        f"- {plain(read.say(one.title_nl, one.title_en))} {one.version} ({read.step_size(one)})"
        for one in read.released
    ]
    lines = [
        f"**{read.first_line}**",
        read.when,
        "\n".join(asked),
        f"{read.say('Uitgegeven', 'Released')}: {read.datasets_line}",
        "\n".join(released),
        "\n".join(f"- {plain(line)}" for line in read.portals),
        f"{read.say('Opgehaald', 'Fetched')}: {read.sources_line}",
        plain(read.quarantine_line),
        plain(read.comparison_line),
        "\n".join(f"- {plain(line)}" for line in read.differences),
    ]
    return "\n\n".join(filter(None, lines))


def _text_lines(read: Read) -> Iterator[str]:
    say, facts, language = read.say, read.facts, read.language
    yield read.first_line
    yield f"{read.title}. {read.when}"
    for count, ask in enumerate(read.asks, start=1):
        yield from ("", *_text_of(ask, count, read))
    yield from ("", say("Uitgegeven", "Released"), _wrapped(read.datasets_line))
    for dataset in read.released:
        title = say(dataset.title_nl, dataset.title_en)
        yield _wrapped(f"{title} {dataset.version} ({read.step_size(dataset)})")
        if dataset.previous_version:
            yield from (_wrapped(f"- {change}", 4) for change in read.changes(dataset))
    yield _wrapped(read.site_line)
    yield from (_wrapped(line) for line in read.portals)
    yield from ("", say("Opgehaald", "Fetched"), _wrapped(read.sources_line))
    for source in read.notable_sources:
        note = read.source_note(source)
        yield _wrapped(f"{source.source}: {read.source_outcome(source)}{f' ({note})' if note else ''}")
    if read.stale_line:
        yield _wrapped(read.stale_line)
    if facts.received or facts.overdue:
        yield from ("", say("Leveringen", "Deliveries"))
        yield from (_wrapped(line) for line in delivery_lines(facts, language))
    yield from ("", say("Geweigerd en aangemerkt", "Refused and remarked"))
    yield from (_wrapped(read.quarantine_line), _wrapped(read.caveats_line))
    yield from ("", say("Een week geleden", "A week ago"), _wrapped(read.comparison_line))
    yield from (_wrapped(f"- {line}", 4) for line in read.differences)


def _text_of(ask: Ask, count: int, read: Read) -> Iterator[str]:
    yield fill(f"{count}. {ask.title}", TEXT_WIDTH, subsequent_indent="   ")
    yield _wrapped(ask.body, 3, first=3)
    yield from (_wrapped(f"- {item}", 5, first=3) for item in ask.items)
    yield _wrapped(f"{read.say('Wat te doen', 'What to do')}: {ask.next_step}", 3, first=3)
    where = read.addresses.in_view(ask.place)
    if where:
        yield f"   {where}"


def _wrapped(text: str, deep: int = 2, first: int = 2) -> str:
    # a path or an address that is cut cannot be followed
    return fill(
        text,
        TEXT_WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * deep,
        break_on_hyphens=False,
        break_long_words=False,
    )
