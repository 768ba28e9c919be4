"""From archived bytes to a table of text: which parser reads which source.

Belongs here: the choice of the parser. Does not belong here: parsers (one module a publisher) and rules (contracts).
"""

from __future__ import annotations

import pyarrow as pa

from assets.sources.cbs import parse_odata_v3
from assets.sources.curated import parse_curated_csv
from assets.sources.eurostat import SourceUnreadable, parse_sdmx_csv
from contracts.contract import Contract

__all__ = ["SourceUnreadable", "parsed"]

PARSERS = {
    "eurostat": parse_sdmx_csv,
    "cbs": parse_odata_v3,
    "research": parse_curated_csv,
    "curated": parse_curated_csv,
}


def parsed(body: bytes, contract: Contract) -> pa.Table:
    """The body of a source as a table of text with the source's own columns. Raises SourceUnreadable."""
    return PARSERS[str(contract.get("sourceKind"))](body, contract)
