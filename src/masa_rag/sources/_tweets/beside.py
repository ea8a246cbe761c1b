"""What a tweet of x.com's web client says beside its text: the choices of a poll, an article."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from masa_rag.sources._tweets.record import count_of, list_of, mapping_of, text_of


def votes_of(card: object) -> dict[str, int]:
    """Return {choice: votes} of a tweet's card, {} if it is no poll; the votes move, so they are no words."""
    fields = mapping_of(mapping_of(card).get("legacy"))
    if not str(fields.get("name")).startswith("poll"):
        return {}
    rows = map(mapping_of, list_of(fields.get("binding_values")))
    values = {str(row.get("key")): mapping_of(row.get("value")).get("string_value") for row in rows}
    choices = ((text_of(values.get(f"choice{n}_label")), values.get(f"choice{n}_count")) for n in "1234")
    return {choice: count_of(votes) or 0 for choice, votes in choices if choice is not None}


def article_of(article: object, *, whole: bool) -> Iterator[str]:
    """Yield the title of an article and, if all of it is wanted, its words, or what the answer has of them.

    Args:
        article: The tweet's ``article``.
        whole: False for one that somebody else quotes.
    """
    fields: Mapping[str, Any] = mapping_of(mapping_of(mapping_of(article).get("article_results")).get("result"))
    blocks = (mapping_of(block).get("text") for block in list_of(mapping_of(fields.get("content_state")).get("blocks")))
    body = text_of(fields.get("plain_text")) or "\n".join(filter(None, map(text_of, blocks)))
    yield text_of(fields.get("title")) or ""
    yield (body or text_of(fields.get("preview_text")) or "") if whole else ""
