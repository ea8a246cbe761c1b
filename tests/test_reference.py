"""The documentation is whole: every public name, every command, every option, every page."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import click
import pytest

from masa_rag.cli import main

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
REFERENCE = "\n".join(path.read_text() for path in sorted((DOCS / "reference").glob("*.md")))
WHOLE = set(re.findall(r"\.\. automodule:: ([\w.]+)\n   :members:\n", REFERENCE + "\n"))
SINGLE = set(re.findall(r"\.\. auto(?:class|function):: ([\w.]+)", REFERENCE))
MODULES = (
    "masa_rag", "masa_rag.sources", "masa_rag.embedders", "masa_rag.indexes", "masa_rag.transcribers",
    "masa_rag.chunkers", "masa_rag.integrations.langchain", "masa_rag.integrations.langchain_agents",
    "masa_rag.integrations.langgraph", "masa_rag.integrations.mcp", "masa_rag.integrations.serve", "masa_rag.plots",
)  # fmt: skip
COMMANDS = {name: command for name, command in main.commands.items() if not command.hidden}


def home(name: str, module: str) -> str:
    """Return the module in which a public name is defined."""
    value = getattr(importlib.import_module(module), name)
    return str(getattr(value, "__module__", module))


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_reference(module: str) -> None:
    """By itself, or with the whole of the module in which it is defined."""
    pytest.importorskip(
        {"masa_rag.plots": "matplotlib"}.get(module, "langchain" if "integrations.lang" in module else "masa_rag")
    )
    names = getattr(importlib.import_module(module), "__all__", ())
    listed = SINGLE | {name.rpartition(".")[2] for name in SINGLE}
    missing = [
        name for name in names
        if name != "__version__" and not ({f"{module}.{name}", name} & listed)
        and WHOLE.isdisjoint((module, home(name, module)))  # automodule shows all of a module's __all__
    ]  # fmt: skip
    assert missing == []


@pytest.mark.parametrize("name", sorted(SINGLE | WHOLE))
def test_the_reference_names_what_exists(name: str) -> None:
    """A name that was moved or taken away does not stay in the docs."""
    module, _, attribute = name.rpartition(".")
    if "integrations.lang" in name:
        pytest.importorskip("langchain")
    if name == "masa_rag.plots":
        pytest.importorskip("matplotlib")
    assert name in WHOLE or getattr(importlib.import_module(module), attribute).__doc__
    if name in WHOLE:
        assert importlib.import_module(name).__doc__


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented(name: str) -> None:
    """It is named on the page of the command line, and every option of it says what it does."""
    assert f"masa-rag {name}" in (DOCS / "reference" / "command-line.md").read_text()
    assert COMMANDS[name].help
    options = [option for option in COMMANDS[name].params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_the_command_line_is_generated_whole() -> None:
    """The page takes the help of every command, so none can be left out."""
    assert ".. click:: masa_rag.cli:main\n   :prog: masa-rag\n   :nested: full" in REFERENCE


def test_every_page_can_be_reached() -> None:
    """Each page stands in the table of contents, each picture in a page."""
    contents = (DOCS / "index.md").read_text()
    pages = [
        path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md") if "_build" not in path.parts
    ]
    assert [page for page in pages if page != "index" and page not in contents] == []
    everything = "".join(path.read_text() for path in DOCS.rglob("*.md"))
    images = list((DOCS / "images").iterdir())
    assert [image.name for image in images if image.name not in everything] == []
    assert all(image.stat().st_size < 150_000 for image in images)


def test_the_contents_name_pages_that_exist() -> None:
    """What stands in the table of contents is there to be read."""
    trees = re.findall(r"^```{toctree}\n(.*?)^```$", (DOCS / "index.md").read_text(), re.MULTILINE | re.DOTALL)
    names = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    assert len(names) > 20
    assert [name for name in names if not (DOCS / f"{name}.md").exists()] == []


def test_every_extra_is_listed() -> None:
    """Each that brings a package stands in the README, and ``all`` with what it brings."""
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    found = re.findall(r"^\| `masa-rag\[(\w+)\]` \| (.+) \|$", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    rows = dict(found)
    assert rows.keys() == {name for name, packages in extras.items() if packages}
    (together,) = extras["all"]
    assert set(re.findall(r"\w+", rows["all"])) - {"and"} == set(together.partition("[")[2].rstrip("]").split(","))


def test_every_notebook_and_example_is_listed() -> None:
    """What a reader could run is named in the docs or the README."""
    text = (DOCS / "how-to" / "look.md").read_text() + (REPOSITORY / "README.md").read_text()
    files = [*(REPOSITORY / "notebooks").glob("*.ipynb"), *(REPOSITORY / "examples").glob("*.py")]
    assert [path.name for path in files if path.stem not in text] == []


def test_llms_txt_leads_to_pages_that_exist() -> None:
    """One title, one summary, and links that lead somewhere."""
    text = (REPOSITORY / "llms.txt").read_text()
    assert text.startswith("# masa_rag\n\n> ")
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) > 10
    assert [target for target in targets if not (REPOSITORY / target).exists()] == []
    named = {Path(target).as_posix() for target in targets}
    pages = {path.relative_to(REPOSITORY).as_posix() for path in DOCS.rglob("*.md") if "_build" not in path.parts}
    assert pages - named == {"docs/index.md"}
