"""A copy of the published folder in a bucket: S3, and whatever speaks like it.

Settings come from the environment: KETENMONITOR_S3_BUCKET, _S3_PREFIX and _S3_ENDPOINT, and the keys as everywhere
(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION).
Not here: what may be overwritten and in which order (`mirror.py`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from publish.portals.calls import checked_address
from publish.portals.mirror import AT_ONCE, carry_out_mirror, files_to_mirror, plan_mirror
from publish.portals.plan import Outcome, Plan, PortalError, Step, required
from publish.web_headers import cache_control, content_type

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Long enough to carry a busy day, short enough that a new release is seen within minutes.
_SHORT = "public, max-age=300"
_ONE_PUT_BYTES = 100 * 1024 * 1024
_WORDS = {
    "NoSuchBucket": "there is no such bucket; make it, or set KETENMONITOR_S3_BUCKET to another",
    "AccessDenied": "the keys do not allow this; they need to list the bucket and to get, put and delete objects",
    "InvalidAccessKeyId": "AWS_ACCESS_KEY_ID is not known there",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID, or the store knows neither",
    "ExpiredToken": "AWS_SESSION_TOKEN has expired; get new keys",
    "SlowDown": "the store asks to slow down; try again later",
    "403": "the keys do not allow this; they need to list the bucket and to get, put and delete objects",
    "404": "it is not there",
}


@dataclass(frozen=True)
class S3Settings:
    """Where to, and with which keys. The keys are in no text that this makes of itself."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        """The place as a person reads it."""
        return f"s3://{self.bucket}/{self.prefix}" + (f" at {self.endpoint}" if self.endpoint else "")


def s3_settings(environment: Mapping[str, str]) -> S3Settings:
    """The settings in the environment. Raises PortalError that names what is not set."""
    endpoint = environment.get("KETENMONITOR_S3_ENDPOINT", "").strip()
    prefix = environment.get("KETENMONITOR_S3_PREFIX", "").strip("/ ")
    return S3Settings(
        bucket=required(environment, "KETENMONITOR_S3_BUCKET", "the name of a bucket"),
        prefix=f"{prefix}/" if prefix else "",
        endpoint=checked_address("KETENMONITOR_S3_ENDPOINT", endpoint, secret=False) if endpoint else None,
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1",
        access_key=required(environment, "AWS_ACCESS_KEY_ID", "the name of an access key"),
        secret_key=required(environment, "AWS_SECRET_ACCESS_KEY", "the secret of that key"),
        session_token=environment.get("AWS_SESSION_TOKEN") or None,
    )


@contextmanager
def in_plain_words(doing: str) -> Iterator[None]:
    """Turns what the library raises into a PortalError that says what was being done and what to do next."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        raise PortalError(f"{doing}: {_WORDS.get(code, f'the store answered {code}')}") from None
    except (BotoCoreError, Boto3Error) as error:
        # the class says what happened (EndpointConnectionError, ReadTimeoutError); its text may quote a request
        raise PortalError(
            f"{doing}: {type(error).__name__}; look at KETENMONITOR_S3_ENDPOINT and the network, and run again"
        ) from None


def s3_client(settings: S3Settings) -> S3Client:
    """A client that waits with measure, tries again with measure, and speaks as older stores do."""
    return boto3.Session(
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        aws_session_token=settings.session_token,
        region_name=settings.region,
    ).client(
        "s3",
        endpoint_url=settings.endpoint,
        config=Config(
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=AT_ONCE,
            retries={"total_max_attempts": 4, "mode": "standard"},
            s3={"addressing_style": "path" if settings.endpoint else "auto"},
            # the newer checksums are unknown to many stores; Content-MD5 is known to all
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra="Ketenmonitor",
        ),
    )


class _Bucket:
    """The bucket below its prefix as a store."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> S3Client:
        return s3_client(self._settings)

    def _key(self, path: str) -> str:
        return self._settings.prefix + path

    def listed(self) -> Collection[str]:
        prefix = self._settings.prefix
        with in_plain_words("the bucket cannot be listed"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._settings.bucket, Prefix=prefix)
            return {item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", [])}

    def sha256(self, path: str) -> str:
        bucket, key = self._settings.bucket, self._key(path)
        with in_plain_words(f"{path} cannot be looked at"):
            told = self._client.head_object(Bucket=bucket, Key=key)["Metadata"].get("sha256")
            if told:
                return told
            # put there by another program: its bytes say what it is
            digest = hashlib.sha256()
            for block in self._client.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
                digest.update(block)
            return digest.hexdigest()

    def write(self, file: Step) -> None:
        source = Path(str(file.source))
        bucket, key = self._settings.bucket, self._key(file.target)
        kind, held = content_type(file.target), cache_control(file.target, otherwise=_SHORT)
        metadata = {"sha256": file.sha256}
        with in_plain_words(f"{file.target} cannot be written"):
            if source.stat().st_size < _ONE_PUT_BYTES:
                body = source.read_bytes()
                self._client.put_object(
                    Bucket=bucket,
                    Key=key,
                    Body=body,
                    ContentMD5=base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
                    ContentType=kind,
                    CacheControl=held,
                    Metadata=metadata,
                )
            else:
                headers = {"ContentType": kind, "CacheControl": held, "Metadata": metadata}
                parts = TransferConfig(multipart_threshold=_ONE_PUT_BYTES, multipart_chunksize=_ONE_PUT_BYTES // 4)
                self._client.upload_file(str(source), bucket, key, ExtraArgs=headers, Config=parts)

    def remove(self, path: str) -> None:
        with in_plain_words(f"{path} cannot be removed"):
            self._client.delete_object(Bucket=self._settings.bucket, Key=self._key(path))


class S3Portal:
    """Mirrors `published` to a bucket. `latest/` is written out, as a bucket knows no links."""

    def __init__(self, published: Path, settings: S3Settings) -> None:
        self._published, self._settings = published, settings
        self._bucket = _Bucket(settings)

    def plan(self) -> Plan:
        """Compares with the sha256 that each object carries. Raises PortalError where the bucket does not answer."""
        files = files_to_mirror(self._published, latest_as_files=True)
        return plan_mirror("s3", self._settings.where, files, self._bucket)

    def carry_out(self, plan: Plan) -> Outcome:
        """Uploads and removes what the plan names."""
        return carry_out_mirror(plan, self._bucket, at_once=AT_ONCE)
