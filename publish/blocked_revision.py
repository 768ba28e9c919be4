"""A release that is blocked because its contract does not permit what changed: what is kept of it for who decides.

`staging/<id>.blocked/` holds the changed cells, their counts, and `blocked.json`: since which release, why it is
blocked, and a digest of exactly these changes. Who accepts them accepts this digest, and nothing that changes after it.
Not here: the judgement (`revision_policy.py`), keeping a decision (`assets/decisions_book.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from publish.descriptor import write_json
from publish.difference import Difference
from publish.revision_policy import Objection
from publish.tables import write_rows

FACTS = "blocked.json"


@dataclass(frozen=True)
class BlockedRevision:
    """What waits for a decision: the changes since `version`, known by their `digest`, and the objections to them."""

    dataset: str
    version: str
    digest: str
    objections: tuple[Objection, ...]


def changes_digest(found: Difference) -> str:
    """sha256 over all that changed: schema, rows and cells. Other copies of the same figures change nothing."""
    summary = {name: value for name, value in found.summary().items() if name != "sources"}
    content = json.dumps([summary, found.changes.to_pydict()], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def blocked_folder(staging: Path, dataset: str) -> Path:
    """Where the blocked changes of a dataset are kept."""
    return staging / f"{dataset}.blocked"


def keep_blocked(staging: Path, blocked: BlockedRevision, found: Difference) -> None:
    """Writes what was blocked; the facts go last."""
    folder = blocked_folder(staging, blocked.dataset)
    (folder / "diff").mkdir(parents=True)
    write_rows(found.changes, folder / "diff" / "changes.csv")
    write_json(folder / "diff" / "summary.json", found.summary())
    write_json(folder / FACTS, asdict(blocked))


def read_blocked(staging: Path, dataset: str) -> BlockedRevision | None:
    """What is blocked of a dataset; None where nothing is, or where it was not kept whole."""
    try:
        raw = json.loads((blocked_folder(staging, dataset) / FACTS).read_text(encoding="utf-8"))
        objections = tuple(Objection(**{**one, "examples": tuple(one["examples"])}) for one in raw.pop("objections"))
        return BlockedRevision(**raw, objections=objections)
    except (OSError, ValueError, TypeError, KeyError):
        return None
