"""A code list as a table of a package: its contract and its rows.

Here: the description that a code list gets when it is published. Not here: reading and checking the list
(`contracts/vocabulary.py`).
"""

from __future__ import annotations

import pyarrow as pa

from contracts import vocabulary
from contracts.contract import Column, Contract

# Columns that every list has; a further column takes its texts from the list of concepts where it stands
# there.
_TEXTS = {
    "code": (
        "Code",
        "Code",
        "De code zoals zij in de tabellen staat.",
        "The code as it stands in the tables.",
    ),
    "label_nl": ("Naam (Nederlands)", "Label (Dutch)", "De naam in het Nederlands.", "The name in Dutch."),
    "label_en": ("Naam (Engels)", "Label (English)", "De naam in het Engels.", "The name in English."),
    "description_nl": (
        "Omschrijving (Nederlands)",
        "Description (Dutch)",
        "Wat de code betekent, in het Nederlands.",
        "What the code means, in Dutch.",
    ),
    "description_en": (
        "Omschrijving (Engels)",
        "Description (English)",
        "Wat de code betekent, in het Engels.",
        "What the code means, in English.",
    ),
    "denominator_nl": (
        "Noemer (Nederlands)",
        "Denominator (Dutch)",
        "Waardoor wordt gedeeld, in het Nederlands.",
        "What is divided by, in Dutch.",
    ),
    "denominator_en": (
        "Noemer (Engels)",
        "Denominator (English)",
        "Waardoor wordt gedeeld, in het Engels.",
        "What is divided by, in English.",
    ),
    "formula": (
        "Formule in symbolen",
        "Formula in symbols",
        "De berekening met de codes van de grootheden.",
        "The computation with the codes of the measures.",
    ),
    "formula_nl": (
        "Formule in woorden (Nederlands)",
        "Formula in words (Dutch)",
        "De berekening in het Nederlands.",
        "The computation in Dutch.",
    ),
    "formula_en": (
        "Formule in woorden (Engels)",
        "Formula in words (English)",
        "De berekening in het Engels.",
        "The computation in English.",
    ),
    "bound": (
        "Grens",
        "Bound",
        "Of een waarde met lage betrouwbaarheid (vlag u) in deze afbakening een bovengrens (upper) of een ondergrens "
        "(lower) is.",
        "Whether a value of low reliability (flag u) in this scope is an upper (upper) or a lower (lower) bound.",
    ),
    "year_stated": (
        "Jaar vermeld",
        "Year stated",
        "`no` waar de bron niet zegt van welk jaar het cijfer is en het jaar is afgeleid.",
        "`no` where the source does not say of which year the figure is and the year is inferred.",
    ),
    "parent": (
        "Hoort onder",
        "Parent",
        "De code waaronder deze code valt.",
        "The code to which this code belongs.",
    ),
}


def _texts(name: str) -> tuple[str, str, str, str]:
    if name in _TEXTS:
        return _TEXTS[name]
    try:
        concept = vocabulary.load_codelist("concept").entry(name)
    except (KeyError, vocabulary.VocabularyError):
        words = name.replace("_", " ")
        return words, words, f"Eigenschap `{name}` van de code.", f"Property `{name}` of the code."
    return concept.label_nl, concept.label_en, concept.get("description_nl"), concept.get("description_en")


def _column(name: str) -> Column:
    title_nl, title_en, description_nl, description_en = _texts(name)
    return Column(
        name=name,
        logical_type="string",
        required=name in ("code", "label_nl", "label_en"),
        unique=name == "code",
        key_position=1 if name == "code" else None,
        minimum=None,
        maximum=None,
        exclusive_minimum=None,
        exclusive_maximum=None,
        min_length=None,
        max_length=None,
        pattern=None,
        allowed=None,
        code_list=None,
        unit=None,
        concept=name,
        title_nl=title_nl,
        title_en=title_en,
        description_nl=description_nl,
        description_en=description_en,
        provenance=False,
    )


def codelist_table(name: str) -> tuple[Contract, pa.Table]:
    """Contract and rows of one code list: all columns text, key `code`, rows in the order of the list.

    Raises VocabularyError where the list is broken.
    """
    rows = vocabulary.codelist_rows(name)
    columns = list(rows[0]) if rows else ["code", "label_nl", "label_en"]
    contract = Contract(
        id=f"codelist.{name}",
        table=f"codelist-{name}",
        version="1.0.0",
        path=vocabulary.CODELISTS / f"{name}.csv",
        title_nl=f"Codelijst {name}",
        title_en=f"Code list {name}",
        description_nl=f"De codes van `{name}` met hun naam in het Nederlands en het Engels.",
        description_en=f"The codes of `{name}` with their names in Dutch and English.",
        granularity_nl="Eén rij is één code.",
        granularity_en="One row is one code.",
        columns=tuple(_column(column) for column in columns),
        rules=(),
    )
    table = pa.table({column: pa.array([row[column] or None for row in rows], pa.string()) for column in columns})
    return contract, table
