"""The README and every page of the docs do what they say."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from masa_rag import models
from masa_rag.cli import main
from masa_rag.embedders import HashingEmbedder
from masa_rag.errors import EmbeddingError

REPOSITORY = Path(__file__).parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EPISODE = (REPOSITORY / "examples" / "podcast" / "12.txt").read_text()
RUN = tuple(f"masa-rag {verb}" for verb in ("add", "search", "info", "context", "ask", "remember", "verify", "export"))
ELSEWHERE = ("~", "https://", ".mp3", "--model")
"""Marks of commands that need what only a reader has: files, a network, speech recognition, a chat model."""


@pytest.fixture(autouse=True)
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where a reader would: a folder with the files that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("masa_rag.embedders.default_embedder", HashingEmbedder)
    monkeypatch.setattr("masa_rag.memory.Memory._projection", None)
    for name, text in {
        "episodes/12.txt": EPISODE,
        "examples/podcast/12.txt": EPISODE,
        "notes/monday.md": "We ordered seals.\n",
        "notes/tuesday.md": "The seals arrived.\n",
        "notes/wednesday.md": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_block_of_a_page_runs(page: Path) -> None:
    """Python blocks run in order in one namespace, unless marked ``notest``; commands of the shell run too."""
    namespace: dict[str, object] = {}
    for language, note, code in BLOCK.findall(page.read_text()):
        if language == "python" and "notest" not in note:
            exec(compile(code, str(page), "exec"), namespace)
        elif language == "console":
            for line in code.splitlines():
                command = line.removeprefix("$ ").removeprefix(".venv/bin/").partition("  #")[0]
                if command.startswith(RUN) and not any(part in command for part in ELSEWHERE):
                    result = CliRunner().invoke(main, shlex.split(command)[1:])
                    assert result.exit_code == 0, f"{command}: {result.output}"


def test_the_tutorials_episode_is_the_examples() -> None:
    """What the tutorial shows is what the first command of the README reads."""
    assert f"```text\n{EPISODE}```" in (REPOSITORY / "docs" / "tutorial.md").read_text()


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link names a file that exists."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_links_to_headings_lead_to_one() -> None:
    """The part after "#" is a heading of that page, as the documentation spells its address."""
    for page in PAGES:
        for target, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)", page.read_text()):
            text = (page.parent / target).read_text() if target else page.read_text()
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name} links to {target}#{anchor}"


def test_addresses_on_the_web_are_well_formed() -> None:
    """They parse, have a host and no mark of the sentence around them. That they answer is not checked: no network."""
    for page in [*PAGES, REPOSITORY / "llms.txt", REPOSITORY / "CHANGELOG.md"]:
        for address in re.findall(r"\]\((https?://[^)\s]+)\)", page.read_text()):
            parts = urlsplit(address)
            assert "." in (parts.hostname or ""), f"{page.name}: {address}"
            assert re.fullmatch(r"https://[\w.-]+(/[\w./~%#?=&+-]*)?", address), f"{page.name}: {address}"
            assert address[-1] not in ".,;:"


def test_blocks_of_json_are_json() -> None:
    """What a reader copies into a client's settings parses, and the command in it exists with these options."""
    blocks = [code for page in PAGES for language, _, code in BLOCK.findall(page.read_text()) if language == "json"]
    assert len(blocks) >= 3
    for code in blocks:
        for servers in json.loads(code).values():
            for server in servers.values():
                if server.get("command") == "masa-rag":
                    assert CliRunner().invoke(main, [*server["args"], "--help"]).exit_code == 0


def test_models_of_the_pages_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that a reader copies names a commit on the hub; without one it is refused, network or not."""
    monkeypatch.setenv("MASA_RAG_OFFLINE", "1")
    names = {name for page in PAGES for name in re.findall(r'"([\w.-]+/[\w.-]+@\w+)"', page.read_text())}
    assert len(names) >= 2
    for name in names:
        with pytest.raises(EmbeddingError, match="forbids the network"):
            models.locate(name)
    for page in PAGES:
        assert not re.search(r'(Embedder|Reranker)\("[^"@]+/[^"@]+"|MASA_RAG_MODEL=\w', page.read_text()), page.name


def test_figures_of_the_first_pages_are_those_that_were_measured() -> None:
    """What README and CHANGELOG claim stands in the page of the documentation that says how it was measured."""
    measured = "".join(page.read_text() for page in PAGES[1:])
    for page in (PAGES[0], REPOSITORY / "CHANGELOG.md"):
        for figure in re.findall(r"(?<=\s)\(?(\.\d{3})\b", page.read_text()):
            assert figure in measured, f"{page.name} claims {figure}"


def test_every_public_name_is_documented() -> None:
    """Whoever imports it can read what it does."""
    import masa_rag
    import masa_rag.sources

    for module in (masa_rag, masa_rag.sources):
        missing = [name for name in module.__all__ if name != "__version__" and not getattr(module, name).__doc__]
        assert missing == []
