"""``masa-rag export``, and ``masa-rag add`` of what it wrote: what is printed, and with which exit status they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from damaging import damage
from masa_rag import Document, Memory
from masa_rag.cli import main
from masa_rag.embedders import HashingEmbedder


@pytest.fixture(autouse=True)
def filled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run beside a memory of two sources, with an embedder that needs no weights and no index on disk."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASA_RAG_MEMORY", raising=False)
    monkeypatch.setattr("masa_rag.embedders.default_embedder", HashingEmbedder)
    monkeypatch.setattr("masa_rag.memory.Memory._projection", None)
    with Memory("brain") as memory:
        memory.add(
            [Document(id="1", text="Ann keeps the lighthouse."), Document(id="2", text="Bo left.")], name="notes"
        )
        memory.add([Document(id="1", text="Copper is a metal.", author="Ann")], name="tweets:of\nAnn")


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, arguments)


def test_out_of_one_memory_and_into_another(tmp_path: Path) -> None:
    """A line for each file, and how to put it back; the same again is unchanged in the one, all new in the other."""
    out = run("export", "backup")
    notes, tweets = (tmp_path / "backup" / name for name in ("notes-7708280b.jsonl", "tweets-of-Ann-fc2d3f58.jsonl"))
    assert (out.exit_code, out.stdout) == (0, f"notes: 2 documents in {notes}\ntweets:of Ann: 1 document in {tweets}\n")
    assert out.stderr.endswith(" add -m brain backup\n")
    same = run("add", "backup")
    assert same.exit_code == 0
    assert "notes: 0 added, 0 updated, 2 unchanged (0 passages embedded" in same.stdout
    other = run("add", "backup", "-m", "other")
    assert other.exit_code == 0
    assert "notes: 2 added" in other.stdout
    assert run("search", "lighthouse", "-m", "other", "--json").stdout == run("search", "lighthouse", "--json").stdout


def test_json_names_the_files() -> None:
    """With their sources and how many documents are in each; nothing else is printed."""
    out = run("export", "backup", "--source", "notes", "--json")
    assert (out.exit_code, out.stderr) == (0, "")
    (file,) = json.loads(out.stdout)
    assert (file["source"], file["documents"]) == ("notes", 2)
    assert Path(file["path"]).exists()


def test_markdown_is_for_people() -> None:
    """It is not said to be put back, and a second time is refused."""
    out = run("export", "book", "--markdown")
    assert (out.exit_code, out.stderr) == (0, "")
    (page,) = Path("book").glob("tweets*.md")
    assert page.read_text() == "# tweets:of Ann\n\n## Ann\n\nCopper is a metal.\n\n"
    again = run("export", "book", "--markdown")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "is there already, perhaps with changes of yours; nothing was written" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("backup", "--source", "note"), 1, "Error: received the source 'note'; there are notes, tweets:of Ann"),
        (
            ("brain",),
            1,
            "Error: received 'brain', which is the memory's own folder or lies in it; expected one beside it",
        ),
        ((" ",), 1, "Error: received the folder ' '; expected one to write into, such as 'backup'"),
        (("backup", "-m", "none"), 1, "Error: there is no memory at 'none' in "),
        ((), 2, "Missing argument 'FOLDER'"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], status: int, message: str) -> None:
    """With the next step, and nothing is written."""
    out = run("export", *arguments)
    assert (out.exit_code, out.stdout) == (status, "")
    assert message in out.stderr
    assert [path.name for path in Path().iterdir()] == ["brain"]


def test_an_empty_memory_is_no_error() -> None:
    """It is said."""
    with Memory("empty"):
        pass
    out = run("export", "backup", "-m", "empty")
    assert (out.exit_code, out.stdout, out.stderr) == (0, "", "the memory is empty; nothing was written\n")


def test_what_is_damaged_ends_with_an_error() -> None:
    """All others are in the files."""
    damage(Path("brain"), "UPDATE documents SET body = x'00' WHERE id = '2'")
    out = run("export", "backup")
    assert out.exit_code == 1
    assert "Error: 1 document cannot be read as stored and not in the export (notes: 2)" in out.stderr
    assert len(list(Path("backup").glob("*.jsonl"))) == 2


def test_one_newer_file_does_not_keep_the_others_out() -> None:
    """Its error says what to do, and the status that something was left out."""
    run("export", "backup")
    (path,) = Path("backup").glob("notes*")
    path.write_text(path.read_text().replace('"version":1', '"version":9'))
    out = run("add", "backup", "-m", "other")
    assert out.exit_code == 3
    assert "tweets:of Ann: 1 added" in out.stdout
    assert "received an export of version 9" in out.stderr


def test_one_file_can_be_given_another_name() -> None:
    """A folder's files keep theirs, and a note says so."""
    run("export", "backup")
    (path,) = Path("backup").glob("notes*")
    assert run("add", str(path), "--name", "old notes").stdout.startswith("old notes: 2 added")
    out = run("add", "backup", "-m", "other", "--name", "old")
    assert "notes: 2 added" in out.stdout
    assert "keeps the name it has; name='old' is for other formats" in out.stderr
