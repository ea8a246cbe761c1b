"""The data package that Discord sends to a person."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import DiscordExport
from masa_rag.sources._base import read_head
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

GENERAL, DIRECT = "900000000000000001", "900000000000000002"
FIRST, SECOND = "1235153741414400000", "1235153993072640000"


def recognised(path: Path) -> DiscordExport:
    """The source, after it has said by the content that the file is its own."""
    assert DiscordExport.recognises(path, read_head(path))
    return DiscordExport(path)


def members(*, as_csv: bool) -> dict[str, str]:
    """The files of a package of one channel and one direct conversation."""
    user = {
        "id": "700000000000000001",
        "username": "nora.k",
        "global_name": "Nora",
        "relationships": [{"id": "7", "user": {"id": "700000000000000002", "username": "ivo"}}],
    }
    about = {"id": GENERAL, "type": 0, "name": "general", "guild": {"id": "800000000000000001", "name": "Harbour"}}
    rows = [
        {"ID": int(SECOND), "Timestamp": "2024-05-01 09:01:00", "Contents": 'He said "go",\nso <@700000000000000002>'},
        {"ID": int(FIRST), "Timestamp": "2024-05-01 09:00:00", "Contents": "see <#900000000000000001>"},
        {"ID": 1235154244730880000, "Timestamp": "2024-05-01 09:02:00", "Contents": ""},
    ]
    table = "ID,Timestamp,Contents,Attachments\r\n" + "".join(
        f'{row["ID"]},{row["Timestamp"]}+00:00,"{str(row["Contents"]).replace(chr(34), chr(34) * 2)}",\r\n'
        for row in rows
    )
    direct = [
        {
            "ID": FIRST,
            "Timestamp": "2024-05-02 10:00:00",
            "Contents": "psst",
            "Attachments": "https://x.example/a/b.png?q=1",
        }
    ]
    return {
        "account/user.json": json.dumps(user),
        "messages/index.json": json.dumps({GENERAL: "general in Harbour", DIRECT: "Direct Message with ivo#0"}),
        f"messages/c{GENERAL}/channel.json": json.dumps(about),
        f"messages/c{GENERAL}/messages.{'csv' if as_csv else 'json'}": table if as_csv else json.dumps(rows),
        f"messages/c{DIRECT}/channel.json": json.dumps({"id": DIRECT, "type": 1, "recipients": ["1", "2"]}),
        f"messages/c{DIRECT}/messages.json": json.dumps(direct),
        "servers/index.json": "{}",
        "README.txt": "hello",
    }


def zipped(path: Path, files: dict[str, str], prefix: str = "") -> Path:
    """Write the files into a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(prefix + name, text)
    return path


def unpacked(folder: Path, files: dict[str, str]) -> Path:
    """Write the files into a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


@pytest.mark.parametrize("as_csv", [False, True])
@pytest.mark.parametrize("prefix", ["", "package/", None])
def test_package(tmp_path: Path, as_csv: bool, prefix: str | None) -> None:
    """Zip or folder, JSON or CSV: the same two documents, all said by the package's owner."""
    files = members(as_csv=as_csv)
    path = unpacked(tmp_path / "p", files) if prefix is None else zipped(tmp_path / "p.zip", files, prefix)
    found = {item.id: item for item in recognised(path) if isinstance(item, Document)}
    assert set(found) == {f"{GENERAL}/2024-05-01", f"{DIRECT}/2024-05-02"}
    general, direct = found[f"{GENERAL}/2024-05-01"], found[f"{DIRECT}/2024-05-02"]
    assert [item.text for item in general.segments] == ["see #general", 'He said "go",\nso @ivo']
    assert [item.id for item in general.segments] == [FIRST, SECOND]
    assert general.segments[0].created_at == datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
    assert general.segments[0].url == f"https://discord.com/channels/800000000000000001/{GENERAL}/{FIRST}"
    assert (general.title, direct.title) == ("#general", "Direct Message with ivo#0")
    assert general.authors == ("Nora",)
    assert direct.segments[0].metadata["attachments"] == ["b.png"]


@pytest.mark.parametrize("as_zip", [True, False])
def test_folders_in_the_language_of_the_person(tmp_path: Path, as_zip: bool) -> None:
    """Since 2025 the folders' names are translated; what is in them is not."""
    words = {"account": "Konto", "messages": "Nachrichten", "servers": "Server"}
    files = {
        "/".join([words.get(folder, folder), *rest]): text
        for (folder, *rest), text in ((name.split("/"), text) for name, text in members(as_csv=False).items())
    }
    path = zipped(tmp_path / "p.zip", files) if as_zip else unpacked(tmp_path / "p", files)
    found = {item.id: item for item in recognised(path) if isinstance(item, Document)}
    assert set(found) == {f"{GENERAL}/2024-05-01", f"{DIRECT}/2024-05-02"}
    assert found[f"{DIRECT}/2024-05-02"].title == "Direct Message with ivo#0"
    assert found[f"{DIRECT}/2024-05-02"].authors == ("Nora",)


class TestPackage(SourceContract):
    """A package keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = zipped(tmp_path / "p.zip", members(as_csv=True))

    def make(self) -> Source:
        """Return a fresh source."""
        return DiscordExport(self.path)


def test_damaged_parts_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    """A broken account file and a broken channel do not stop the other channels; the slip is refused."""
    files = members(as_csv=False)
    files["account/user.json"] = "{broken"
    files[f"messages/c{DIRECT}/messages.json"] = "nothing"
    files["../evil.json"] = "[]"
    items = list(DiscordExport(zipped(tmp_path / "p.zip", files)))
    assert [item.id for item in items if isinstance(item, Document)] == [f"{GENERAL}/2024-05-01"]
    errors = " ".join(str(item) for item in items if isinstance(item, RecordError))
    assert "user.json" in errors and f"c{DIRECT}" in errors and "leads out" in errors


def test_other_zips_are_not_taken(tmp_path: Path) -> None:
    """A zip without index and messages is no package, nor is a file that only begins like a zip."""
    other = zipped(tmp_path / "other.zip", {"users.json": "[]", "general/2024-05-01.json": "[]"})
    assert not DiscordExport.recognises(other, other.read_bytes())
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and no more")
    assert not DiscordExport.recognises(broken, broken.read_bytes())
