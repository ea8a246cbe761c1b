"""Read a safetensors file with numpy alone.

The format (https://github.com/huggingface/safetensors#format): eight bytes with the header's length,
little endian; a JSON header that maps a tensor's name to type, shape and place; then the bytes. It holds
data only and can run no code, which is why this library reads it and refuses pickles.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masa_rag.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LENGTH_BYTES = 8
_HEADER_LIMIT = 100_000_000
"""The largest header the reference implementation accepts, in bytes."""


def read_tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the file's floating-point tensors as float32; integer ones (position ids) are left out.

    Raises EmbeddingError when the file is cut short or is no safetensors file.
    """
    data = path.read_bytes()
    try:
        header, start = _header(data)
        return {
            name: _tensor(data, entry, start)
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in ("F32", "F16", "BF16")
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EmbeddingError(
            f"received {path.name}, which is not a complete safetensors file ({error}); "
            "expected the model's weights. Download the file again"
        ) from error


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    if not 2 <= length <= min(_HEADER_LIMIT, len(data) - _LENGTH_BYTES):
        raise ValueError(f"its header claims {length} bytes of {len(data)}")
    start = _LENGTH_BYTES + length
    return json.loads(data[_LENGTH_BYTES:start]), start


def _tensor(data: bytes, entry: dict[str, Any], start: int) -> NDArray[np.float32]:
    import numpy as np

    begin, end = entry["data_offsets"]
    if not 0 <= begin <= end <= len(data) - start:
        raise ValueError(f"a tensor ends at byte {start + end} of {len(data)}")
    raw = memoryview(data)[start + begin : start + end]
    if entry["dtype"] == "BF16":  # the upper half of a float32
        values = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        values = np.frombuffer(raw, "<f4" if entry["dtype"] == "F32" else "<f2").astype(np.float32, copy=False)
    return values.reshape(entry["shape"])
