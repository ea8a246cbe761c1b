"""Half characters: exports that cut within an emoji, and file names that are no UTF-8, hold lone surrogates.

No file and no database takes them, so they are mended where a text comes in.
"""

from __future__ import annotations

from masa_rag.errors import ConfigurationError


def whole_text(text: str) -> str:
    """Return the text with U+FFFD for each lone surrogate; two halves that stand together become one character."""
    text = str.__str__(text)  # a subclass, as HTML and message libraries hand out, is taken by no encoder
    return text if _is_whole(text) else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def whole_name(text: str) -> str:
    r"""Return the name or id with ``\udcff`` written out for a lone surrogate: different ones stay different.

    Raises:
        ConfigurationError: It is no text.
    """
    if not isinstance(text, str):
        raise ConfigurationError(f"received {text!r} as a source or an id; expected a text")
    text = str.__str__(text)
    return text if _is_whole(text) else text.encode("utf-8", "backslashreplace").decode()


def is_text(data: bytes) -> bool:
    """Say whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_whole(text: str) -> bool:
    if text.isascii():  # a flag of the string: no cost
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
