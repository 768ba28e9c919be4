"""Which copies of source tables were found in public repositories, and what a user of them must know.

One entry a table, the copies of a table in order of precedence.
Not here: how a copy is read (`copies.py`) or written (`embed.py`).
"""

from __future__ import annotations

from dataclasses import replace

from assets.sources.copies import (
    CbsTable,
    Copy,
    ResearchTable,
    Table,
    read_bulk_tsv,
    read_codes_and_labels,
    read_json_stat,
    read_labels,
    read_long_form,
)

KVANUSHA = ("kvanusha12/capstone_project_circular_economy", "469b3657037a1ea4a1ab5b1ceeafe70bc66b762a")
SINAHECKE = ("sinahecke/plastic-recycling-dashboard", "b796678f9c8798467adb5fd848becb900a8a6636")
PMAYD = ("pmayd/Data-Science-in-the-Wild", "6461c471bc9b835557e2ff9b5a73b5e077921509")
CALINADRIAN = ("calinadriancomes/eu27-material-climate-sensitivity", "d6415aa917beb2ff695868b22bfebf14d6d4646d")
EV07 = ("ev07/e-waste.dataviz", "989f9d1a6ad8ef82d94ac72857a14208e382ba7b")


def _harvested(folder: str, name: str) -> Copy:
    """A download from Eurostat's data browser (codes and labels); its edition is not stated."""
    return Copy(f"{folder}/{name}", KVANUSHA[0], f"Dataset_CE/{name}", KVANUSHA[1], read_codes_and_labels)


def _dashboard(folder: str, name: str, edition: str) -> Copy:
    """A label download of one selection; each row carries its own last update."""
    return Copy(f"{folder}/{name}", SINAHECKE[0], f"data/{name}", SINAHECKE[1], read_labels, edition)


def _browsed(code: str, name: str, note_nl: str = "", note_en: str = "", edition: str | None = None) -> Table:
    """A table that is one download from the data browser, with its flags."""
    copy = replace(_harvested(code, name), edition=edition)
    if edition is None:
        note_nl, note_en = f"{note_nl} {EDITION_UNKNOWN_NL}".strip(), f"{note_en} {EDITION_UNKNOWN_EN}".strip()
    return Table(code, (copy,), True, note_nl, note_en)


def _accounts(folder: str, name: str, edition: str) -> Copy:
    """An answer of the statistics API, which carries the moment of its last update."""
    return Copy(f"{folder}/{name}", CALINADRIAN[0], f"data/raw/{name}", CALINADRIAN[1], read_json_stat, edition)


def _exported(folder: str, edition: str | None = None, last_update: str = "") -> Copy:
    """A whole table that somebody brought from a workbook of Eurostat into a long form, without flags."""
    name = f"{folder}_combined.parquet"
    return Copy(f"{folder}/{name}", PMAYD[0], f"data/{name}", PMAYD[1], read_long_form, edition, last_update)


EDITION_UNKNOWN_NL = "De editie is niet vermeld in de kopie; zij is in 2025 opgehaald."
EDITION_UNKNOWN_EN = "The copy does not state its edition; it was downloaded in 2025."

