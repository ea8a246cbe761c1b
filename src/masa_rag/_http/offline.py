"""What ``MASA_RAG_OFFLINE`` forbids: every host but this machine."""

from __future__ import annotations

from masa_rag._model_files import is_offline
from masa_rag.errors import SourceUnavailableError

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


def check_online(host: str) -> None:
    """Raise SourceUnavailableError where the network is forbidden; no name server is asked before."""
    if host not in _THIS_MACHINE and is_offline("MASA_RAG_OFFLINE"):
        raise SourceUnavailableError(f"{host} was not asked: MASA_RAG_OFFLINE forbids the network; unset it to fetch")
