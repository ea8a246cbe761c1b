"""A socket that only this machine reaches."""

from __future__ import annotations

import os
import socket

from masa_rag.errors import ConfigurationError


def listen(port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1.

    Args:
        port: Where; 0 takes a free one.

    Raises:
        ConfigurationError: Another program listens there, or the port may not be used.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise ConfigurationError(
            f"cannot listen on port {port} ({reason}); choose another port, or 0 for a free one"
        ) from error
