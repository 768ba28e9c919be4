"""Which figures of a package come from deliveries, in a sentence for its reader in Dutch and in English.

Here: counting them, and the sentence. Not here: where it stands (README, descriptor, workbook and site take it from
`read_first`), or the texts of a contract.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import DELIVERED, Product
from publish.numbers_and_dates import Language, number

#: The tables that hold figures with their source, and what one row of each is called.
_ROWS = {
    "observations": {"nl": "waarnemingen", "en": "observations"},
    "indicators": {"nl": "indicatorcijfers", "en": "indicator figures"},
}


def read_first(product: Product, tables: Mapping[str, pa.Table], language: Language) -> list[str]:
    """What a reader must know first: the sentences of the contract, and one on deliveries where there are any.

    A sentence of the contract may be a mapping: its `text` stands unless one of the indicators in `unless` has a value,
    or only when one of those in `when` has; for what is said to be missing until somebody delivers it.
    """
    known = _valued(tables.get("indicators"))
    own = []
    for given in product.get("readFirstNl" if language == "nl" else "readFirstEn", ()):
        if not isinstance(given, Mapping):
            own.append(str(given))
        elif not known & set(given.get("unless", ())) and ("when" not in given or known & set(given["when"])):
            own.append(str(given["text"]))
    said = delivered_sentence(tables, language)
    return [*own, said] if said else own


def _valued(indicators: pa.Table | None) -> set[str]:
    """The indicators of which a figure has a value."""
    if indicators is None or not {"indicator", "value"} <= set(indicators.column_names):
        return set()
    held = indicators.filter(pc.is_valid(indicators.column("value"))).column("indicator")
    return {str(code) for code in pc.unique(held).to_pylist()}


def delivered_sentence(tables: Mapping[str, pa.Table], language: Language) -> str:
    """How many observations and indicators rest on deliveries, and under which source; empty where none does."""
    dutch, one = language == "nl", True
    parts: list[str] = []
    sources: set[str] = set()
    for name, called in _ROWS.items():
        table = tables.get(name)
        if table is None or "source" not in table.column_names:
            continue
        column = table.column("source").cast(pa.string())
        found = pc.sum(pc.match_substring_regex(column, rf"(^|\+){DELIVERED}")).as_py() or 0
        if found:
            listed = (code for text in pc.unique(column).to_pylist() for code in str(text).split("+"))
            sources.update(code for code in listed if code.startswith(DELIVERED))
            one = one and not parts and found == 1
            of = "van de" if dutch else "of the"
            parts.append(f"{number(found, language)} {of} {number(len(table), language)} {called[language]}")
    if not parts:
        return ""
    named = ", ".join(sorted(sources))
    if dutch:
        return (
            f"Uit aanleveringen {'volgt' if one else 'volgen'} {' en '.join(parts)}; "
            f"in de kolom source staat dan {named}. Wat een deelnemer zou verraden, is leeg en heet vertrouwelijk."
        )
    return (
        f"From deliveries {'follows' if one else 'follow'} {' and '.join(parts)}; "
        f"the column source then holds {named}. What would give a participant away is empty and called confidential."
    )
