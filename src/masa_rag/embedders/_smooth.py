"""Find the channels of a BERT that are large in every text, so that they can be divided down before quantisation.

One scale a token has to cover the token's largest number. In all-MiniLM-L6-v2 that is 29 in one channel and 15 in
another while the median channel stays within 1.3: most of the 8 bits would be spent on two of 384 channels. So
channels are divided by a constant and the rows of the next weight multiplied by it, which changes nothing but the
rounding: SmoothQuant (Xiao et al., 2023, arXiv:2211.10438), with its balance of one half. The distance to float32
(1 - cosine) falls to less than half (measured: 0.0023 to 0.0009).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

TEXTS = (
    "The ferry to the island leaves at nine every morning except on Sunday, when it does not run before noon.",
    "gm everyone, gas is cheap today, so claim your rewards before the snapshot at 18:00 UTC!!",
    "Who owns the data that these models are trained on, and who is paid for it?",
    "In 2021 we measured 37 samples (p < 0.05); concentrations varied between 3.5 and 12 mg/l.",
    "Speaker A: I grew up on a farm, honestly, and the first computer I saw was in the library of our school.",
    "https://example.org/docs?page=2 def main(): return None # see README.md",
)
"""What the model reads to show its outliers. Which texts matters little: the channels are large in all of them."""


def smoothing(
    weights: Mapping[str, NDArray[np.float32]],
    *,
    layers: int,
    heads: int,
    epsilon: float,
    texts: Sequence[Sequence[int]],
) -> dict[str, NDArray[np.float32]]:
    """Return what to divide each channel by, for the inputs of each ``attention.self`` and ``intermediate``.

    Computed in float64 and rounded to powers of two: division is then exact, and every machine finds the same.

    Args:
        weights: Tensors under the names of Hugging Face's BertModel.
        layers: Number of encoder layers.
        heads: Attention heads a layer.
        epsilon: Added to the variance in layer normalisation.
        texts: Token ids of some texts, each within the model's window.

    Raises:
        KeyError: A tensor is missing: this is no BERT encoder.
    """
    network = _Network({name: value.astype(np.float64) for name, value in weights.items()}, heads, epsilon)
    for ids in texts:
        network.read(ids, layers)
    return {name: network.divisor(name) for name in network.largest}


class _Network:
    """BERT in numpy, noting how large each channel of certain inputs becomes."""

    def __init__(self, weights: Mapping[str, Numbers], heads: int, epsilon: float) -> None:
        self.weights, self.heads, self.epsilon = weights, heads, epsilon
        self.largest: dict[str, Numbers] = {}

    def read(self, ids: Sequence[int], layers: int) -> None:
        hidden = self.weights["embeddings.word_embeddings.weight"][list(ids)]
        hidden = hidden + self.weights["embeddings.position_embeddings.weight"][: len(ids)]
        hidden = self._normalise("embeddings.", hidden + self.weights["embeddings.token_type_embeddings.weight"][0])
        for layer in range(layers):
            hidden = self._layer(f"encoder.layer.{layer}.", hidden)

    def divisor(self, name: str) -> NDArray[np.float32]:
        matrices = [self.weights[key] for key in self.weights if key.startswith(f"{name}.") and key.endswith("weight")]
        weight = np.max([np.abs(matrix).max(axis=0) for matrix in matrices], axis=0)
        smallest = np.finfo(np.float32).tiny
        ratio = np.maximum(self.largest[name], smallest) / np.maximum(weight, smallest)
        power: NDArray[np.float32] = np.exp2(np.rint(np.log2(ratio) / 2)).astype(np.float32)
        return power

    def _layer(self, prefix: str, hidden: Numbers) -> Numbers:
        self._note(f"{prefix}attention.self", hidden)
        parts = (self._dense(f"{prefix}attention.self.{part}", hidden) for part in ("query", "key", "value"))
        query, key, value = (part.reshape(len(hidden), self.heads, -1).transpose(1, 0, 2) for part in parts)
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (shares / shares.sum(axis=-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(hidden.shape)
        name = f"{prefix}attention.output."
        hidden = self._normalise(name, hidden + self._dense(f"{name}dense", mixed))
        self._note(f"{prefix}intermediate", hidden)
        inner = _gelu(self._dense(f"{prefix}intermediate.dense", hidden))
        return self._normalise(f"{prefix}output.", hidden + self._dense(f"{prefix}output.dense", inner))

    def _note(self, name: str, rows: Numbers) -> None:
        seen = np.abs(rows).max(axis=0)
        self.largest[name] = np.maximum(self.largest.get(name, seen), seen)

    def _dense(self, name: str, rows: Numbers) -> Numbers:
        return rows @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _normalise(self, prefix: str, rows: Numbers) -> Numbers:
        centred = rows - rows.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.epsilon)
        moved: Numbers = scaled * self.weights[f"{prefix}LayerNorm.weight"] + self.weights[f"{prefix}LayerNorm.bias"]
        return moved


def _gelu(values: Numbers) -> Numbers:
    """GELU in its tanh form (Hendrycks and Gimpel, 2016, arXiv:1606.08415): near enough to see what is large."""
    bent: Numbers = values * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (values + 0.044715 * values**3)))
    return bent
