"""Turn a downloaded BERT sentence encoder (safetensors) into the files OnnxEmbedder reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masa_rag import models
from masa_rag.errors import EmbeddingError

if TYPE_CHECKING:
    from masa_rag.embedders._bert import BertShape, Weights

GRAPH, TOKENIZER, CARD = "model.onnx", "tokenizer.json", "masa_rag.json"


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a converted model without opening it.

    Attributes:
        source_sha256: Digest of the safetensors file it was made from.
        recipe: The arithmetic it was made with.
        dim: Length of a vector.
        max_tokens: The model's window, special tokens included.
        onnx_sha256: Digest of the graph.
        tokenizer_sha256: Digest of the tokenizer.
    """

    source_sha256: str
    recipe: str
    dim: int
    max_tokens: int
    onnx_sha256: str
    tokenizer_sha256: str


def convert(source: Path, target: Path) -> Card:
    """Write graph, tokenizer and card into ``target``. The same source gives the same bytes.

    Args:
        source: A folder with model.safetensors, config.json and tokenizer.json, and optionally
            sentence_bert_config.json (the window) and 1_Pooling/config.json.
        target: An existing folder.

    Raises:
        EmbeddingError: A file is missing or broken, or the model is not of the BERT family.
    """
    from masa_rag.embedders._bert import RECIPE
    from masa_rag.embedders._pieces import AXES, write_axes
    from masa_rag.embedders._safetensors import read_tensors
    from masa_rag.embedders._smooth import TEXTS

    config = _json(source / "config.json")
    shape = _shape(source, config)
    tokenizer = open_tokenizer(source / TOKENIZER)
    texts = [item.ids[: shape.max_tokens] for item in tokenizer.encode_batch(list(TEXTS))]
    weights = read_tensors(source / "model.safetensors")
    (target / GRAPH).write_bytes(_graph(weights, shape, texts))
    write_axes(target / AXES, open_graph(target / GRAPH), tokenizer, window=shape.max_tokens)
    shutil.copyfile(source / TOKENIZER, target / TOKENIZER)
    card = Card(
        source_sha256=models.sha256(source / "model.safetensors"),
        recipe=RECIPE,
        dim=_number(config, "hidden_size"),
        max_tokens=shape.max_tokens,
        onnx_sha256=models.sha256(target / GRAPH),
        tokenizer_sha256=models.sha256(target / TOKENIZER),
    )
    (target / CARD).write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")
    return card


def read_card(folder: Path) -> Card:
    """Return the card of a converted model. Raises EmbeddingError when it is missing or broken."""
    try:
        return Card(**_json(folder / CARD))
    except TypeError as error:
        raise EmbeddingError(
            f"received {folder / CARD}, which does not describe a model ({error}); remove the folder to make it again"
        ) from error


def open_tokenizer(path: Path) -> Any:
    """Return a tokenizer that neither pads nor cuts: the file may fix both, at other sizes than the model's."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception for every broken file
        raise EmbeddingError(f"received {path}, which is no tokenizer ({error}); download the model again") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def open_graph(path: Path) -> Any:
    """Return the session of a graph, one thread to a call: batches run side by side."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # for programs that imported it before us
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    # Fusing the additions back into the normalisation costs a fifth of the speed (measured, onnxruntime 1.31).
    return onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"], disabled_optimizers=["SkipLayerNormFusion"]
    )


def _graph(weights: Weights, shape: BertShape, texts: Sequence[Sequence[int]]) -> bytes:
    from masa_rag.embedders._bert import bert_encoder
    from masa_rag.embedders._smooth import smoothing

    named = {name.removeprefix("bert."): value for name, value in weights.items()}
    try:
        divisors = smoothing(named, layers=shape.layers, heads=shape.heads, epsilon=shape.epsilon, texts=texts)
        model = bert_encoder(named, shape, divisors)
    except KeyError as error:
        raise EmbeddingError(
            f"received weights without the tensor {error}; expected a BERT encoder. "
            "Use SentenceTransformerEmbedder for models of another architecture"
        ) from error
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def _shape(source: Path, config: dict[str, Any]) -> BertShape:
    from masa_rag.embedders._bert import BertShape

    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise EmbeddingError(
            f"received a model of type {config.get('model_type')!r} with activation {config.get('hidden_act')!r}; "
            "expected BERT with gelu. Use SentenceTransformerEmbedder for other architectures"
        )
    window = _number(config, "max_position_embeddings")
    if (source / "sentence_bert_config.json").is_file():
        window = min(window, _json(source / "sentence_bert_config.json").get("max_seq_length") or window)
    return BertShape(
        layers=_number(config, "num_hidden_layers"),
        heads=_number(config, "num_attention_heads"),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
        pooling=_pooling(source / "1_Pooling" / "config.json"),
        max_tokens=window,
    )


def _number(config: dict[str, Any], name: str) -> int:
    value = config.get(name)
    if not isinstance(value, int) or value < 1:
        raise EmbeddingError(f"config.json says {name} is {value!r}; expected a whole number from 1")
    return value


def _pooling(path: Path) -> str:
    if not path.is_file():
        return "mean"
    chosen = {name.removeprefix("pooling_mode_") for name, value in _json(path).items() if value is True}
    chosen.discard("include_prompt")  # about prompts, not about pooling
    for name, pooling in (("mean_tokens", "mean"), ("cls_token", "cls")):
        if chosen == {name}:
            return pooling
    raise EmbeddingError(
        f"received a model that pools with {', '.join(sorted(chosen)) or 'nothing'}; expected mean_tokens or "
        "cls_token. Use SentenceTransformerEmbedder for it"
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise EmbeddingError(f"received {path}, which cannot be read ({error}); download the model again") from error
    if not isinstance(value, dict):
        raise EmbeddingError(f"received {path}, which holds no JSON object; download the model again")
    return value
