"""CBS StatLine: a body of either service, or of the embedded edition, as one long table of text.

Here: telling the three apart. A bundle of OData v3, a bundle of v4 and a single v3 answer come out with the same
columns. Not here: the two services (`cbs_v3.py`, `cbs_v4.py`), fetching (`cbs_service.py`), and rules on what the cells
may hold (the contract).
"""

from __future__ import annotations

import pyarrow as pa

from assets.sources import cbs_v3, cbs_v4
from assets.sources.bundle import BundleError, parts_of
from assets.sources.cbs_pages import read_page
from assets.sources.eurostat import SourceUnreadable
from contracts.contract import Contract

__all__ = ["COUNT_PART", "PAGES", "parse_cbs"]

COUNT_PART, PAGES = "count.txt", "pages/"


def parse_cbs(body: bytes, contract: Contract) -> pa.Table:
    """A body of CBS as a long table of text: `topic`, the dimensions and `Perioden` without padding, and `value` (as
    CBS writes the number; empty where it gives none), with `obs_status`, `conf_status` and `status_detail` where the
    contract has them.

    Of v3 rows of one topic stand together, in the order of the answer; v4 leaves empty cells out. Topics that the
    contract names in `topicsLeftOut` are left out; any other column becomes a topic, so that the contract's code list
    speaks about it. Raises SourceUnreadable for an empty body, an HTML page, broken or truncated JSON, an error message
    of the service, pages that are not all there or not all different, another number of rows than the service says, a
    column that is missing, a period that is no year, a status that is not known, or a cell that is neither text nor a
    number.
    """
    table = contract.table
    try:
        bundled = parts_of(body)
    except BundleError as error:
        raise SourceUnreadable(
            f"table {table}: expected a whole bundle of answers, found it damaged: {error}"
        ) from error
    if bundled is None:
        return cbs_v3.parse_single(body, contract)
    parts = dict(bundled)
    bodies = [content for name, content in bundled if name.startswith(PAGES)]
    service = next((one for one in (cbs_v3, cbs_v4) if one.TABLE_PART in parts), None)
    needed = cbs_v3.codes_part("Perioden")
    if service is None or needed not in parts or not bodies:
        raise SourceUnreadable(
            f"table {table}: expected answers about the table, its periods and its rows, found the parts "
            f"{', '.join(parts)[:200]}"
        )
    pages = [read_page(content, number, table) for number, content in enumerate(bodies, start=1)]
    return service.parse_parts(parts, pages, parts.get(COUNT_PART), contract)


#: The name under which the choice of the parser knows it.
