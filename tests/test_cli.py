"""The command line: what it prints, and with which exit status it ends."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from masa_rag import Document, Memory
from masa_rag.answer import NOT_FOUND, Answer
from masa_rag.cli import main
from masa_rag.embedders import HashingEmbedder
from masa_rag.errors import StorageError


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder, with an embedder that needs no weights and no index on disk."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASA_RAG_MEMORY", raising=False)
    monkeypatch.setattr("masa_rag.embedders.default_embedder", HashingEmbedder)
    monkeypatch.setattr("masa_rag.memory.Memory._projection", None)


def run(*arguments: str, text: str | None = None) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, arguments, input=text)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Two notes in a folder."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "one.md").write_text("# Harbour\n\nThe lighthouse keeper is called Ann.\n")
    (folder / "two.txt").write_text("Copper is a metal.\n")
    return folder


def test_three_commands_from_nothing_to_an_answer(notes: Path) -> None:
    """Add, search, context: the first lines of the README."""
    added = run("add", str(notes))
    assert (added.exit_code, added.output) == (0, added.output)
    assert "files:notes: 2 added, 0 updated, 0 unchanged" in added.output
    assert run("search", "lighthouse keeper").output.splitlines()[0].startswith("[1] ")
    assert "The lighthouse keeper is called Ann." in run("context", "lighthouse").output


@pytest.mark.parametrize("verb", ["add", "sync"])
def test_a_zone_for_times_that_name_none(tmp_path: Path, verb: str) -> None:
    """It is the phone's, of a chat; without it UTC is assumed."""
    chat = tmp_path / "WhatsApp Chat with Ann.txt"
    chat.write_text("13/05/2024, 18:30 - Ann: The lighthouse is lit.\n")
    assert run(verb, str(chat), "--timezone", "Europe/Oslo").exit_code == 0
    assert "2024-05-13T16:30" in run("search", "lighthouse", "--json").output
    wrong = run(verb, str(chat), "--timezone", "Oslo")
    assert (wrong.exit_code, "received the timezone 'Oslo'" in wrong.output) == (1, True)


