"""Bodies of HTTP answers, unpacked piece by piece within limits; of live ones and of those in web archives."""

from __future__ import annotations

import http.client
import zlib
from collections.abc import Callable
from typing import Any

from masa_rag.errors import SourceFormatError

MAX_RATIO = 100.0
_READ = ("gzip", "x-gzip", "deflate")
_CODINGS = frozenset({*_READ, "br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"})
"""IANA's registry of content codings."""
_GZIP = 0x1F
"""Begins a member of gzip; one may follow the other (RFC 1952, 2.2)."""


def read_body(
    answer: http.client.HTTPResponse, encoding: str | None, *, max_bytes: int, max_ratio: float = MAX_RATIO
) -> bytes:
    """Return the body of an answer, decompressed.

    Args:
        answer: Of which the headers are read.
        encoding: What its Content-Encoding says; None for no compression.
        max_bytes: The longest body, before and after decompression.
        max_ratio: How many times its size a compressed body may grow, above the first megabyte.

    Raises:
        SourceFormatError: Too large, or a damaged or bomb-like compressed body.
        http.client.HTTPException: The end is missing.
    """
    unpack = _unpacker(encoding, max_bytes)
    parts: list[bytes] = []
    received = size = 0
    while piece := answer.read(65_536):
        received += len(piece)
        part = unpack(piece)
        size += len(part)
        parts.append(part)
        if max(received, size) > max_bytes:
            raise SourceFormatError(f"received more than {max_bytes:,} bytes; expected one page")
        if size > 1_000_000 and size > received * max_ratio:
            raise SourceFormatError(f"received a body that grows more than {max_ratio:g} times when unpacked")
    if answer.length:  # read() with a size does not say that the end is missing
        raise http.client.IncompleteRead(b"", answer.length)
    unpack(b"")
    return b"".join(parts)


def _unpacker(encoding: str | None, max_bytes: int) -> Callable[[bytes], bytes]:
    """Return a function that unpacks one piece after the other, never more than the limit at once; b"" is the end."""
    names = [name for part in (encoding or "").lower().split(",") if (name := part.strip()) in _CODINGS]
    if not names:  # what others do not know either, "none" or "utf-8", is the mistake of a server
        return lambda piece: piece
    name = names[0]
    if len(names) > 1 or name not in _READ:
        raise SourceFormatError(f"received the content encoding {encoding!r:.60}; expected gzip, deflate or none")
    state: list[Any] = []

    def unpack(piece: bytes) -> bytes:
        if not piece:
            if state and not state[0].eof:
                raise SourceFormatError(f"received a {name} body without its end; fetch it again")
            return b""
        unpacked = bytearray()
        try:
            while piece and len(unpacked) <= max_bytes:
                if not state or (state[0].eof and name != "deflate" and piece[0] == _GZIP):
                    state[:] = [zlib.decompressobj(_window(name, piece))]
                elif state[0].eof:
                    break  # padding
                unpacked += state[0].decompress(piece, max_bytes + 1 - len(unpacked))
                piece = state[0].unused_data
        except zlib.error as error:
            raise SourceFormatError(f"received a damaged {name} body ({error})") from error
        return bytes(unpacked)

    return unpack


def _window(name: str, piece: bytes) -> int:
    """Return zlib's wbits: for gzip, for zlib, or for the bare deflate stream that some servers send."""
    if name != "deflate":
        return 31
    has_header = len(piece) > 1 and piece[0] & 0x0F == 8 and (piece[0] << 8 | piece[1]) % 31 == 0
    return 15 if has_header else -15
