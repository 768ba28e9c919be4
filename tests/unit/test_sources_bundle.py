"""A bundle: parts as one body, the same bytes for the same parts, and words for a bundle that is damaged."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources import bundle as bundling
from assets.sources.bundle import BundleError, bundle, parts_of

PARTS = [("pages/0001.json", b'{"value": [1]}'), ("pages/0002.json", b""), ("count", b"1" * 5000)]


@settings(max_examples=40, deadline=None)
@given(contents=st.lists(st.binary(max_size=200), min_size=1, max_size=6))
def test_parts_come_back_as_they_went_in_and_in_their_order(contents: list[bytes]) -> None:
    parts = [(f"part-{number:03d}", content) for number, content in enumerate(contents)][::-1]
    assert parts_of(bundle(parts)) == parts
    assert bundle(parts) == bundle(list(parts))


def a_zip(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(name, b'{"parts": 1}')
    return out.getvalue()


@pytest.mark.parametrize(
    "body", [b"", b"PK", b"DATAFLOW,OBS_VALUE\n", b"PK\x03\x04 and no more", a_zip("full_v2.dat"), b"\x1f\x8b"]
)
def test_a_plain_body_is_no_bundle(body: bytes) -> None:
    assert parts_of(body) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (bundle(PARTS)[:-30], "damaged or cut short"),
        (bundle(PARTS)[:200], "damaged or cut short"),
        (bundle(PARTS).replace(b'{"value": [1]}', b'{"value": [2]}'), "damaged or cut short"),
        (a_zip(bundling.CONTENTS), "damaged or cut short"),
    ],
    ids=["without its directory", "half", "a part altered", "contents that name no parts"],
)
def test_a_damaged_bundle_is_refused_in_words(body: bytes, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        parts_of(body)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "at least one part"),
        ([("a", b""), ("a", b"")], "given twice"),
        ([("../a", b"")], "no relative path"),
        ([("/a", b"")], "no relative path"),
        ([(bundling.CONTENTS, b"")], "given twice"),
    ],
)
def test_parts_that_no_bundle_can_hold_are_refused(parts: list[tuple[str, bytes]], said: str) -> None:
    with pytest.raises(BundleError, match=said):
        bundle(parts)


def test_a_bundle_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    body = bundle([("zeros", b"0" * 100_000)])
    monkeypatch.setattr(bundling, "UNPACKED_LIMIT", 50_000)
    with pytest.raises(BundleError, match=r"unpacks to 1000\d\d bytes, expected at most 50000"):
        parts_of(body)
