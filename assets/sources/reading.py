"""From archived bytes to a table of text: which parser reads which source.

Belongs here: the choice of the parser. Does not belong here: parsers (one module a publisher) and rules (contracts).
"""

from __future__ import annotations

import pyarrow as pa

from assets.sources.cbs import parse_cbs
from assets.sources.comext import parse_comext
from assets.sources.curated import parse_curated_csv
from assets.sources.eurostat import SourceUnreadable
from assets.sources.eurostat_json_stat import parse_eurostat
from contracts.contract import Contract

__all__ = ["SourceUnreadable", "parsed"]

PARSERS = {
    "eurostat": parse_eurostat,
    "cbs": parse_cbs,
    "comext": parse_comext,
    "research": parse_curated_csv,
    "curated": parse_curated_csv,
    "deliveries": parse_curated_csv,
}


def parsed(body: bytes, contract: Contract) -> pa.Table:
    """The body of a source as a table of text with the source's own columns. Raises SourceUnreadable."""
    return PARSERS[str(contract.get("sourceKind"))](body, contract)
