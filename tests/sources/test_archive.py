"""The read-only view of zips and folders: what it reads and what it refuses."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from masa_rag.errors import RecordError, SourceFormatError
from masa_rag.sources._archive import MIB, Archive, Limits


def make_zip(path: Path, members: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip of these members."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two files, one in a sub-folder."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "a.json").write_bytes(b"[1]")
    (tmp_path / "in" / "sub" / "b.json").write_bytes(b"[2]")
    return tmp_path / "in"


def test_a_folder_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel whose folder is closed is not a channel that is gone."""
    scanned = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", path)
        return scanned(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with Archive(folder) as archive:
        assert archive.names == ["a.json"]
        assert [str(error) for error in archive.refused] == [
            f"{folder}:sub: the member cannot be read (Permission denied); it is left out"
        ]


def test_a_zip_and_its_folder_look_the_same(tmp_path: Path, folder: Path) -> None:
    """Names, whole reads and piecewise reads agree."""
    zipped = make_zip(tmp_path / "x.zip", {"a.json": b"[1]", "sub/b.json": b"[2]"})
    for path in (folder, zipped):
        with Archive(path) as archive:
            assert archive.names == ["a.json", "sub/b.json"]
            assert archive.read("sub/b.json") == b"[2]"
            assert archive.open("a.json").read(2) == b"[1"
            assert archive.refused == []


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:/evil", "..\\evil", "C:\\evil"])
def test_names_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    """Zip slip: the member is reported and left out, the others stay."""
    with Archive(make_zip(tmp_path / "x.zip", {name: b"x", "good": b"y"})) as archive:
        assert archive.names == ["good"]
        assert len(archive.refused) == 1
        with pytest.raises(RecordError, match="not in the archive"):
            archive.open(name)


def test_links_are_refused(tmp_path: Path, folder: Path) -> None:
    """A link in a zip or in a folder is not followed, to a file or to a folder."""
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "around").symlink_to(tmp_path, target_is_directory=True)
    with Archive(folder) as archive:
        assert archive.names == ["a.json", "sub/b.json"]
        assert len(archive.refused) == 2
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        zipped.writestr(info, "/etc/passwd")
    with Archive(tmp_path / "x.zip") as archive:
        assert archive.names == []
        assert "link" in str(archive.refused[0])


def test_a_bomb_is_stopped_while_it_is_read(tmp_path: Path) -> None:
    """Forty MiB of zeros in forty KiB: reading ends with an error after some eight MiB."""
    path = make_zip(tmp_path / "bomb.zip", {"zeros": bytes(40 * MIB)})
    with Archive(path) as archive, archive.open("zeros") as file, pytest.raises(RecordError, match="unpacks to more"):
        seen = 0
        while piece := file.read(MIB):
            seen += len(piece)
            assert seen <= 16 * MIB


def test_limits_on_entries_members_and_the_whole(tmp_path: Path, folder: Path) -> None:
    """Too many members, one too long, and too much in all are refused, each with its own message."""
    zipped = make_zip(tmp_path / "x.zip", {"a": b"1234", "b": b"1234"}, compression=zipfile.ZIP_STORED)
    for path in (zipped, folder):
        with pytest.raises(SourceFormatError, match="1"):
            Archive(path, limits=Limits(entries=1))
    with Archive(zipped, limits=Limits(member_bytes=3)) as archive, pytest.raises(RecordError, match="unpacks"):
        archive.read("a")
    with Archive(zipped, limits=Limits(total_bytes=6)) as archive:
        archive.read("a")
        with pytest.raises(RecordError, match="unpacks"):
            archive.read("b")
    with Archive(zipped) as archive, pytest.raises(RecordError, match="more than 3 bytes"):
        archive.read("a", most=3)


def test_a_false_table_of_contents_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    """A record that claims four billion bytes of contents is refused at once."""
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 9, 9, 0xFFFFFFF0, 0, 0))
    with pytest.raises(SourceFormatError, match="members"):
        Archive(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + bytes(50), b"not a zip at all"])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    """Empty, short and foreign files give the one typed error."""
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(SourceFormatError, match="no zip"):
        Archive(path)


def test_a_damaged_member_is_an_error_of_that_member(tmp_path: Path) -> None:
    """A flipped byte within the packed data, and a password, spoil one member and not the others."""
    path = make_zip(tmp_path / "x.zip", {"a": b"text " * 400, "b": b"fine"})
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    path.write_bytes(data)
    with Archive(path) as archive:
        with pytest.raises(RecordError, match="cannot be read"):
            archive.read("a")
        assert archive.read("b") == b"fine"
    at = bytes(data).rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    with Archive(path) as archive:
        assert "encrypted" in str(archive.refused[0])


def test_names_in_utf8_without_the_flag(tmp_path: Path) -> None:
    """Some programs write UTF-8 names and do not say so; they are read as they were meant."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("kaffee-küche/1.json", b"[]")
    data = buffer.getvalue().replace(b"\x00\x08\x00\x00", b"\x00\x00\x00\x00")
    (tmp_path / "x.zip").write_bytes(data)
    with Archive(tmp_path / "x.zip") as view:
        assert view.names == ["kaffee-küche/1.json"]
