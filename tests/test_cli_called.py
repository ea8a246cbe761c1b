"""The command line, however it is called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from masa_rag.cli import main
from masa_rag.cli._output import Bar, hint
from masa_rag.errors import MissingDependencyError
from test_cli import notes, run, small_parts

__all__ = ["notes", "small_parts"]


def test_it_can_be_called_as_a_module(notes: Path, tmp_path: Path) -> None:
    """As on Windows, where the folder of ``masa-rag`` is often not on the path; what to do next is called so too."""
    program = "from masa_rag.embedders import HashingEmbedder\nimport masa_rag.embedders, runpy, sys\n"
    program += "masa_rag.embedders.default_embedder = HashingEmbedder\nsys.argv[1:] = ['add', 'notes']\n"
    program += "runpy.run_module('masa_rag', run_name='__main__', alter_sys=True)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, "files:notes: 2 added" in done.stdout) == (0, True), done.stderr
    assert 'ask it with: python -m masa_rag ask -m brain "your question"' in done.stderr


def test_progress_is_shown_to_nobody_where_standard_error_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has None there, as under pythonw or in a job with ``2>&-``; ``add`` ended with 1 and without a word."""
    monkeypatch.setattr(sys, "stderr", None)
    with Bar() as bar:
        bar("embed", 1, 2)


def test_a_blank_is_no_memory(notes: Path, tmp_path: Path) -> None:
    """A shell gives it for a variable that is not set; the memory was made among the files of the folder."""
    for blank in ("", " "):
        refused = run("add", str(notes), "--memory", blank)
        assert (refused.exit_code, 'expected a folder (this one is ".")' in refused.output) == (2, True)
    assert not (tmp_path / "memory.db").exists()


@pytest.mark.parametrize("before", [["add"], ["sync"], ["ask", "why?", "--add"], ["info", "--memory"]])
def test_a_shell_completes_paths(before: list[str]) -> None:
    """Where it asks for them: with completion on, the shell does not do so by itself, and offered nothing."""
    (found,) = ShellComplete(main, {}, "masa-rag", "_MASA_RAG_COMPLETE").get_completions(before, "ex")
    assert (found.type, found.value) == ("file", "ex")


def test_a_path_with_blanks_is_quoted_in_what_is_proposed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It can be pasted as it is."""
    monkeypatch.setattr(sys, "argv", ["/my files/.venv/bin/masa-rag"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hint("ask", Path("my brain")) == "'/my files/.venv/bin/masa-rag' ask -m 'my brain' \"your question\""


def test_the_memory_may_stand_before_the_command(notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As git and docker have it. It goes before MASA_RAG_MEMORY, and after the command's own."""
    place = str(tmp_path / "mine")
    assert run("-m", place, "add", str(notes)).exit_code == 0
    monkeypatch.setenv("MASA_RAG_MEMORY", str(tmp_path / "elsewhere"))
    assert run(f"--memory={place}", "info").stdout.startswith(f"{place}: 2 documents")
    assert run("-m", "elsewhere", "info", "-m", place).stdout.startswith(f"{place}: 2 documents")
    assert "received a blank" in run("-m", "", "info").output


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("search", "launch", "--db", "brain"), "No such option '--db'. Did you mean '--memory'?"),
        (("--path", "brain", "info"), "No such option '--path'. Did you mean '--memory'?"),
        (("search", "launch", "--limit=3"), "No such option '--limit'. Did you mean '-k'?"),
        (("search", "launch", "-n", "3"), "No such option '-n'. Did you mean '-k'?"),
        (("plugins", "--db", "brain"), "No such option '--db'."),
        (("why was it moved?",), "No such command 'why was it moved?'. Did you mean: masa-rag ask 'why was it moved?'"),
        ((".",), "No such command '.'. Did you mean: masa-rag add ."),
        (("serach", "launch"), "No such command 'serach'. Did you mean 'search'?"),
        (("--json", "info"), "--json stands after the command: masa-rag COMMAND --json"),
    ],
)
def test_what_is_meant_by_a_wrong_command_is_named(given: tuple[str, ...], told: str) -> None:
    """By its letters alone '--kind' was offered for '--db', and '--version' for '--json' before the command."""
    refused = run(*given)
    assert (refused.exit_code, refused.output.splitlines()[-1]) == (2, f"Error: {told}")


def test_what_is_missing_is_installed_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever calls .venv/bin/masa-rag has another pip on the path, or none, which knows no masa-rag."""
    told = (
        "A chart needs the package 'matplotlib', which is not installed. "
        'Install it with: {} install "masa-rag[plots]"'
    )
    monkeypatch.setattr(sys, "executable", str(tmp_path / "my env" / "python"))
    for folder, pip in (("my env", "pip"), ("usr", f"'{tmp_path / 'my env' / 'python'}' -m pip")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pip").touch(mode=0o755)
        monkeypatch.setenv("PATH", str(tmp_path / folder))
        assert str(MissingDependencyError("matplotlib", extra="plots", purpose="A chart")) == told.format(pip)
