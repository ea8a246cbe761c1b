"""MASA_RAG_OFFLINE forbids every host but this machine, to sources as to models."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from masa_rag._http.client import Fetcher
from masa_rag.cli._doctor import examine
from masa_rag.errors import SourceUnavailableError
from masa_rag.sources import YouTube
from masa_rag.sources._rest import RestClient
from masa_rag.sources.telegram_live import VARIABLES, TelegramChannel


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbid the network, and let nobody ask a name server."""

    lookup = socket.getaddrinfo

    def asked(host: str, *rest: Any, **more: Any) -> Any:
        assert host == "127.0.0.1", "a name server was asked"
        return lookup(host, *rest, **more)

    monkeypatch.setenv("MASA_RAG_OFFLINE", "true")
    monkeypatch.setattr(socket, "getaddrinfo", asked)
    for name in VARIABLES:
        monkeypatch.setenv(name, "1")


def test_nothing_is_fetched_from_elsewhere() -> None:
    """Neither a page, nor an answer of a service, nor captions, nor a chat."""
    with pytest.raises(SourceUnavailableError, match=r"tidewell\.example was not asked: MASA_RAG_OFFLINE forbids"):
        Fetcher().fetch("https://tidewell.example/feed.xml")
    with pytest.raises(SourceUnavailableError, match="MASA_RAG_OFFLINE"):
        RestClient("https://api.tidewell.example", variable="TIDE_TOKEN", service="Tidewell")
    for source in (YouTube("https://youtu.be/abcdefghijk"), TelegramChannel("harbour", name="telegram")):
        with pytest.raises(SourceUnavailableError, match="MASA_RAG_OFFLINE"):
            list(source)


def test_this_machine_is_no_network() -> None:
    """A page served on loopback may be read."""
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        Fetcher(allow_hosts=["127.0.0.1"], resolve=lambda host, _: [host]).fetch("http://127.0.0.1:65533/")


def test_the_models_switch_alone_forbids_no_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """HF_HUB_OFFLINE is set on many machines for models; pages are still fetched. The doctor says what holds."""
    assert examine(tmp_path)["offline"] == "yes (MASA_RAG_OFFLINE)"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("MASA_RAG_OFFLINE")
    assert examine(tmp_path)["offline"] == "no"
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        Fetcher(resolve=lambda host, _: []).fetch("https://tidewell.example/")
