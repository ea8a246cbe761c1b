"""A BERT of two layers with invented weights, as files, and the same network in plain numpy to compare with."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

DIM, HEADS, LAYERS, WINDOW = 32, 4, 2, 12
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "ferry", "leaves", "at", "nine", "boat", "gas", "is", "cheap", "."]


def tensors() -> dict[str, np.ndarray]:
    """Return the weights under BertModel's names; always the same."""
    numbers = np.random.default_rng(7)

    def matrix(*shape: int) -> np.ndarray:
        return numbers.normal(0, 0.3, shape).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": matrix(len(WORDS), DIM),
        "embeddings.position_embeddings.weight": matrix(WINDOW, DIM),
        "embeddings.token_type_embeddings.weight": matrix(2, DIM),
        **_norm("embeddings.", matrix),
    }
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        dense = [*(f"attention.self.{part}" for part in ("query", "key", "value")), "attention.output.dense"]
        sizes = dict.fromkeys(dense, (DIM, DIM)) | {
            "intermediate.dense": (4 * DIM, DIM),
            "output.dense": (DIM, 4 * DIM),
        }
        for name, size in sizes.items():
            made |= {f"{prefix}{name}.weight": matrix(*size), f"{prefix}{name}.bias": matrix(size[0])}
        made |= _norm(f"{prefix}attention.output.", matrix) | _norm(f"{prefix}output.", matrix)
    return made


def _norm(prefix: str, matrix) -> dict[str, np.ndarray]:
    return {f"{prefix}LayerNorm.weight": 1 + matrix(DIM), f"{prefix}LayerNorm.bias": matrix(DIM)}


def write_safetensors(path: Path, values: dict[str, np.ndarray], *, dtype: str = "F32") -> None:
    """Write the format by hand, in float32, float16 or bfloat16."""
    header, blob = {"__metadata__": {"format": "pt"}}, b""
    for name, value in values.items():
        if dtype == "BF16":
            raw = (value.view(np.uint32) >> 16).astype("<u2").tobytes()
        else:
            raw = value.astype("<f4" if dtype == "F32" else "<f2").tobytes()
        header[name] = {"dtype": dtype, "shape": list(value.shape), "data_offsets": [len(blob), len(blob) + len(raw)]}
        blob += raw
    head = json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + blob)


def write_model(folder: Path, *, pooling: str = "mean_tokens") -> Path:
    """Write a whole model folder and return it."""
    (folder / "1_Pooling").mkdir(parents=True)
    write_safetensors(folder / "model.safetensors", tensors())
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": DIM,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": WINDOW,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{pooling}": True}))
    write_tokenizer(folder / "tokenizer.json")
    return folder


def write_tokenizer(path: Path) -> None:
    """Write a WordPiece tokenizer that pads and cuts at 5 tokens, as published files fix it at the wrong size."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordPiece({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=5)
    tokenizer.enable_truncation(5)
    tokenizer.save(str(path))


def reference(words: list[str], *, pooling: str = "mean_tokens") -> np.ndarray:
    """Return the vector of known words, computed in float64 as the BERT paper (arXiv:1810.04805) describes it."""
    weights = {name: value.astype(np.float64) for name, value in tensors().items()}
    ids = [2, *(WORDS.index(word) for word in words), 3]
    hidden = weights["embeddings.word_embeddings.weight"][ids]
    hidden = hidden + weights["embeddings.position_embeddings.weight"][: len(ids)]
    hidden = _normalise(weights, "embeddings.", hidden + weights["embeddings.token_type_embeddings.weight"][0])
    for layer in range(LAYERS):
        hidden = _layer(weights, f"encoder.layer.{layer}.", hidden)
    pooled = hidden.mean(axis=0) if pooling == "mean_tokens" else hidden[0]
    return pooled / np.linalg.norm(pooled)


def _layer(weights: dict[str, np.ndarray], prefix: str, hidden: np.ndarray) -> np.ndarray:
    query, key, value = (
        _dense(weights, f"{prefix}attention.self.{part}", hidden).reshape(len(hidden), HEADS, -1).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(DIM // HEADS)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = (shares / shares.sum(axis=-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(len(hidden), DIM)
    added = hidden + _dense(weights, f"{prefix}attention.output.dense", mixed)
    hidden = _normalise(weights, f"{prefix}attention.output.", added)
    inner = _dense(weights, f"{prefix}intermediate.dense", hidden)
    inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
    return _normalise(weights, f"{prefix}output.", hidden + _dense(weights, f"{prefix}output.dense", inner))


def _dense(weights: dict[str, np.ndarray], name: str, rows: np.ndarray) -> np.ndarray:
    return rows @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _normalise(weights: dict[str, np.ndarray], prefix: str, rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    return scaled * weights[f"{prefix}LayerNorm.weight"] + weights[f"{prefix}LayerNorm.bias"]