TABLES: tuple[Table, ...] = (
    _browsed("cei_pc040", "Generation of packaging waste per capita.csv"),
    _browsed("cei_pc050", "Generation_plastic_pkg_waste_per_capita.csv"),
    _browsed("cei_wm020", "Recycling rate of overall packaging.csv"),
    _browsed("cei_wm060", "Recycling rate of WEEE separately collected.csv"),
    Table(
        "demo_gind",
        (_harvested("demo_gind", "europe_population.csv"),),
        True,
        "Alleen de gemiddelde bevolking (AVG). " + EDITION_UNKNOWN_NL,
        "Average population (AVG) only. " + EDITION_UNKNOWN_EN,
        only=(("indic_de", "AVG"),),
    ),
    Table(
        "env_waselee",
        (Copy("env_waselee/env_waselee.tsv", EV07[0], "data/env_waselee.tsv", EV07[1], read_bulk_tsv),),
        True,
        "Tien categorieën, 2005-2018, uitgave van 2020 (dag niet vermeld), met de codes van toen: "
        "RCY_REU en REU in plaats van RCY_PRP_REU en PRP_REU. Nederland heeft voor 2018 hetzelfde getal "
        "voor RCY_REU als voor 2017 (139 367 t); zo staat het bij Eurostat.",
        "Ten categories, 2005-2018, release of 2020 (day not stated), with the codes of that time: "
        "RCY_REU and REU instead of RCY_PRP_REU and PRP_REU. The Netherlands has the same figure for "
        "RCY_REU in 2018 as in 2017 (139 367 t); that is how it stands at Eurostat.",
    ),
    Table(
        "env_waspac",
        (
            # The workbook was last updated on 8 February 2021 at 11:01; the service stamps that as 11:00.
            _exported("env_waspac", "2021-02-08", "08/02/21 11:00:00"),
            _dashboard("env_waspac", "estat_env_waspac.csv", "2024-10-23"),
            _dashboard("env_waspac", "packaging waste generated.csv", "2025-02-27"),
        ),
        False,
        "Drie uitgaven: de volledige tabel van 8-2-2021 (2009-2018, uitgevoerd zonder vlaggen; "
        "Nederland tot en met 2017) en, alleen voor cellen die daar ontbreken, kunststof gerecycled "
        "(23-10-2024, 2001-2022) en kunststof ontstaan (27-2-2025, 2010-2022), die hun vlaggen wel "
        "hebben. LAST UPDATE zegt per rij welke. Percentages uit deze uitgaven samen horen niet bij "
        "één publicatie.",
        "Three releases: the whole table of 8-2-2021 (2009-2018, exported without flags; the "
        "Netherlands up to 2017) and, only for cells that it lacks, plastic recycled (23-10-2024, "
        "2001-2022) and plastic generated (27-2-2025, 2010-2022), which do keep their flags. LAST "
        "UPDATE says which for each row. Rates from these releases together do not belong to one "
        "publication.",
    ),
    Table(
        "env_waspacr",
        (_dashboard("env_waspacr", "estat_env_waspacr_allcountries.csv", "2025-02-27"),),
        True,
        "Alleen kunststof, 2010-2022.",
        "Plastic only, 2010-2022.",
    ),
    _browsed(
        "cei_pc020",
        "Material_footprint.csv",
        "Een oudere uitgave dan env_ac_rme: slechts 7 % van de cellen is gelijk (Nederland 2023 6,019 tegen 7,87 ton "
        "per inwoner). Niet mengen.",
        "An older release than env_ac_rme: only 7 % of the cells are equal (Netherlands 2023 6.019 against 7.87 tonnes "
        "per capita). Not to be mixed.",
    ),
    _browsed("cei_pc030", "Resource_productivity.csv", "Alleen de index (2000 = 100).", "The index (2000 = 100) only."),
    _browsed("cei_pc032", "Generation of waste excluding major mineral wastes per GDP unit.csv"),
    _browsed("cei_pc034", "Total_waste_generation_per_capita.csv"),
    _browsed(
        "cei_wm010",
        "Recycling_rate_of_all_waste_excluding_major_mineral_waste.csv",
        "Nederland tot en met 2020. Eurostat corrigeert voor afval dat voor recycling wordt in- en uitgevoerd: het is "
        "niet RCV_R gedeeld door TRT van env_wastrt.",
        "The Netherlands up to 2020. Eurostat corrects for waste traded for recycling: it is not RCV_R over TRT of "
        "env_wastrt.",
    ),
    _browsed("cei_wm011", "Recycling_rate_of_municipal_waste.csv"),
    _browsed(
        "cei_srm030",
        "Circular_material_use_rate.csv",
        "De uitgave van augustus 2025 (dag niet vermeld), van vóór de herziening van 24 november 2025 die in "
        "env_ac_cur staat: Nederland 2018 25,8 toen, 28,0 daarna.",
        "The release of August 2025 (day not stated), before the revision of 24 November 2025 that env_ac_cur holds: "
        "Netherlands 2018 25.8 then, 28.0 afterwards.",
        edition="2025-08",
    ),
    _browsed("cei_gsr010", "Consumption_footprint.csv", "Alle milieueffecten.", "All environmental impacts."),
    _browsed("cei_gsr011", "GHG_emissions.csv"),
    _browsed("cei_gsr030", "Material import dependency.csv"),
    _browsed("cei_cie011", "Persons employed.csv"),
    _browsed("cei_cie012", "Gross value added.csv"),
    Table(
        "env_ac_cur",
        (_accounts("env_ac_cur", "cmur_env_ac_cur.json.gz", "2025-11-24"),),
        True,
        "Alle materialen, 2010-2023; de kopie heeft lidstaten, geen EU-totaal.",
        "All materials, 2010-2023; the copy has Member States, no EU aggregate.",
    ),
    Table(
        "env_ac_mfa",
        (
            _accounts("env_ac_mfa", "dmc_total_env_ac_mfa.json.gz", "2026-07-02"),
            _accounts("env_ac_mfa", "dmc_per_capita_env_ac_mfa.json.gz", "2026-07-02"),
        ),
        True,
        "Alleen het binnenlands materiaalverbruik (DMC) van alle materialen, 2010-2023; de kopie heeft landen, geen "
        "EU-totaal.",
        "Domestic material consumption (DMC) of all materials only, 2010-2023; the copy has countries, no EU "
        "aggregate.",
    ),
    Table(
        "env_ac_rme",
        (
            _accounts("env_ac_rme", "rmc_total_env_ac_rme.json.gz", "2026-07-21"),
            _accounts("env_ac_rme", "rmc_per_capita_env_ac_rme.json.gz", "2026-07-21"),
        ),
        True,
        "Alleen het grondstoffenverbruik (RMC) van alle materialen, 2010-2023; de kopie heeft landen, geen EU-totaal.",
        "Raw material consumption (RMC) of all materials only, 2010-2023; the copy has countries, no EU aggregate.",
    ),
    Table(
        "env_wasgen",
        (
            _dashboard("env_wasgen", "estat_env_wasgen_pc.csv", "2024-09-30"),
            _exported("env_wasgen", "2022-09-13", "13/09/22 11:00:00"),
        ),
        False,
        "Alleen alle afval samen (TOTAL). Twee uitgaven: kilogram per inwoner van alle bedrijfstakken en huishoudens "
        "(30-9-2024, 2004-2022, met vlaggen) en, voor alle andere cellen, de tabel van 13-9-2022 (2004-2020, "
        "uitgevoerd zonder vlaggen). LAST UPDATE zegt per rij welke.",
        "All waste together (TOTAL) only. Two releases: kilograms per capita of all activities and households "
        "(30-9-2024, 2004-2022, with flags) and, for all other cells, the table of 13-9-2022 (2004-2020, exported "
        "without flags). LAST UPDATE says which for each row.",
    ),
    Table(
        "env_wasmun",
        (
            # The workbook says 17 May 2021 11:24; the service stamps its updates at 11:00 and 23:00.
            _exported("env_wasmun", "2021-05-17", "17/05/21 11:00:00"),
        ),
        False,
        "1995-2019, uitgevoerd zonder vlaggen.",
        "1995-2019, exported without flags.",
    ),
    Table(
        "env_wastrt",
        (_exported("env_wastrt"),),
        False,
        "Ton, 2004-2018, uitgevoerd zonder vlaggen. De kopie is de lange vorm die een ander maakte van een werkmap van "
        "Eurostat; die werkmap zelf ontbreekt, dus cel voor cel vergelijken kan niet en de editie is onbekend. De zes "
        "bewerkingen tellen in 1 600 van 1 618 nagerekende rijen op tot het totaal.",
        "Tonnes, 2004-2018, exported without flags. The copy is the long form that somebody else made of a workbook of "
        "Eurostat; the workbook itself is absent, so it cannot be compared cell by cell and the edition is unknown. "
        "The six operations add up to the total in 1 600 of 1 618 rows that were checked.",
        only=(("unit", "T"),),
    ),
    Table(
        "nama_10_gdp",
        (_dashboard("nama_10_gdp", "estat_nama_10_gdp_chainlinked_mioeur.csv", "2025-04-01"),),
        True,
        "Alleen het bruto binnenlands product in kettingvolumes van 2015, 2010-2024.",
        "Gross domestic product in chain linked volumes of 2015 only, 2010-2024.",
    ),
)

