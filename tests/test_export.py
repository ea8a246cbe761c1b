"""A memory written out: which files, what is in them, and what is left as it was when that cannot be done."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damaging import damage
from masa_rag import Document, Memory, _export
from masa_rag._export import Exported, file_name
from masa_rag.errors import ConfigurationError, StorageError

MARCH = datetime(2025, 3, 16, tzinfo=UTC)


def post(number: int, **more: Any) -> Document:
    """One of several posts, a day apart."""
    return Document(id=f"p{number}", text=f"Buoy {number} is out.", created_at=MARCH + timedelta(days=number), **more)


def written(folder: Path) -> dict[str, bytes]:
    """The files of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_file_a_source_one_line_a_document(memory: Memory, tmp_path: Path) -> None:
    """The first line says what it is; those without a time come first, then by time and id."""
    memory.add([post(2), post(1), Document(id="0", text="Undated.", kind="page")], name="sea: notes")
    files = memory.export(tmp_path / "new" / "backup")
    path = tmp_path / "new" / "backup" / "sea-notes-85f9846f.jsonl"
    assert files == [Exported("sea: notes", str(path), 3)]
    assert [json.loads(line) for line in path.read_bytes().splitlines()] == [
        {"format": "masa-rag export", "version": 1, "source": "sea: notes", "documents": 3},
        {"id": "0", "kind": "page", "text": "Undated."},
        {"id": "p1", "kind": "note", "created_at": "2025-03-17T00:00:00Z", "text": "Buoy 1 is out."},
        {"id": "p2", "kind": "note", "created_at": "2025-03-18T00:00:00Z", "text": "Buoy 2 is out."},
    ]


def test_exports_of_the_same_memory_are_equal(memory: Memory, tmp_path: Path) -> None:
    """To the byte, also over an earlier one in the same folder."""
    memory.add([post(number) for number in (3, 1, 2)], name="sea")
    memory.add([post(4)], name="shore")
    memory.export(tmp_path / "one")
    memory.export(tmp_path / "two")
    first = written(tmp_path / "one")
    memory.export(tmp_path / "one")
    assert first == written(tmp_path / "two") == written(tmp_path / "one")
    assert len(first) == 2


def test_only_the_sources_that_are_named(memory: Memory, tmp_path: Path) -> None:
    """One or several; one that is not there is an error that names those that are."""
    for name in ("sea", "shore", "sky"):
        memory.add([post(1)], name=name)
    assert [file.source for file in memory.export(tmp_path / "one", source="sky")] == ["sky"]
    assert [file.source for file in memory.export(tmp_path / "two", source=["sky", "sea", "sky"])] == ["sky", "sea"]
    with pytest.raises(ConfigurationError, match="received the source 'see'; there are sea, shore, sky"):
        memory.export(tmp_path / "three", source=["sea", "see"])
    assert not (tmp_path / "three").exists()


def test_an_empty_memory_has_nothing_to_write(memory: Memory, tmp_path: Path) -> None:
    """That is no error, and makes no folder."""
    assert memory.export(tmp_path / "backup") == []
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("folder", ["", " ", "a\0b", None])
def test_what_is_no_folder_is_refused(memory: Memory, folder: Any) -> None:
    """A shell gives a blank for a variable that is not set: that is not the folder one is in."""
    with pytest.raises(ConfigurationError, match="expected one to write into"):
        memory.export(folder)


