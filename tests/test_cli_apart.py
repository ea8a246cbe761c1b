"""What the command line keeps apart: names of what a folder gives, what went wrong, the demo's story."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from masa_rag._upkeep import Upkeep
from masa_rag.embedders import HashingEmbedder
from test_cli import notes, run, small_parts

__all__ = ["notes", "small_parts"]

TALK = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ann>We sail.\n"


def test_a_named_folder_of_several_formats_that_has_one_left_keeps_its_source(notes: Path) -> None:
    """The notes stay in files:crew; as crew they would be there twice."""
    (notes / "talk.vtt").write_text(TALK)
    assert run("add", str(notes), "--name", "crew").exit_code == 0
    (notes / "talk.vtt").unlink()
    synced = run("sync", str(notes), "--name", "crew")
    assert (synced.exit_code, "files:crew: 0 added, 0 updated, 2 unchanged" in synced.stdout) == (3, True)
    assert "Error: transcripts:crew: 1 of 1 documents would be deleted" in synced.stderr  # the name stands there once
    assert run("sync", str(notes / "two.txt"), "--name", "crew").exit_code == 0  # a file is not the folder


def test_what_is_gone_from_a_named_folder_goes_when_that_is_allowed(notes: Path) -> None:
    """Nothing was said of it, and it stayed; what another folder of that name gave stays."""
    (notes / "talk.vtt").write_text(TALK)
    (notes.parent / "other" / "crew").mkdir(parents=True)
    (notes.parent / "other" / "crew" / "irc.log").write_text("12:01 <ann> hi\n12:02 <bo> yes\n")
    assert run("sync", str(notes), "--name", "crew").exit_code == 0
    assert run("sync", str(notes.parent / "other" / "crew")).exit_code == 0
    (notes / "talk.vtt").unlink()
    synced = run("sync", str(notes), "--name", "crew", "--allow-mass-delete")
    assert synced.exit_code == 0
    assert "transcripts:crew: 0 added, 0 updated, 0 unchanged, 1 deleted" in synced.output
    assert "irc:crew: 1 document" in run("info").output


def test_a_named_folder_of_one_format_that_has_several_now_is_refused(notes: Path) -> None:
    """Else its notes would come twice, as crew and as files:crew; what it gave before can be taken out."""
    assert "crew: 2 added" in run("add", str(notes), "--name", "crew").output
    (notes / "talk.vtt").write_text(TALK)
    refused = run("add", str(notes), "--name", "crew")
    assert refused.exit_code == 1
    assert "would become files:crew and transcripts:crew beside it" in refused.output
    assert "3 documents" not in run("info").output
    assert run("forget", "--source", "crew", "--yes").exit_code == 0
    assert "masa-rag forget --undo --source crew" in refused.output
    assert "may be added again" in run("forget", "--undo", "--source", "crew").output
    assert "files:crew: 2 added" in run("add", str(notes), "--name", "crew").output
    assert "files:crew: 0 added, 0 updated, 2 unchanged" in run("sync", str(notes), "--name", "crew").output


def test_a_nightly_sync_speaks_of_failures_alone_on_stderr(notes: Path) -> None:
    """So cron, with standard output thrown away, writes no mail where all is well."""
    quiet = run("sync", str(notes))
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    assert "files:notes: 2 added" in quiet.stdout
    (notes / "empty.md").write_text("")
    failed = run("sync", str(notes), "--as", "Files")
    assert (failed.exit_code, "empty.md: received a file without text" in failed.stderr) == (3, True)
    assert "empty.md" not in failed.stdout


def test_the_demo_leaves_a_memory_of_ones_own_alone(notes: Path) -> None:
    """Without --memory it would tell its invented story into ./brain; run again, it finds its own."""
    assert run("add", str(notes)).exit_code == 0
    refused = run("demo")
    assert (refused.exit_code, "'brain', a memory of your own; expected a new place" in refused.output) == (1, True)
    assert "2 documents" in run("info").output
    assert run("demo", "--memory", "demo").exit_code == run("demo", "--memory", "demo").exit_code == 0


def test_a_folder_is_the_same_however_its_path_is_written(notes: Path) -> None:
    """It was taken for another one of its name, and refused; of tweets, what was gone stayed."""
    assert run("sync", str(notes)).exit_code == 0
    (notes / "two.txt").unlink()
    again = run("sync", str(notes / ".." / "notes"))
    assert (again.exit_code, "files:notes: 0 added, 0 updated, 1 unchanged, 1 deleted" in again.output) == (0, True)


@pytest.mark.parametrize("verb", ["search", "context", "ask"])
def test_why_nothing_is_found_stands_beside_the_json(notes: Path, verb: str) -> None:
    """On stderr; of search, a script was told nothing but "[]"."""
    run("add", str(notes))
    result = run(verb, "copper", "--author", "Zed", "--json")
    assert isinstance(json.loads(result.stdout), list if verb == "search" else dict)
    assert (result.exit_code, result.stderr) == (0, "nothing found: nobody called 'Zed' speaks here\n")


def test_standard_input_is_no_path(notes: Path) -> None:
    """Who pipes a text is told what stores it."""
    result = run("add", "-")
    assert result.exit_code == 1
    assert "a text from standard input is stored by: masa-rag remember -" in result.stderr


def test_a_memory_that_is_re_embedded_is_made_anew_once(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same model it is made anew all the same, once; all documents were cut a second time."""
    made: list[Upkeep] = []
    rebuild = Upkeep.rebuild
    monkeypatch.setattr(Upkeep, "rebuild", lambda upkeep: (made.append(upkeep), rebuild(upkeep))[1])
    assert run("add", str(notes)).exit_code == 0
    assert "2 passages in words" in run("rebuild", "--re-embed").output
    assert len(made) == 1
    monkeypatch.setattr("masa_rag.embedders.default_embedder", lambda: HashingEmbedder(64))
    assert "2 passages in words" in run("rebuild", "--re-embed").output
    assert len(made) == 2


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--after", "2025-01-01"], "the last passage is of 2024-05-02"),
        (["--before", "2024-05-01"], "the first passage is of 2024-05-01"),
        (["--after", "2024-05-03", "--source", "files:notes"], "what has no known time, such as files:notes"),
    ],
)
def test_a_time_at_which_nothing_was_said_is_to_blame(notes: Path, options: list[str], reason: str) -> None:
    """Of an archive, what was said this week is nothing; notes without a time were named as the reason."""
    said = "timestamp,speaker,text\n2024-05-01T09:00:00Z,Ann,Copper\n2024-05-02T09:00:00Z,Bo,is a metal\n"
    (notes.parent / "talk.csv").write_text(said)
    run("add", str(notes), str(notes.parent / "talk.csv"))
    assert reason in run("search", "copper", *options).output


def test_an_empty_memory_is_named_as_the_reason(notes: Path) -> None:
    """Who forgot all, or added to another one, is not to try other words."""
    run("add", str(notes))
    run("forget", "--source", "files:notes", "--yes")
    assert run("search", "copper").output == "nothing found: the memory is empty; fill it with: masa-rag add PATH\n"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("www.example.com", "check the spelling, or give the whole address: https://www.example.com"),
        ("example.com/talks", "check the spelling, or give the whole address: https://example.com/talks"),
        ("talk.txt", "check the spelling"),
        ("../talks/1.txt", "check the spelling"),
    ],
)
def test_an_address_as_people_say_it_is_no_path(given: str, told: str) -> None:
    """It was a file that does not exist, and nothing else."""
    assert run("add", given).output == f"Error: received {given!r}, which does not exist; {told}\n"