CBS_REPOSITORY = ("nlparzival/KIIRA-PAY", "b4c608430641b65c015672d2c65b3f175db63ad7")
STATLINE = "data/cbs-data/data/complete"

STATUS_UNKNOWN_NL = (
    "Welke jaren voorlopig zijn staat bij het CBS in de lijst van perioden, en die is niet meegekopieerd: een leeg "
    "statusveld zegt hier niets."
)
STATUS_UNKNOWN_EN = (
    "Which years are provisional stands in the list of periods of CBS, which was not copied: an empty status says "
    "nothing here."
)

CBS_TABLES: tuple[CbsTable, ...] = (
    CbsTable(
        "37852",
        "cbs_37852/37852_full_data.json",
        f"{STATLINE}/hernieuwbaar/37852/37852_full_data.json",
        "2025-12-18",
        "Alleen de bevolking op 1 januari, in duizenden; alle cijfers daarvan zijn definitief.",
        "Population on 1 January only, in thousands; all of its figures are final.",
        topics=("BevolkingOp1Januari_1",),
    ),
    CbsTable(
        "83180NED",
        "cbs_83180NED/83180NED_full_data.json",
        f"{STATLINE}/arbeid/83180NED/83180NED_full_data.json",
        None,
        f"1996-2023, opgehaald op of vóór 4 maart 2026; de editie is niet vermeld in de kopie. {STATUS_UNKNOWN_NL}",
        f"1996-2023, retrieved on or before 4 March 2026; the copy does not state its edition. {STATUS_UNKNOWN_EN}",
    ),
    CbsTable(
        "84970NED",
        "cbs_84970NED/84970NED_full_data.csv",
        f"{STATLINE}/energie/84970NED/84970NED_full_data.csv",
        "2022-10-26",
        "1994-2021; 2021 is voorlopig, alle eerdere jaren zijn definitief (toelichting van de tabel). Van de 43 "
        "branches zijn er zeven overgenomen: nijverheid en energie samen, en 13-15, 17, 22, 23, 26-27 en 31, die bij "
        "een ketentafel horen. Wat de codes betekenen is afgeleid. Een lege waarde is geheim, onbekend of niet van "
        f"toepassing. {STATUS_UNKNOWN_NL}",
        "1994-2021; 2021 is provisional, all earlier years are final (notes of the table). Of the 43 branches seven "
        "were taken over: industry and energy together, and 13-15, 17, 22, 23, 26-27 and 31, which belong to a chain "
        "table. What the codes mean is inferred. An empty value is secret, unknown or not applicable. "
        f"{STATUS_UNKNOWN_EN}",
    ),
    CbsTable(
        "84971NED",
        "cbs_84971NED/84971NED_full_data.json",
        f"{STATLINE}/energie/84971NED/84971NED_full_data.json",
        None,
        "1994-2021; de editie is niet vermeld in de kopie. Twaalf van de 43 branches zijn weggelaten omdat hun code "
        "niet is ontcijferd: 300023, 307600, 311300, 312200, 315805, 317105, 320005, 320705, 328105, 328110, 332905 en "
        f"900046. Een lege waarde is geheim, onbekend of niet van toepassing. {STATUS_UNKNOWN_NL}",
        "1994-2021; the copy does not state its edition. Twelve of the 43 branches are left out because their code has "
        "not been deciphered: 300023, 307600, 311300, 312200, 315805, 317105, 320005, 320705, 328105, 328110, 332905 "
        f"and 900046. An empty value is secret, unknown or not applicable. {STATUS_UNKNOWN_EN}",
    ),
)

RESEARCH_TABLES: tuple[ResearchTable, ...] = (
    ResearchTable(
        "unu_pom",
        "cbs_ewaste_wot/UNU_countries.csv",
        "Statistics-Netherlands/ewaste",
        "data/UNU_countries.csv",
        "ec3025197b683980d5da1dc161d3589c1057580c",
        None,
        (("Country", ("NLD",)),),
        "Alleen Nederland, 1995-2015; de editie is niet vermeld in de kopie. Tussenuitkomst en ruw: "
        "de totalen van 2003 tot en met 2007 lopen tot 26 miljoen ton. Alleen te gebruiken na opschoning; een jaar dat "
        "ontbreekt is onbekend, niet nul.",
        "The Netherlands only, 1995-2015; the copy does not state its edition. An intermediate result and "
        "raw: the totals of 2003 to 2007 run up to 26 million tonnes. For use after cleaning only; a year that is "
        "missing is unknown, not zero.",
    ),
)
