"""What the pages show as a model and as a source keeps the contracts that are shipped for them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from masa_rag.testing.contracts import SourceContract
from masa_rag.testing.embedders import EmbedderContract

PAGES = Path(__file__).parents[1] / "docs" / "how-to"


def shown(page: str, name: str) -> Any:
    """Return a class of a page, made with the imports of the page."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (PAGES / page).read_text(), re.MULTILINE | re.DOTALL)
    tree = ast.parse("".join(blocks))
    tree.body = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom, ast.ClassDef))]
    namespace: dict[str, Any] = {}
    exec(compile(tree, page, "exec"), namespace)
    return namespace[name]


class TestLetters(EmbedderContract):
    """It failed for a text without letters, and for no text."""

    def make(self) -> Any:
        """Return the model."""
        return shown("own-model.md", "Letters")()


class TestFeed(SourceContract):
    """The contract took what a resumable source has not to give again for a document that is gone."""

    def make(self) -> Any:
        """Return the source, which goes on where it stopped."""
        return shown("own-source.md", "Feed")()