def test_an_unknown_form_is_refused(memory: Memory, tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(ConfigurationError, match="received form='csv'; expected one of jsonl, markdown"):
        memory.export(tmp_path / "backup", form="csv")  # type: ignore[arg-type]


def test_the_folder_of_the_memory_is_refused(memory: Memory) -> None:
    """What is forgotten later would not be erased there, and add passes over what belongs to a memory."""
    for folder in (memory.path, memory.path / "backup", memory.path / ".." / memory.path.name):
        with pytest.raises(ConfigurationError, match="the memory's own folder or lies in it; expected one beside it"):
            memory.export(folder)


def test_a_file_of_somebody_elses_is_not_replaced(memory: Memory, tmp_path: Path) -> None:
    """Nothing is written then, of the other sources neither; an export of another source is somebody else's too."""
    memory.add([post(1)], name="sea")
    memory.add([post(1)], name="shore")
    name = file_name("shore", "jsonl")
    for text in ("my own\n", '{"format":"masa-rag export","version":1,"source":"sea"}\n'):
        (tmp_path / name).write_text(text)
        with pytest.raises(
            ConfigurationError, match=f"{name} is there already and is no export of this source; nothing"
        ):
            memory.export(tmp_path)
        assert (tmp_path / name).read_text() == text
        assert not (tmp_path / file_name("sea", "jsonl")).exists()
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(ConfigurationError, match="is there already"):
        memory.export(tmp_path)


def test_a_markdown_file_is_never_replaced(memory: Memory, tmp_path: Path) -> None:
    """Somebody may have gone on writing in it."""
    memory.add([post(1)], name="sea")
    memory.export(tmp_path / "book", form="markdown")
    with pytest.raises(
        ConfigurationError, match=r"sea-\w+\.md is there already, perhaps with changes of yours; nothing"
    ):
        memory.export(tmp_path / "book", form="markdown")


def test_a_place_that_cannot_be_made_is_named(memory: Memory, tmp_path: Path) -> None:
    """A file is no folder."""
    memory.add([post(1)], name="sea")
    (tmp_path / "backup").write_text("x")
    with pytest.raises(StorageError, match=r"cannot make the folder .*backup.*choose a place you may write to"):
        memory.export(tmp_path / "backup" / "march")


def test_a_full_disk_leaves_what_was_there(memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier file stays whole, no part of the new one does, and the error says what to do."""
    memory.add([post(1)], name="sea")
    memory.export(tmp_path / "backup")
    before = written(tmp_path / "backup")
    memory.add([post(number) for number in range(2_000)], name="sea")

    def full(_: int) -> None:
        raise OSError(28, "No space left")

    monkeypatch.setattr("masa_rag._export.os.fsync", full)
    with pytest.raises(
        StorageError, match=r"could not be written \(No space left\); what was there before is unchanged"
    ):
        memory.export(tmp_path / "backup")
    assert written(tmp_path / "backup") == before


KILLED = """
import sys, time
from masa_rag import Memory, Document, _export
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex

def slowly(document):
    print("writing", flush=True)
    time.sleep(60)

_export.encode_document = slowly
Memory(sys.argv[1], embedder=HashingEmbedder(), index=FlatIndex()).export(sys.argv[2])
"""


def test_a_killed_export_leaves_no_half_file(memory: Memory, tmp_path: Path) -> None:
    """Under the name of a source there is nothing, and what was left hidden is read by nobody."""
    memory.add([post(1)], name="sea")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(memory.path), str(tmp_path / "backup")], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    process.kill()
    process.communicate()
    assert all(name.startswith(".") for name in written(tmp_path / "backup"))
    (file,) = memory.export(tmp_path / "backup")
    assert len(Path(file.path).read_bytes().splitlines()) == 2


def test_it_is_the_memory_of_one_moment(
    memory: Memory, open_memory: Callable[..., Memory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another writer commits while the first file is written is in none of them."""
    memory.add([post(1)], name="sea")
    memory.add([post(1)], name="shore")
    encode, other = _export.encode_document, open_memory()

    def meanwhile(document: Document) -> bytes:
        thread = threading.Thread(target=lambda: other.add([post(2)], name="shore"))
        thread.start()
        thread.join()
        return encode(document)

    monkeypatch.setattr(_export, "encode_document", meanwhile)
    assert [file.documents for file in memory.export(tmp_path / "backup")] == [1, 1]
    assert memory.info().documents == 3


def test_what_is_damaged_is_left_out_and_named(memory: Memory, tmp_path: Path) -> None:
    """All other documents are in the files, and the file says how many there were."""
    memory.add([post(1), post(2)], name="sea")
    memory.add([post(1)], name="shore")
    damage(memory.path, "UPDATE documents SET body = x'7b' WHERE id = 'p2'")
    with pytest.raises(
        StorageError, match=r"1 document cannot be read .* \(sea: p2\)\. All others are\. Add the sources"
    ):
        memory.export(tmp_path / "backup")
    lines = {name: len(text.splitlines()) for name, text in written(tmp_path / "backup").items()}
    assert lines == {file_name("sea", "jsonl"): 2, file_name("shore", "jsonl"): 2}


def test_progress_is_told(open_memory: Callable[..., Memory], tmp_path: Path) -> None:
    """Every 256 documents, over all sources."""
    told: list[tuple[str, int, int]] = []
    memory = open_memory(progress=lambda *step: told.append(step))
    memory.add([post(number) for number in range(600)], name="sea")
    memory.export(tmp_path / "backup")
    assert [step for step in told if step[0] == "export"] == [("export", 256, 0), ("export", 512, 0)]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("tweets", "tweets-6c26c4f7"),
        ("telegram:crew", "telegram-crew-"),
        ("../x", "x-"),
        ("a/b", "a-b-"),
        ("CON", "CON-"),
        ("CON.txt", "CON-txt-"),
        ("", ""),
        (" ", ""),
        ("x" * 300, "x" * 80 + "-"),
        ("ж" * 300, "ж" * 40 + "-"),
        ("~/.ssh\n\0\u202e", "ssh-"),
        ("टेलीग्राम", "टेलीग्राम-"),
        ("-rf", "rf-"),
    ],
)
def test_a_files_name_is_safe_and_tells_its_source(source: str, name: str) -> None:
    """Letters and digits of any script, at most 80 bytes of them, and a digest; no dot but the last one."""
    made = file_name(source, "jsonl")
    assert made.startswith(name)
    assert made.removesuffix(".jsonl").isprintable()
    assert not set(made.removesuffix(".jsonl")) & set('./\\:*?"<>| ~%')
    assert len(made.encode()) <= 100


NAMES = st.text(max_size=8) | st.sampled_from(["Tweets", "tweets", "a/b", "a:b", "a b", "é", "e\u0301", "ﬁ", "CON"])


@given(one=NAMES, other=NAMES)
def test_different_sources_have_different_files(one: str, other: str) -> None:
    """Also where a file system takes capitals, or an accent written in another way, for the same."""
    assert (one == other) == (file_name(one, "jsonl").casefold() == file_name(other, "jsonl").casefold())
