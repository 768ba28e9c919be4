"""Backups in a bucket: S3, and whatever speaks like it.

Keys and endpoint come from the environment as for the portal; the bucket is the one that the command names.
Not here: the layout (`backup_store.py`).
"""

from __future__ import annotations

import base64
import hashlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig

from pipelines.upkeep.backup_store import BACKUPS, BLOCK, OBJECTS, backup_name, copy_checked, object_name
from pipelines.upkeep.manifest import BackupError
from publish.portals.plan import PortalError
from publish.portals.s3 import S3Settings, in_plain_words, s3_client, s3_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# a body of this size is held in memory and sent with its MD5; a larger one is sent in parts
_ONE_PUT_BYTES = 64 * 1024 * 1024


def bucket_of(place: str, environment: Mapping[str, str]) -> S3Settings:
    """The bucket that `s3://bucket/prefix` names, with the keys of the environment.

    Raises BackupError for the bucket of the portal: that one is public, and a backup holds what is confidential.
    """
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    if not bucket:
        raise BackupError(f"{place!r} names no bucket; expected s3://bucket or s3://bucket/folder")
    if bucket == environment.get("KETENMONITOR_S3_BUCKET", "").strip():
        raise BackupError(
            f"bucket {bucket} is the one that shows the releases to everybody (KETENMONITOR_S3_BUCKET), and a backup "
            "holds deliveries that are confidential; name another bucket"
        )
    named = {**environment, "KETENMONITOR_S3_BUCKET": bucket, "KETENMONITOR_S3_PREFIX": prefix}
    try:
        return s3_settings(named)
    except PortalError as error:
        raise BackupError(str(error)) from error


class BucketStore:
    """Backups below a prefix of a bucket."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> S3Client:
        return s3_client(self._settings)

    @property
    def where(self) -> str:
        """Bucket, prefix and address."""
        return self._settings.where

    def _key(self, name: str) -> str:
        return self._settings.prefix + name

    def _names(self, below: str) -> Iterator[str]:
        try:
            with in_plain_words("the bucket cannot be listed"):
                pages = self._client.get_paginator("list_objects_v2").paginate(
                    Bucket=self._settings.bucket, Prefix=self._key(below)
                )
                for page in pages:
                    yield from (item["Key"].removeprefix(self._key(below)) for item in page.get("Contents", []))
        except PortalError as error:
            raise BackupError(f"{self.where}: {error}") from error

    def contents(self) -> set[str]:
        """sha256 of every content that is there."""
        return {name.rpartition("/")[2] for name in self._names(OBJECTS)}

    def put(self, source: Path, sha256: str) -> None:
        """Sends a file; a large one is copied aside first, so that what is sent is what was checked."""
        key = self._key(object_name(sha256))
        try:
            with in_plain_words(f"{object_name(sha256)} cannot be written"):
                if source.stat().st_size < _ONE_PUT_BYTES:
                    body = io.BytesIO()
                    copy_checked(source, body, sha256)
                    self._put(key, body.getvalue())
                    return
                parts = TransferConfig(multipart_threshold=_ONE_PUT_BYTES, multipart_chunksize=_ONE_PUT_BYTES // 4)
                with tempfile.TemporaryFile() as aside:
                    copy_checked(source, aside, sha256)
                    aside.seek(0)
                    self._client.upload_fileobj(aside, self._settings.bucket, key, Config=parts)
        except PortalError as error:
            raise BackupError(f"{self.where}: {error}. What was sent stays; run again to go on") from error

    def _put(self, key: str, body: bytes) -> None:
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        self._client.put_object(Bucket=self._settings.bucket, Key=key, Body=io.BytesIO(body), ContentMD5=md5)

    def _blocks(self, name: str) -> Iterator[bytes]:
        try:
            with in_plain_words(f"{name} cannot be read"):
                answer = self._client.get_object(Bucket=self._settings.bucket, Key=self._key(name))
                yield from answer["Body"].iter_chunks(BLOCK)
        except PortalError as error:
            raise BackupError(f"{self.where}: {error}") from error

    def blocks(self, sha256: str) -> Iterator[bytes]:
        """The bytes of a content."""
        return self._blocks(object_name(sha256))

    def backups(self) -> list[str]:
        """The names of all backups, oldest first."""
        return sorted(name.removesuffix(".json") for name in self._names(BACKUPS) if name.endswith(".json"))

    def put_backup(self, name: str, body: bytes) -> None:
        """A bucket shows an object when all of it is there."""
        try:
            with in_plain_words(f"{backup_name(name)} cannot be written"):
                self._put(self._key(backup_name(name)), body)
        except PortalError as error:
            raise BackupError(f"{self.where}: {error}. Everything else was sent; run again to go on") from error

    def backup(self, name: str) -> bytes:
        """The list of a backup."""
        return b"".join(self._blocks(backup_name(name)))
