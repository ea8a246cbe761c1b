"""The page of a memory on a server, seen through a tunnel."""

from __future__ import annotations

import pytest
from test_serve import get, port

__all__ = ["port"]


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:9000", "127.0.0.1", "localhost"])
def test_this_machine_may_ask_at_any_port(port: int, host: str) -> None:
    """``ssh -L 9000:127.0.0.1:8766`` asks at 9000, and a browser names no port where it is 80; both were refused."""
    assert get(port, host=host)[0] == 200
