"""The Content-Type and the Cache-Control under which a published file is served, by our own server and by a bucket.

Here: what follows from the address alone. Not here: the media type in metadata (`release_facts.media_type`), which has
no charset.
"""

from __future__ import annotations

import re

from publish.release_facts import MEDIA_TYPES

_ON_THE_WEB = {
    "atom": "application/atom+xml",
    "css": "text/css",
    "gif": "image/gif",
    "gz": "application/gzip",
    "htm": "text/html",
    "ico": "image/vnd.microsoft.icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff2": "font/woff2",
    "xml": "application/xml",
    "yaml": "text/yaml",
    "yml": "text/yaml",
}
# JSON is UTF-8 by its own standard and knows no charset; XML without one would be read as its prologue says.
_WITH_CHARSET = ("text/", "application/xml", "application/atom+xml", "application/rdf+xml", "image/svg+xml")


def content_type(path: str) -> str:
    """The Content-Type of a file by the end of its name; plain text without an end (SHA256SUMS), else octets."""
    name = path.rsplit("/", 1)[-1].lower()
    ending = name.rsplit(".", 1)[-1] if "." in name else "txt"
    found = MEDIA_TYPES.get(ending) or _ON_THE_WEB.get(ending) or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith(_WITH_CHARSET) else found


IMMUTABLE = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
# What somebody downloads of a release. All else of it says what the release is, and a tombstone may take its place.
_PAYLOAD = re.compile(r"(?:data|codelists|history)/.|diff/.*\.csv$|.*\.(?:xlsx|zip|parquet)$", re.DOTALL)
# releases/<dataset>/<version>/<name>
RELEASED = re.compile(r"^releases/([^/]+)/(\d+\.\d+\.\d+)(?:/(.*))?$", re.DOTALL)


def cache_control(path: str, otherwise: str) -> str:
    """How long a copy may be used: a year for the data of a release, never without asking for its pages and lists.

    A withdrawal is seen by whoever asks for a page, a descriptor or a checksum. Outside a release `otherwise` holds.
    """
    released = RELEASED.match(path)
    if released is None:
        return otherwise
    return IMMUTABLE if _PAYLOAD.match(released[3] or "") else ASK_FIRST
