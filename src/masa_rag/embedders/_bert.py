"""Write a BERT sentence encoder as one quantised ONNX graph, with onnx and numpy, without PyTorch.

The graph takes ``input_ids`` of texts of one length, shape ``(batch, tokens)``, and returns ``embeddings``,
shape ``(batch, dim)``, each row of length 1: pooling and normalisation are inside. There is no attention mask,
because there is no padding: texts are batched with texts of their own length. So nothing is computed for
padding, the attention kernel without a mask is the faster one, and no text can influence another.

Weights are int8 with one scale an output channel; the word table is int8 with one scale a word. Activations
are quantised as the model runs, with one scale a token, as in ZeroQuant (Yao et al., 2022, arXiv:2206.01861).
onnxruntime's own dynamic quantisation takes one scale for the whole batch instead: a text's vector then
depends on its neighbours, and an outlier in one of them costs all of them precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from masa_rag.errors import EmbeddingError

if TYPE_CHECKING:
    from onnx import ModelProto

RECIPE = "int8-1"
"""Names the arithmetic of this file. Raise the number when vectors change: it is part of the fingerprint."""

_OPSET, _FUSED, _IR_VERSION = 18, "com.microsoft", 9
_LIMIT = 127
_ZERO = 128

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class BertShape:
    """What a model's config.json and pooling say.

    Attributes:
        layers: Number of encoder layers.
        heads: Attention heads a layer.
        epsilon: Added to the variance in layer normalisation.
        pooling: ``"mean"`` of all tokens, or ``"cls"``, the first one.
        max_tokens: The model's window, special tokens included.
    """

    layers: int
    heads: int
    epsilon: float
    pooling: str
    max_tokens: int


@dataclass(slots=True)
class _Graph:
    """Nodes and constants under construction; names are counted, so the same input gives the same bytes."""

    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    ranges: dict[str, tuple[str, str]] = field(default_factory=dict)

    def constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def shape_of(self, name: str, *sizes: int) -> str:
        return self.constant(name, np.array(sizes, np.int64))

    def node(self, kind: str, *inputs: str, domain: str = "", output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind}_{len(self.nodes)}"
        made = helper.make_node(kind, inputs, [output or name], name=name, domain=domain, **attributes)
        self.nodes.append(made)
        return output or name


def bert_encoder(weights: Weights, shape: BertShape) -> ModelProto:
    """Return the graph.

    Args:
        weights: Tensors under the names of Hugging Face's BertModel; a leading ``bert.`` is taken off.
        shape: The model's sizes.

    Raises:
        EmbeddingError: A tensor is missing: this is no BERT encoder.
    """
    named = {name.removeprefix("bert."): value for name, value in weights.items()}
    try:
        return _encoder(named, shape)
    except KeyError as error:
        raise EmbeddingError(
            f"received weights without the tensor {error}; expected a BERT encoder. "
            "Use SentenceTransformerEmbedder for models of another architecture"
        ) from error


def _encoder(weights: Weights, shape: BertShape) -> ModelProto:
    graph = _Graph()
    dim = weights["embeddings.word_embeddings.weight"].shape[1]
    graph.shape_of("rows", -1, dim)
    sizes = graph.node("Shape", "input_ids")
    grid = graph.node("Concat", sizes, graph.shape_of("dim", dim), axis=0)
    hidden = graph.node("Reshape", _embed(graph, weights, shape, sizes), "rows")
    for layer in range(shape.layers):
        prefix = f"encoder.layer.{layer}."
        hidden = _attention(graph, weights, prefix, hidden, grid, shape)
        hidden = _feed_forward(graph, weights, prefix, hidden, shape)
    _pool(graph, graph.node("Reshape", hidden, grid), sizes, shape)
    return _model(graph, dim)


def _embed(graph: _Graph, weights: Weights, shape: BertShape, sizes: str) -> str:
    table = weights["embeddings.word_embeddings.weight"]
    values, scale = _quantise(table.T)
    words = graph.node("Gather", graph.constant("words", values.T), "input_ids")
    scales = graph.node("Gather", graph.constant("words.scale", scale[:, None]), "input_ids")
    words = graph.node("Mul", graph.node("Cast", words, to=1), scales)
    places = weights["embeddings.position_embeddings.weight"][: shape.max_tokens]
    places = places + weights["embeddings.token_type_embeddings.weight"][0]  # one text, so one type
    one, two = graph.shape_of("one", 1), graph.shape_of("two", 2)
    length = graph.node("Slice", sizes, one, two)
    places_used = graph.node("Slice", graph.constant("places", places), graph.shape_of("zero", 0), length, "zero")
    return _normalise(graph, weights, "embeddings.", graph.node("Add", words, places_used), shape)


def _attention(graph: _Graph, weights: Weights, prefix: str, hidden: str, grid: str, shape: BertShape) -> str:
    names = [f"{prefix}attention.self.{part}" for part in ("query", "key", "value")]
    parts = [graph.node("Reshape", _linear(graph, weights, name, hidden), grid) for name in names]
    bias = graph.constant(f"{prefix}qkv.bias", np.concatenate([weights[f"{name}.bias"] for name in names]))
    mixed = graph.node("MultiHeadAttention", *parts, bias, domain=_FUSED, num_heads=shape.heads)
    return _residual(
        graph, weights, f"{prefix}attention.output.", graph.node("Reshape", mixed, "rows"), hidden, shape=shape
    )


def _feed_forward(graph: _Graph, weights: Weights, prefix: str, hidden: str, shape: BertShape) -> str:
    name = f"{prefix}intermediate.dense"
    bias = graph.constant(f"{name}.bias", weights[f"{name}.bias"])
    inner = graph.node("BiasGelu", _linear(graph, weights, name, hidden), bias, domain=_FUSED)
    return _residual(graph, weights, f"{prefix}output.", inner, hidden, shape=shape)


def _residual(graph: _Graph, weights: Weights, prefix: str, inner: str, hidden: str, *, shape: BertShape) -> str:
    """Project, add the bias and what came in, normalise. Written out: three plain nodes outrun the fused one."""
    name = f"{prefix}dense"
    bias = graph.constant(f"{name}.bias", weights[f"{name}.bias"])
    outer = graph.node("Add", _linear(graph, weights, name, inner), bias)
    return _normalise(graph, weights, prefix, graph.node("Add", outer, hidden), shape)


def _normalise(graph: _Graph, weights: Weights, prefix: str, value: str, shape: BertShape) -> str:
    names = (f"{prefix}LayerNorm.weight", f"{prefix}LayerNorm.bias")
    gain, bias = (graph.constant(name, weights[name]) for name in names)
    return graph.node("LayerNormalization", value, gain, bias, epsilon=shape.epsilon)


def _linear(graph: _Graph, weights: Weights, name: str, rows: str) -> str:
    """Multiply rows by a weight, both as int8, without the bias; returns float32."""
    values, scale = _quantise(weights[f"{name}.weight"].T)
    quantised, row_scale = _quantise_rows(graph, rows)
    product = graph.node(
        "MatMulIntegerToFloat",
        quantised,
        graph.constant(f"{name}.int8", values),
        graph.constant("unit", np.float32(1)),
        graph.constant(f"{name}.scale", scale),
        graph.constant("middle", np.uint8(_ZERO)),
        domain=_FUSED,
    )
    return graph.node("Mul", product, row_scale)


def _quantise_rows(graph: _Graph, rows: str) -> tuple[str, str]:
    """Return each row as uint8 around 128, and its scale as a column; made once for each input."""
    if rows not in graph.ranges:
        across = graph.shape_of("across", 1)
        largest = graph.node("ReduceMax", graph.node("Abs", rows), across, keepdims=0)
        scale = graph.node("Mul", largest, graph.constant("steps", np.float32(1 / _LIMIT)))
        middle = graph.constant("middles", np.array([_ZERO], np.uint8))
        zeros = graph.node("Expand", middle, graph.node("Shape", scale))
        quantised = graph.node("QuantizeLinear", rows, scale, zeros, axis=0)
        graph.ranges[rows] = quantised, graph.node("Unsqueeze", scale, across)
    return graph.ranges[rows]


def _quantise(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 values and one scale a column; ``values * scale`` is the weight, within half a step."""
    scale = (np.abs(weight).max(axis=0) / np.float32(_LIMIT)).astype(np.float32)
    scale[scale == 0] = 1  # a column of zeros stays one
    return np.rint(weight / scale).astype(np.int8), scale


def _pool(graph: _Graph, tokens: str, sizes: str, shape: BertShape) -> None:
    """Reduce each text's tokens to one row of length 1.

    Sums are matrix products, one a text: the reducing operators add in another order when there are more texts.
    The mean's division is left out, for the row is scaled anyway.
    """
    if shape.pooling == "mean":
        length = graph.node("Slice", sizes, "one", "two")
        ones = graph.node("Expand", graph.constant("ones", np.ones((1, 1, 1), np.float32)), length)
        pooled = graph.node("MatMul", ones, tokens)
    else:
        pooled = graph.node("Slice", tokens, graph.shape_of("zero", 0), graph.shape_of("one", 1), "one")
    square = graph.node("MatMul", pooled, graph.node("Transpose", pooled, perm=[0, 2, 1]))
    scaled = graph.node("Div", pooled, graph.node("Sqrt", square))
    graph.node("Squeeze", scaled, "one", output="embeddings")


def _model(graph: _Graph, dim: int) -> ModelProto:
    from onnx import TensorProto, helper

    texts = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    vectors = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", dim])
    body = helper.make_graph(graph.nodes, "sentence-encoder", [texts], [vectors], list(graph.constants.values()))
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="masa-rag")