def test_the_last_of_a_format_that_is_gone_from_a_folder_is_said(notes: Path) -> None:
    """Its documents go when that is allowed; to add, or to read as one format, takes nothing away."""
    (notes / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ann>We sail.\n")
    assert run("sync", str(notes)).exit_code == 0
    (notes / "talk.vtt").unlink()
    assert run("add", str(notes)).exit_code == run("sync", str(notes), "--as", "Files").exit_code == 0
    kept = run("sync", str(notes))
    assert kept.exit_code == 3
    assert "transcripts:notes: 1 of 1 documents would be deleted, so nothing was" in kept.output
    assert "We sail." in run("search", "sail").output
    gone = run("sync", str(notes), "--allow-mass-delete")
    assert (gone.exit_code, "transcripts:notes: 0 added, 0 updated, 0 unchanged, 1 deleted" in gone.output) == (0, True)
    assert "We sail." not in run("search", "sail").output


def test_one_command_reads_a_file_and_answers(notes: Path) -> None:
    """ask --add: the report on stderr, the cited answer on stdout, without quotation marks around the question."""
    result = run("ask", "what", "is", "the", "lighthouse", "keeper", "called?", "--add", str(notes), "-k", "1")
    assert result.exit_code == 0
    assert result.stderr.startswith("files:notes: 2 added")
    assert result.stdout == "“The lighthouse keeper is called Ann.” [1]\n\n[1] Harbour\n"
    assert json.loads(run("ask", "lighthouse", "-k", "1", "--json").output)["found"] is True
    broken = run("ask", "copper", "--add", "nowhere")
    assert (broken.exit_code, "does not exist" in broken.stderr) == (1, True)


def test_an_answer_does_not_wait_for_the_index(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ask --add answers before the index is told; one that fails does not take the answer away."""

    def fail(memory: Memory) -> None:
        memory.catalog.close()
        raise StorageError("the disk is full")

    monkeypatch.setattr(Memory, "close", fail)
    result = run("ask", "what is the lighthouse keeper called?", "--add", str(notes), "-k", "1")
    assert result.stdout.startswith("“The lighthouse keeper is called Ann.” [1]")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "Error: the disk is full")


def test_an_answer_says_what_was_not_read(notes: Path) -> None:
    """ask --add names each bad record and path, answers from the others, and ends with status 3."""
    (notes / "empty.md").write_text("")
    result = run("ask", "copper", "--add", str(notes), "--add", "nowhere", "-k", "1")
    assert (result.exit_code, "Copper is a metal." in result.stdout) == (3, True)
    assert "Error: received 'nowhere', which does not exist" in result.stderr
    assert "empty.md" in result.stderr


def test_an_answer_that_is_not_there_names_the_next_step(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes nearest can be looked at, with the question quoted for the shell."""
    run("add", str(notes))
    monkeypatch.setattr("masa_rag.answer.extract", lambda question, hits, **more: Answer(NOT_FOUND, hits, found=False))
    result = run("ask", "who's the keeper?")
    assert result.stdout == f"{NOT_FOUND}\n"
    assert """what comes nearest: masa-rag search -m brain 'who'"'"'s the keeper?'""" in result.stderr


def test_a_chat_model_is_named(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--model takes a name as LangChain knows it; what its provider raises is one line with the form expected."""
    models = pytest.importorskip("langchain.chat_models", reason="needs the extra langchain")
    fakes = pytest.importorskip("langchain_core.language_models.fake_chat_models")
    run("add", str(notes))
    unknown = run("ask", "copper", "--model", "nosuch")
    assert unknown.exit_code == 1
    assert "expected provider:model, such as openai:gpt-5" in unknown.output
    assert len(unknown.output.splitlines()) == 1
    answers = fakes.FakeListChatModel(responses=["It is a metal [1].\x1b[2J"])
    monkeypatch.setattr(models, "init_chat_model", {"test:one": answers}.get)
    assert run("ask", "copper", "--model", "test:one", "-k", "1").output.startswith("It is a metal [1]. [2J\n\n[1] two")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--author", "Zoe"], "nobody called 'Zoe' speaks here"),
        (["--source", "tweets"], "there is no source 'tweets'; there are files:notes"),
        (["--kind", "post"], "nothing found: try fewer filters"),
        (
            ["--after", "2024-05-04", "--before", "2024-05-04"],
            "nothing found: no time is from 2024-05-04 on and before 2024-05-04",
        ),
        (["--before", "1990-01-01"], "after and before leave out what has no known time, such as files:notes"),
    ],
)
def test_nothing_found_says_which_filter_is_to_blame(notes: Path, options: list[str], reason: str) -> None:
    """A name that nobody has is more often misspelt than silent."""
    run("add", str(notes))
    assert reason in run("search", "copper", *options).output
    assert reason in run("context", "copper", *options).stderr
    assert reason in run("ask", "copper", *options).stderr


def test_a_source_that_is_misspelt_is_not_thought_forgotten(notes: Path) -> None:
    """Nothing of it is there, and the note names what is; for one that is there, there is no note."""
    run("add", str(notes))
    wrong = run("forget", "--source", "files:note", "--yes")
    assert (wrong.exit_code, wrong.stdout) == (0, "nothing of it is in the memory; it is kept out from now on\n")
    assert wrong.stderr == "Note: there is no source 'files:note'; there are files:notes\n"
    right = run("forget", "--source", "files:notes", "--yes")
    assert (right.stdout, right.stderr) == ("erased 2 documents\n", "")
    assert run("search", "copper", "--source", "x").output == "nothing found: there is no source 'x'; there are none\n"


@pytest.mark.parametrize("command", ["search", "context", "ask"])
@pytest.mark.parametrize("words", [[""], [" ", "\t"]])
def test_an_empty_question_is_a_wrong_call(command: str, words: list[str]) -> None:
    """A variable of the shell that is not set is no question to which nothing was found."""
    result = run(command, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is empty; expected a question, or some words" in result.stderr


def test_a_kind_that_does_not_exist_is_refused() -> None:
    """The error lists the kinds."""
    result = run("search", "copper", "--kind", "tweet")
    assert result.exit_code == 2
    assert "'post'" in result.output


@pytest.mark.parametrize(("name", "content"), [("zero.txt", b""), ("odd.bin", bytes(range(256)) * 8), ("folder", None)])
def test_what_cannot_be_read_is_said_in_one_line(name: str, content: bytes | None) -> None:
    """An empty file, an unknown one and an empty folder each get their own words."""
    if content is None:
        Path(name).mkdir()
    else:
        Path(name).write_bytes(content)
    result = run("add", name)
    words = {"zero.txt": "file is empty", "odd.bin": "masa-rag add --as NAME", "folder": "holds no files"}
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert words[name] in result.output
    assert not Path("brain").exists()


@pytest.mark.parametrize("command", [["serve"], ["mcp", "--http"]])
def test_a_port_in_use_is_one_line(notes: Path, command: list[str]) -> None:
    """The error names the port and the way out."""
    if command[0] == "mcp":
        pytest.importorskip("mcp", reason="needs the extra mcp")
    run("add", str(notes))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run(*command, "--port", port)
    assert result.exit_code == 1
    assert f"cannot listen on port {port} (address already in use); choose another port" in result.output


def test_reading_commands_print_json(notes: Path) -> None:
    """Every reading command has --json, and it parses."""
    report = json.loads(run("add", str(notes), "--json").output)[0]
    assert (report["source"], report["added"]) == ("files:notes", 2)
    hit = json.loads(run("search", "copper", "--json").output)[0]
    assert (hit["rank"], hit["chunk"]["text"]) == (1, "Copper is a metal.")
    assert json.loads(run("info", "--json").output)["documents"] == 2
    assert json.loads(run("verify", "--json").output) == []
    assert json.loads(run("context", "copper", "--json").output)["hits"][0]["rank"] == 1
    assert "Transcripts" in json.loads(run("plugins", "--json").output)
    assert json.loads(run("doctor", "--json").output)["masa-rag"]


def test_doctor_tells_what_it_can_of_a_memory_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug report is wanted most where something is broken: a damaged memory, a folder that may not be looked into."""
    Path("brain").mkdir()
    Path("brain/memory.db").write_text("These are not the bytes of a database.")
    findings = json.loads(run("doctor", "--json").output)
    assert (findings["python"] != "", "this file is not a memory" in findings["memory"]) == (True, True)

    looked = Path.stat

    def stat(path: Path, **options: Any) -> Any:
        if path.name == "memory.db":
            raise PermissionError(13, "Permission denied", str(path))
        return looked(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    assert "Permission denied" in json.loads(run("doctor", "--json").output)["memory"]


@pytest.mark.parametrize("command", [["search", "x"], ["info"], ["context", "x"], ["verify"], ["rebuild"]])
def test_no_memory_is_said_with_the_next_step(command: list[str]) -> None:
    """Reading makes no folder."""
    result = run(*command)
    assert result.exit_code == 1
    here = f"there is no memory at 'brain' in {str(Path.cwd())!r}; make one with: masa-rag add -m brain PATH"
    assert here in result.output
    assert not Path("brain").exists()


def test_a_wrong_path_is_one_line() -> None:
    """No traceback reaches the user."""
    result = run("add", "episdoes/")
    assert result.exit_code == 1
    assert result.output == "Error: received 'episdoes/', which does not exist; check the spelling\n"


def test_a_broken_file_is_reported_and_the_others_get_in(notes: Path) -> None:
    """Exit status 3: something failed, the rest is there."""
    (notes / "broken.md").write_bytes(bytes(range(256)) * 4)
    result = run("add", str(notes), "--as", "files")
    assert result.exit_code == 3
    assert "2 added" in result.output
    assert "broken.md" in result.output


def test_a_source_that_cannot_be_read_does_not_keep_the_others_out(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording without the package that hears it: the notes beside it get in, and the error says what to install."""
    from masa_rag.errors import MissingDependencyError

    def missing(self: object) -> None:
        raise MissingDependencyError("faster-whisper", extra="speech", purpose="Transcribing a recording")

    monkeypatch.setattr("masa_rag.sources.recordings.Recordings.__iter__", missing)
    (notes / "talk.ogg").write_bytes(b"OggS\x00\x02" + bytes(60))
    result = run("add", str(notes))
    assert result.exit_code == 3
    assert "files:notes: 2 added" in result.output
    assert 'pip install "masa-rag[speech]"' in result.output


def test_notes_are_remembered_and_forgotten() -> None:
    """Remember from an argument and from standard input; forget asks first, undoing it does not."""
    assert run("remember", "Ann likes tea.", "--author", "Ann").exit_code == 0
    assert run("remember", "-", text="The boat is blue.\n").exit_code == 0
    assert run("search", "boat").output.count("The boat is blue.") == 1
    assert run("forget", "--author", "Ann", text="n\n").exit_code == 1
    assert "Ann likes tea." in run("search", "tea").output
    assert run("forget", "--author", "Ann", "--yes").output == "erased 1 document\n"
    assert "Ann likes tea." not in run("search", "tea").output
    assert "is kept out from now on" in run("forget", "--author", "Ann", "--yes").output
    assert run("forget", "--author", "Ann", "--author", "Bo", "--undo").output == "may be added again\n"


@pytest.mark.parametrize(
    ("piped", "kept", "noted"),
    [
        (b"The tide was h\xf6her.\r\nMuch.\r\n", "The tide was höher.\nMuch.", False),
        ("\ufeffThe tide was höher.".encode("utf-16-le"), "The tide was höher.", False),
        (b"The tide was h\xf6her. \x81", "The tide was höher. \ufffd", True),
    ],
)
def test_what_is_piped_in_is_read_like_a_file(piped: bytes, kept: str, noted: bool) -> None:
    """Notepad's Latin-1 and PowerShell's UTF-16 were an error, or stored with other letters."""
    result = CliRunner().invoke(main, ["remember", "-"], input=piped)
    assert (result.exit_code, "letters may be wrong" in result.stderr) == (0, noted), result.output
    assert json.loads(run("search", "tide", "--json").output)[0]["chunk"]["text"] == kept


def test_binary_data_is_nothing_to_remember() -> None:
    """A picture that is piped in is refused in one line."""
    result = CliRunner().invoke(main, ["remember", "-"], input=b"\x89PNG\r\n\x1a\n" + bytes(80))
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "received binary data; expected readable text" in result.stderr


@pytest.mark.parametrize("names", [[], ["--document", "one.md"], ["--author", "Ann", "--source", "files:notes"]])
def test_nothing_to_forget_is_an_error(notes: Path, names: list[str]) -> None:
    """Without a name nothing is erased, and nothing is asked."""
    run("add", str(notes))
    result = run("forget", *names)
    assert result.exit_code == 2
    assert "name what to erase: --author, or --source, or one --source and --document" in result.output
    assert "Go on?" not in result.output


def test_stopped_while_reading(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C says what became of the work, and the same command finishes it."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(HashingEmbedder, "embed_documents", stop)
        stopped = run("add", str(notes))
    assert (stopped.exit_code, stopped.output.splitlines()[-1]) == (
        1, "Error: stopped; what was read is kept, and the same command goes on from there",
    )  # fmt: skip
    assert "2 unchanged" in run("add", str(notes)).output
    assert run("verify").output == "all parts agree\n"


def test_nothing_came_in_so_nothing_can_be_asked() -> None:
    """After a file of which all failed there is no hint to ask it."""
    Path("broken.json").write_text('{"a":')
    assert "ask it with" not in run("add", "broken.json", "--as", "Tweets").output


def test_verify_ends_with_1_and_rebuild_mends(notes: Path) -> None:
    """The message names the command that helps."""
    import sqlite3

    run("add", str(notes))
    with sqlite3.connect("brain/memory.db") as raw:
        raw.execute("DELETE FROM vectors")
    result = run("verify")
    assert result.exit_code == 1
    assert "2 problems; run: masa-rag rebuild -m brain\n" in result.output
    assert "2 passages in words, vectors and index" in run("rebuild").output
    assert run("verify").output == "all parts agree\n"


def test_opening_shows_what_it_finishes(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a killed process every command embeds what waits, with a bar; then it shows no more of it."""
    import sqlite3

    seen: list[tuple[str, int, int]] = []
    monkeypatch.setattr("masa_rag.cli._output.Bar.__call__", lambda self, *step: seen.append(step))
    run("add", str(notes))
    with sqlite3.connect("brain/memory.db") as raw:
        raw.execute("DELETE FROM vectors")
        raw.execute("INSERT INTO pending SELECT pk FROM chunks")
    Path("brain/memory.writer-4194305").touch()  # a process id beyond the largest
    seen.clear()
    assert run("info").exit_code == 0
    assert seen == [("embed", 2, 2)]


@pytest.mark.parametrize("terminal", [True, False])
def test_recognising_a_folder_shows_how_far_it_is(notes: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """A line on stderr where that is a terminal, wiped at the end; nothing where it is a file or a pipe."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: terminal, raising=False)
    result = run("add", str(notes))
    assert ("\rrecognise files 2 of 2\r" in result.stderr) is terminal
    assert result.stdout.startswith("files:notes: 2 added")


def test_a_note_does_not_stand_in_the_line_of_progress(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is wiped first: "recognise files 3 of 3Note: no source recognises" is hard to read."""
    (notes / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    shown = run("add", str(notes)).stderr
    assert "recognise files 3 of 3\r" + 22 * " " + "\rNote: no source recognises logo.png" in shown


def test_no_color_is_heeded(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set to anything, it takes bold and colours away, which are there otherwise."""
    run("add", str(notes))
    commands = (["search", "copper"], ["add", str(notes), "nowhere"])
    for value, styled in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", value)
        outputs = [CliRunner().invoke(main, command, color=True).output for command in commands]
        assert ["\x1b[" in output for output in outputs] == [styled, styled]


def test_an_export_that_is_cut_off_is_noted(tmp_path: Path) -> None:
    """It is kept as text, and the note says so."""
    (tmp_path / "export.json").write_text('{"messages": [{"id": 1, "text": "The tide')
    result = run("add", "export.json")
    assert result.exit_code == 0
    assert result.stdout.startswith("files:export: 1 added")
    assert "Note: no source recognises export.json; read as plain text. If it is an export, say which" in result.stderr


def test_fields_are_named(tmp_path: Path) -> None:
    """``--field`` says which field is which, and needs no ``--as``; what it cannot mean is refused."""
    rows = [{"words": "The seal held for two nights.", "nick": "mara"}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    assert run("add", "rows.json", "--field", "text=words", "--field", "author=nick").exit_code == 0
    assert "mara" in run("search", "seal").output
    assert "received --field text; expected" in run("add", "rows.json", "--field", "text").stderr
    assert "received --field for Tweets" in run("add", "rows.json", "--as", "Tweets", "--field", "text=words").stderr
    assert "received the field 'who'" in run("add", "rows.json", "--field", "who=nick").stderr


def test_a_tilde_is_the_home_folder_wherever_it_is_written(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No shell replaces it in ``--memory=~/brain`` or in a client's settings: all commands mean the same folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert run("add", str(notes), "--memory=~/brain").exit_code == 0
    assert (tmp_path / "home" / "brain" / "memory.db").exists()
    assert "Copper is a metal." in run("search", "copper", "--memory=~/brain").output
    assert "2 passages" in run("doctor", "--memory=~/brain").output


def test_a_name_may_begin_with_a_tilde(notes: Path) -> None:
    """A shell gives ``~draft.md`` for ``*`` and leaves it alone; nobody of that name is looked for."""
    Path("~draft.md").write_text("The walrus sings.")
    for path in ("~draft.md", "./~draft.md"):
        assert run("add", path).output.startswith("files:~draft: ")
    assert "The walrus sings." in run("search", "walrus").output
    assert "received '~nobody-here/x', which does not exist" in run("add", "~nobody-here/x").output
    assert run("remember", "Tin.", "-m", "~nobody-here").exit_code == 0


def test_one_name_for_several_paths_is_refused(notes: Path) -> None:
    """Two sources under one name would share their ids."""
    result = run("add", str(notes / "one.md"), str(notes / "two.txt"), "--name", "n")
    assert result.exit_code == 2
    assert "one --name for 2 paths" in result.output


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(28, "No space left on device"), "Error: [Errno 28] No space left on device\n"),
        (BrokenPipeError(32, "Broken pipe"), ""),
    ],
)
def test_output_that_cannot_be_written(
    notes: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, shown: str
) -> None:
    """A full disk is one line and no traceback; ``| head``, which closes the pipe, is none."""

    def fail(*_: object, **options: object) -> None:
        raise error

    run("add", str(notes))
    monkeypatch.setattr("masa_rag.cli._output.print_info", fail)
    result = run("info")
    assert (result.exit_code, result.stderr) == (1, shown)


def test_control_characters_of_strangers_are_not_printed() -> None:
    """A passage cannot move the cursor of the terminal."""
    odd = "\x1b[2J\x9b2J"
    with Memory("brain") as memory:
        memory.add([Document(id=odd, text=f"before {odd} after", title=odd, author=f"Ann {odd}")], name=f"source {odd}")
    for command in (
        "search before", "context before", "ask before", "info", "search before --source x", "forget --author An",
        "verify", f"add {odd}", f"remember x --author {odd}", "search before --json",
    ):  # fmt: skip
        output = (
            CliRunner().invoke(main, command.split(), color=True).output.replace("\x1b[1m", "").replace("\x1b[0m", "")
        )
        assert "\x1b" not in output, command
        assert "\x9b" not in output or "--json" in command


@pytest.mark.parametrize(
    "text",
    ["می\u200cخواهم", "a family 👨\u200d👩\u200d👧", "Donau\u00addampf", "def f():\n\treturn 1", "\u200eשלום"],
)
def test_what_words_and_emoji_hang_on_is_printed(text: str) -> None:
    """A joiner is no control character: without it a Persian word falls apart, and a family into three people."""
    run("remember", text)
    assert text in run("context", "word").output
    assert text.expandtabs(8).replace("\n", "\n    ") in run("search", "word").output


def test_addresses_and_words_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed can be copied, and fits the terminal."""
    address = "https://wiki.example/" + "/".join(f"a-long-part-{number}" for number in range(12))
    run("remember", f"The buoys send one reading an hour, twenty-four a day, as it is told at {address} since May.")
    monkeypatch.setenv("COLUMNS", "46")
    rows = run("search", "buoys").stdout.splitlines()[1:6]
    assert rows == [
        "    The buoys send one reading an hour,",
        "    twenty-four a day, as it is told at",
        f"    {address}",
        "    since May.",
        "",
    ]


def test_a_terminal_of_another_encoding_gets_what_it_can_show() -> None:
    """Output that is sent into a file on Windows is of a code page, which has no emoji."""
    run("remember", "the walrus 🐂 sings")
    runner = CliRunner(charset="cp1252")
    assert "the walrus ? sings" in runner.invoke(main, ["search", "walrus"]).output
    assert json.loads(runner.invoke(main, ["search", "walrus", "--json"]).output)[0]["chunk"]["text"].count("🐂") == 1


def test_one_bad_path_does_not_keep_the_others_out(notes: Path) -> None:
    """A shell's pattern names a PDF, or a second folder of the same name, among much that is good."""
    (notes / "report.pdf").write_bytes(b"%PDF-1.7 ")
    other = notes / "deeper" / "notes"
    other.mkdir(parents=True)
    (other / "three.md").write_text("Tin is a metal.")
    result = run("add", str(notes / "report.pdf"), str(other), str(notes))
    assert result.exit_code == 3
    assert "files:notes: 1 added" in result.output
    assert "report.pdf: what is in this file is not recognised" in result.stderr
    assert "a name under which" in result.stderr
    assert run("add", str(notes), "--name", "first").exit_code == 0
    assert run("add", str(notes / "report.pdf")).exit_code == 1


def test_hints_can_be_pasted(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is named as it was called, unless it is on the path."""
    monkeypatch.setattr("sys.argv", [".venv/bin/masa-rag", "add"])
    assert 'ask it with: .venv/bin/masa-rag ask -m brain "your question"' in run("add", str(notes)).output
    monkeypatch.setattr("shutil.which", lambda name: ".venv/bin/masa-rag")
    assert 'ask it with: masa-rag ask -m brain "your question"' in run("add", str(notes)).output


def test_demo_answers_three_questions() -> None:
    """The first thing that people run."""
    result = run("demo", "--memory", "demo")
    assert result.exit_code == 0, result.output
    assert result.output.count("[1] ") == 3
    assert "Priya" in result.output
    assert "failed" not in result.output


def test_help_names_every_command_with_an_example() -> None:
    """The first screen shows how to begin."""
    text = run("--help").output
    assert "masa-rag add episodes/" in text
    for command in ("add", "sync", "search", "context", "remember", "forget", "info", "verify", "rebuild", "doctor"):
        assert f"\n  {command} " in text
