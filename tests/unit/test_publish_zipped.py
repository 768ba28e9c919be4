"""Our own zip files: read by everybody else's readers, and the same bytes whenever the entries are the same."""

from __future__ import annotations

import hashlib
import io
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publish.zipped import ZipError, write_zip, zip_bytes

FIGURES = b"year,value\n" + b"".join(b"%d,%d\n" % (year, year * year) for year in range(1990, 2026))
ENTRIES = [("datapackage.json", b"{}"), ("data/figures.csv", FIGURES), ("data/leeg.csv", b""), ("data/één.csv", b"x")]

PARTS = st.text(st.characters(exclude_characters="/\\:\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda part: part not in (".", "..")
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)


def test_entries_come_out_as_they_went_in_and_in_their_order() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_bytes(ENTRIES))) as archive:
        assert archive.testzip() is None
        assert [(name, archive.read(name)) for name in archive.namelist()] == ENTRIES


def test_every_entry_is_a_readable_file_of_1980() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_bytes(ENTRIES))) as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.create_system == 3
            assert stat.filemode(entry.external_attr >> 16) == "-rw-r--r--"


def test_the_bytes_are_these_on_every_machine() -> None:
    # taken from the archive itself: another hash means another compressor, and another checksum for every release
    assert (
        hashlib.sha256(zip_bytes(ENTRIES)).hexdigest()
        == "53b5d71f60b1e5f2e82f87d83a73eb27ae1821fe0b17f4023048d69d54e87274"
    )


def test_what_deflate_makes_larger_is_stored() -> None:
    noise = hashlib.sha512(b"noise").digest()
    with zipfile.ZipFile(io.BytesIO(zip_bytes([("noise", noise), ("figures", FIGURES)]))) as archive:
        assert [entry.compress_type for entry in archive.infolist()] == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(PATHS, st.binary(max_size=300), max_size=5))
def test_any_names_and_contents_survive(contents: dict[str, bytes]) -> None:
    entries = list(contents.items())
    packed = zip_bytes(entries)
    assert packed == zip_bytes(entries)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {entry.orig_filename: archive.read(entry) for entry in archive.infolist()} == contents


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../up.csv", "data//x", "data/", "./x", "C:/x", "a\\b", "a\0b", "\ud800"]
)
def test_a_path_that_leaves_its_folder_is_refused(name: str) -> None:
    with pytest.raises(ZipError, match="entry"):
        zip_bytes([(name, b"x")])


def test_a_path_given_twice_is_refused() -> None:
    with pytest.raises(ZipError, match="twice"):
        zip_bytes([("a.csv", b"1"), ("a.csv", b"2")])


def test_more_entries_than_a_plain_zip_file_holds_are_refused() -> None:
    with pytest.raises(ZipError, match="65535 entries, at most 65534"):
        zip_bytes([("a", b"")] * 65_535)


def test_unzip_finds_no_fault(tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("there is no unzip on this machine")
    write_zip(tmp_path / "a.zip", ENTRIES)
    assert (tmp_path / "a.zip").read_bytes() == zip_bytes(ENTRIES)
    found = subprocess.run([unzip, "-t", tmp_path / "a.zip"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "No errors detected" in found.stdout


def test_frictionless_reads_a_package_from_the_archive(tmp_path: Path) -> None:
    from frictionless import Package

    descriptor = b'{"name": "p", "resources": [{"name": "figures", "path": "data/figures.csv", "type": "table"}]}'
    write_zip(tmp_path / "p.zip", [("datapackage.json", descriptor), ("data/figures.csv", FIGURES)])
    rows = Package(str(tmp_path / "p.zip")).get_resource("figures").read_rows()
    assert rows[0].to_dict() == {"year": 1990, "value": 3960100}
    assert len(rows) == 36
