"""Write a BERT sentence encoder as one quantised ONNX graph, with onnx and numpy, without PyTorch.

The graph takes ``input_ids`` of texts of one length, shape ``(batch, tokens)``, and returns ``embeddings``,
shape ``(batch, dim)``, each row of length 1: pooling and normalisation are inside; and ``tokens``, shape
``(batch, tokens, dim)``, the last layer's rows, for late interaction. There is no attention mask,
because there is no padding: texts are batched with texts of their own length. So nothing is computed for
padding, the attention kernel without a mask is the faster one, and no text can influence another.

Weights are int8 with one scale an output channel; the word table is int8 with one scale a word. Activations
are quantised as the model runs, with one scale a token, as in ZeroQuant (Yao et al., 2022, arXiv:2206.01861).
onnxruntime's own dynamic quantisation takes one scale for the whole batch instead: a text's vector then
depends on its neighbours, and an outlier in one of them costs all of them precision. A few channels of a BERT
are outliers in every token; ``smoothing`` divides them down (see ``_smooth``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto

RECIPE = "int8-4"
"""Names the arithmetic of this file. Raise the number when vectors change: it is part of the fingerprint."""

_OPSET, _FUSED, _IR_VERSION = 18, "com.microsoft", 9
_LIMIT = 127
_MIDDLE = 128
_LOWEST_GELU = 0.17
"""No value of GELU is below -0.16998, so after it nearly the whole of uint8 is left for what is above zero."""
_GELU_MIDDLE = 16

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
    ranges: dict[str, tuple[str, str, str]] = field(default_factory=dict)

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


def bert_encoder(weights: Weights, shape: BertShape, smoothing: Weights) -> ModelProto:
    """Return the graph.

    Args:
        weights: Tensors under the names of Hugging Face's BertModel.
        shape: The model's sizes.
        smoothing: For the input of each ``attention.self`` and ``intermediate``, what its channels are divided by;
            the weights' rows are multiplied by the same.

    Raises:
        KeyError: A tensor is missing: this is no BERT encoder.
    """
    graph = _Graph()
    dim = weights["embeddings.word_embeddings.weight"].shape[1]
    graph.shape_of("rows", -1, dim)
    sizes = graph.node("Shape", "input_ids")
    grid = graph.node("Concat", sizes, graph.shape_of("dim", dim), axis=0)
    hidden = graph.node("Reshape", _embed(graph, weights, shape, sizes), "rows")
    for layer in range(shape.layers):
        prefix = f"encoder.layer.{layer}."
        hidden = _attention(graph, weights, prefix, hidden, grid=grid, shape=shape, smoothing=smoothing)
        hidden = _feed_forward(graph, weights, prefix, hidden, shape=shape, smoothing=smoothing)
    _pool(graph, graph.node("Reshape", hidden, grid, output="tokens"), sizes, shape)
    return _model(graph, dim)


def _embed(graph: _Graph, weights: Weights, shape: BertShape, sizes: str) -> str:
    table = weights["embeddings.word_embeddings.weight"]
    values, scale = _quantise(table.T, np.abs(table).max(axis=1))
    words = graph.node("Gather", graph.constant("words", values.T), "input_ids")
    scales = graph.node("Gather", graph.constant("words.scale", scale[:, None]), "input_ids")
    words = graph.node("Mul", graph.node("Cast", words, to=1), scales)
    places = weights["embeddings.position_embeddings.weight"][: shape.max_tokens]
    places = places + weights["embeddings.token_type_embeddings.weight"][0]  # one text, so one type
    one, two = graph.shape_of("one", 1), graph.shape_of("two", 2)
    length = graph.node("Slice", sizes, one, two)
    places_used = graph.node("Slice", graph.constant("places", places), graph.shape_of("zero", 0), length, "zero")
    return _normalise(graph, weights, "embeddings.", graph.node("Add", words, places_used), shape)


def _attention(
    graph: _Graph, weights: Weights, prefix: str, hidden: str, *, grid: str, shape: BertShape, smoothing: Weights
) -> str:
    names = [f"{prefix}attention.self.{part}" for part in ("query", "key", "value")]
    divisor = smoothing[f"{prefix}attention.self"]
    smooth = _smoothed(graph, f"{prefix}attention.self", hidden, divisor)
    parts = [graph.node("Reshape", _linear(graph, weights, name, smooth, divisor=divisor), grid) for name in names]
    bias = graph.constant(f"{prefix}qkv.bias", np.concatenate([weights[f"{name}.bias"] for name in names]))
    mixed = graph.node("MultiHeadAttention", *parts, bias, domain=_FUSED, num_heads=shape.heads)
    name = f"{prefix}attention.output."
    product = _linear(graph, weights, f"{name}dense", graph.node("Reshape", mixed, "rows"))
    return _residual(graph, weights, name, product, hidden, shape=shape)


def _feed_forward(
    graph: _Graph, weights: Weights, prefix: str, hidden: str, *, shape: BertShape, smoothing: Weights
) -> str:
    name = f"{prefix}intermediate.dense"
    divisor = smoothing[f"{prefix}intermediate"]
    inner = _linear(graph, weights, name, _smoothed(graph, name, hidden, divisor), divisor=divisor)
    bias = graph.constant(f"{name}.bias", weights[f"{name}.bias"])
    inner = graph.node("BiasGelu", inner, bias, domain=_FUSED)
    product = _linear(graph, weights, f"{prefix}output.dense", inner, after_gelu=True)
    return _residual(graph, weights, f"{prefix}output.", product, hidden, shape=shape)


def _smoothed(graph: _Graph, name: str, rows: str, divisor: NDArray[np.float32]) -> str:
    return graph.node("Mul", rows, graph.constant(f"{name}.smooth", np.float32(1) / divisor))


def _residual(graph: _Graph, weights: Weights, prefix: str, product: str, hidden: str, *, shape: BertShape) -> str:
    """Add the bias and what came in, normalise. Written out: three plain nodes outrun the fused one."""
    bias = graph.constant(f"{prefix}dense.bias", weights[f"{prefix}dense.bias"])
    total = graph.node("Add", graph.node("Add", product, bias), hidden)
    return _normalise(graph, weights, prefix, total, shape)


def _normalise(graph: _Graph, weights: Weights, prefix: str, value: str, shape: BertShape) -> str:
    names = (f"{prefix}LayerNorm.weight", f"{prefix}LayerNorm.bias")
    gain, bias = (graph.constant(name, weights[name]) for name in names)
    return graph.node("LayerNormalization", value, gain, bias, epsilon=shape.epsilon)


def _linear(
    graph: _Graph,
    weights: Weights,
    name: str,
    rows: str,
    *,
    divisor: NDArray[np.float32] | None = None,
    after_gelu: bool = False,
) -> str:
    """Multiply rows by a weight, both as int8, without the bias; returns float32."""
    weight = weights[f"{name}.weight"].T
    weight = weight if divisor is None else weight * divisor[:, None]
    values, scale = _quantise(weight, _largest_pair(weight))
    if rows not in graph.ranges:
        graph.ranges[rows] = _quantise_gelu(graph, rows) if after_gelu else _quantise_rows(graph, rows)
    quantised, row_scale, middle = graph.ranges[rows]
    product = graph.node(
        "MatMulIntegerToFloat",
        quantised,
        graph.constant(f"{name}.int8", values),
        graph.constant("unit", np.float32(1)),
        graph.constant(f"{name}.scale", scale),
        middle,
        domain=_FUSED,
    )
    return graph.node("Mul", product, row_scale)


def _quantise_rows(graph: _Graph, rows: str) -> tuple[str, str, str]:
    """Return each row as uint8 around 128, its scale as a column, and the 128."""
    largest = graph.node("ReduceMax", graph.node("Abs", rows), graph.shape_of("across", 1), keepdims=0)
    scale = graph.node("Mul", largest, graph.constant("steps", np.float32(1 / _LIMIT)))
    return _to_uint8(graph, rows, scale, _MIDDLE)


def _quantise_gelu(graph: _Graph, rows: str) -> tuple[str, str, str]:
    """Return each row as uint8 around 16, its scale as a column, and the 16: steps half as large as around 128."""
    largest = graph.node("ReduceMax", rows, graph.shape_of("across", 1), keepdims=0)
    steps = graph.constant("gelu.steps", np.float32(1 / (255 - _GELU_MIDDLE)))
    least = graph.constant("gelu.least", np.float32(_LOWEST_GELU / _GELU_MIDDLE))
    return _to_uint8(graph, rows, graph.node("Max", graph.node("Mul", largest, steps), least), _GELU_MIDDLE)


def _to_uint8(graph: _Graph, rows: str, scale: str, middle: int) -> tuple[str, str, str]:
    one = graph.constant(f"middle.{middle}", np.array([middle], np.uint8))
    each = graph.node("Expand", one, graph.node("Shape", scale))
    quantised = graph.node("QuantizeLinear", rows, scale, each, axis=0)
    column = graph.node("Unsqueeze", scale, graph.shape_of("across", 1))
    return quantised, column, graph.constant(f"zero.{middle}", np.uint8(middle))


def _quantise(
    weight: NDArray[np.float32], largest: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 values and one scale a column, by which ``largest`` of each column becomes 127."""
    scale = (largest / np.float32(_LIMIT)).astype(np.float32)
    scale[scale == 0] = 1  # a column of zeros stays one
    return np.rint(weight / scale).astype(np.int8), scale


def _largest_pair(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each column the largest number or sum of neighbours, without signs.

    Processors without VNNI multiply uint8 by int8 two rows at a time and add both products into 16 bits, where
    they saturate (onnxruntime: "Quantize ONNX models", on reduce_range). If no two neighbours add up to more
    than 128, 255 times that fits, and every processor finds the same sums. It costs a fifth of the steps (measured
    on all-MiniLM-L6-v2); seven bits, the usual way out, cost half of them.
    """
    pairs = weight[: len(weight) // 2 * 2].reshape(-1, 2, weight.shape[1])
    same_sign = np.maximum(np.maximum(pairs, 0).sum(axis=1), np.maximum(-pairs, 0).sum(axis=1))
    largest: NDArray[np.float32] = np.maximum(np.abs(weight).max(axis=0), same_sign.max(axis=0))
    return largest


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
    pieces = helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["batch", "tokens", dim])
    body = helper.make_graph(
        graph.nodes, "sentence-encoder", [texts], [vectors, pieces], list(graph.constants.values())
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="masa-rag")
