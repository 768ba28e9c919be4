"""The copy in a bucket, against a real S3 server (OpenStack Swift) where Debian's packages of it are installed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from publish.portals import s3
from publish.portals.plan import PortalError, PortalNotSetUp
from publish.portals.s3 import S3Portal, S3Settings, s3_settings
from publish.web_headers import content_type
from tests.servers.small_published import point, withdraw, write_published, write_release
from tests.servers.swift import ACCESS_KEY, SECRET_KEY, S3Server, s3_server, why_absent

needs_server = pytest.mark.skipif(why_absent() is not None, reason=why_absent() or "")
ENVIRONMENT = {
    "KETENMONITOR_S3_BUCKET": "data",
    "KETENMONITOR_S3_PREFIX": "/public/",
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
}
OBSERVATIONS = "releases/electronics/1.0.0/data/observations.csv"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("swift")) as running:
        yield running


class Bucket:
    """A bucket of its own, looked into by another client than the one under test."""

    def __init__(self, server: S3Server, name: str) -> None:
        self.name = name
        self.client = boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )
        self.client.create_bucket(Bucket=name)
        self.settings = s3_settings(
            {**ENVIRONMENT, "KETENMONITOR_S3_ENDPOINT": server.endpoint, "KETENMONITOR_S3_BUCKET": name}
        )

    def listed(self) -> set[str]:
        return {item["Key"] for item in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])}

    def body(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=body)


@pytest.fixture
def bucket(server: S3Server, request: pytest.FixtureRequest) -> Bucket:
    return Bucket(server, "b" + hashlib.sha256(request.node.name.encode()).hexdigest()[:12])


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_published(tmp_path / "published")


@needs_server
def test_everything_arrives_with_its_headers_and_a_second_run_has_nothing_to_do(
    published: Path, bucket: Bucket
) -> None:
    portal = S3Portal(published, bucket.settings)
    plan = portal.plan()
    assert bucket.listed() == set()
    assert len(portal.carry_out(plan).done) == 37
    assert len(bucket.listed()) == 37
    head = bucket.client.head_object(Bucket=bucket.name, Key=f"public/{OBSERVATIONS}")
    assert head["ContentType"] == "text/csv; charset=utf-8"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    assert head["Metadata"]["sha256"] == hashlib.sha256((published / OBSERVATIONS).read_bytes()).hexdigest()
    latest = bucket.client.head_object(Bucket=bucket.name, Key="public/datasets/electronics/latest/README.md")
    assert latest["CacheControl"] == "public, max-age=300"
    assert bucket.body("public/index.json") == (published / "index.json").read_bytes()
    assert {step.action for step in portal.plan().steps} == {"skip"}


@needs_server
def test_a_new_release_is_added_and_latest_follows(published: Path, bucket: Bucket) -> None:
    portal = S3Portal(published, bucket.settings)
    portal.carry_out(portal.plan())
    write_release(published, "electronics", "1.1.0", previous="1.0.0", more={"data/extra.csv": b"a\n1\n"})
    point(published, "electronics", "1.1.0")
    done = [step.target for step in portal.carry_out(portal.plan()).done]
    assert "releases/electronics/1.1.0/data/extra.csv" in done
    assert not [name for name in done if name.startswith("releases/electronics/1.0.0/")]
    assert bucket.body("public/datasets/electronics/latest/data/extra.csv") == b"a\n1\n"
    assert b"1.1.0" in bucket.body("public/datasets/electronics/latest.json")


@needs_server
@pytest.mark.parametrize("body", [b"geo\nXX\n", b""])
def test_another_file_in_the_place_of_a_release_is_refused_and_left(
    body: bytes, published: Path, server: S3Server, request: pytest.FixtureRequest
) -> None:
    bucket = Bucket(server, f"other-{len(body)}")
    bucket.put(f"public/{OBSERVATIONS}", body)
    portal = S3Portal(published, bucket.settings)
    plan = portal.plan()
    assert [step.target for step in plan.refused] == [OBSERVATIONS]
    portal.carry_out(plan)
    assert bucket.body(f"public/{OBSERVATIONS}") == body
    assert "public/releases/packaging/1.0.0/SHA256SUMS" in bucket.listed()
    assert "public/index.json" in bucket.listed()
    assert not [name for name in bucket.listed() if "/datasets/electronics/" in name]


@needs_server
def test_the_same_file_put_there_by_another_program_is_left(published: Path, bucket: Bucket) -> None:
    bucket.put(f"public/{OBSERVATIONS}", (published / OBSERVATIONS).read_bytes())
    plan = S3Portal(published, bucket.settings).plan()
    assert [step.action for step in plan.steps if step.target == OBSERVATIONS] == ["skip"]


@needs_server
def test_a_withdrawn_release_loses_its_data_and_gets_its_tombstone(published: Path, bucket: Bucket) -> None:
    portal = S3Portal(published, bucket.settings)
    portal.carry_out(portal.plan())
    write_release(published, "electronics", "1.0.1", previous="1.0.0")
    withdraw(published, "electronics", "1.0.0")
    point(published, "electronics", "1.0.1")
    bucket.put("public/releases/other/1.0.0/data.csv", b"of somebody else")
    portal.carry_out(portal.plan())
    left = {key.removeprefix("public/releases/electronics/1.0.0/") for key in bucket.listed() if "/1.0.0/" in key}
    assert {"tombstone.json", "SHA256SUMS", "datapackage.json", "release.json"} <= left
    assert "data/observations.csv" not in left
    assert f"public/{OBSERVATIONS}" not in bucket.listed()
    assert bucket.body("public/releases/other/1.0.0/data.csv") == b"of somebody else"
    assert {step.action for step in portal.plan().steps} == {"skip"}


@needs_server
def test_a_large_file_goes_in_parts_with_the_same_headers(
    published: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Swift takes parts of 5 MiB and more; a quarter of the limit is the size of a part
    monkeypatch.setattr(s3, "_ONE_PUT_BYTES", 24 * 1024 * 1024)
    large = bytes(25 * 1024 * 1024)
    (published / "all.sqlite").write_bytes(large)
    portal = S3Portal(published, bucket.settings)
    portal.carry_out(portal.plan())
    head = bucket.client.head_object(Bucket=bucket.name, Key="public/all.sqlite")
    assert head["ContentLength"] == len(large)
    assert head["ContentType"] == "application/vnd.sqlite3"
    assert head["Metadata"]["sha256"] == hashlib.sha256(large).hexdigest()
    assert {step.action for step in portal.plan().steps} == {"skip"}


@needs_server
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"KETENMONITOR_S3_BUCKET": "no-such-bucket"}, "there is no such bucket"),
        ({"AWS_SECRET_ACCESS_KEY": "wr0ng-secret"}, "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID"),
        ({"AWS_ACCESS_KEY_ID": "nobody:n0b0dy"}, "or the store knows neither"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_without_the_keys(
    changed: dict[str, str], words: str, published: Path, server: S3Server
) -> None:
    environment = {**ENVIRONMENT, "KETENMONITOR_S3_ENDPOINT": server.endpoint, **changed}
    with pytest.raises(PortalError, match=words) as caught:
        S3Portal(published, s3_settings(environment)).plan()
    assert environment["AWS_SECRET_ACCESS_KEY"] not in str(caught.value)
    assert environment["AWS_ACCESS_KEY_ID"] not in str(caught.value)


def test_a_store_that_is_not_there_is_said_in_plain_words(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**ENVIRONMENT, "KETENMONITOR_S3_ENDPOINT": "http://127.0.0.1:9"}
    with pytest.raises(PortalError, match=r"the bucket cannot be listed: EndpointConnectionError"):
        S3Portal(published, s3_settings(environment)).plan()


@pytest.mark.parametrize("absent", ["KETENMONITOR_S3_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_setting_that_is_not_there_is_named(absent: str) -> None:
    with pytest.raises(PortalNotSetUp, match=f"{absent} is not set"):
        s3_settings({name: value for name, value in ENVIRONMENT.items() if name != absent})


def test_the_keys_are_in_no_text_of_the_settings() -> None:
    settings = S3Settings("data", "", None, "eu-central-1", "AKIA-name", "s3cret", "t0ken")
    assert not [secret for secret in ("AKIA-name", "s3cret", "t0ken") if secret in repr(settings) + settings.where]


@pytest.mark.parametrize("address", ["https://user:word@store.example", "store.example", "ftp://store.example"])
def test_an_endpoint_that_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(PortalNotSetUp, match="KETENMONITOR_S3_ENDPOINT") as caught:
        s3_settings({**ENVIRONMENT, "KETENMONITOR_S3_ENDPOINT": address})
    assert "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/data.csv", "text/csv; charset=utf-8"),
        ("catalog.ttl", "text/turtle; charset=utf-8"),
        ("catalog.jsonld", "application/ld+json"),
        ("catalog.rdf", "application/rdf+xml; charset=utf-8"),
        ("feed.atom", "application/atom+xml; charset=utf-8"),
        ("data/x.parquet", "application/vnd.apache.parquet"),
        ("all.sqlite", "application/vnd.sqlite3"),
        ("x-1.0.0.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("x-1.0.0.zip", "application/zip"),
        ("CITATION.cff", "text/yaml; charset=utf-8"),
        ("chart.SVG", "image/svg+xml; charset=utf-8"),
        ("site.css", "text/css; charset=utf-8"),
        ("site.js", "text/javascript; charset=utf-8"),
        ("1.0.0/SHA256SUMS", "text/plain; charset=utf-8"),
        ("x.unknown", "application/octet-stream"),
    ],
)
def test_every_ending_of_ours_has_its_media_type(path: str, kind: str) -> None:
    assert content_type(path) == kind
