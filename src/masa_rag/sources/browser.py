"""Pages that only a browser can show: filled in by their scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

from masa_rag._http.addresses import read_address
from masa_rag._http.client import Fetcher
from masa_rag._http.proxy import CheckingProxy
from masa_rag.errors import ConfigurationError, SourceFormatError, SourceUnavailableError

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless --disable-gpu --disable-quic --no-first-run --no-default-browser-check --disable-background-networking "
    "--disable-component-update --disable-sync --disable-extensions --mute-audio --hide-scrollbars "
    "--disable-dev-shm-usage --force-webrtc-ip-handling-policy=disable_non_proxied_udp"
).split()
_NO_NAMES = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
"""The browser looks up no name itself: the proxy does."""


class Browser:
    """Shows a page in a real Chromium without a window, and gives what its scripts made of it.

    Give it to ``WebPages`` or ``Website`` as ``browser=``; it is asked only for pages that hold no
    text without JavaScript. A page takes seconds and hundreds of megabytes. All connections of the
    browser go through a proxy in this process, under the rules of the fetcher: addresses inside your
    network are refused unless it allows them. As root Chromium runs without its sandbox; better use
    another user.

    Args:
        program: The browser; None looks for Chromium or Chrome.
        fetcher: Whose rules and limits hold.
        timeout_s: Seconds for one page.
        settle_s: Seconds that the page's own clock runs before the page is taken; it runs ahead when nothing happens.
    """

    def __init__(
        self,
        *,
        program: str | None = None,
        fetcher: Fetcher | None = None,
        timeout_s: float = 30.0,
        settle_s: float = 5.0,
    ) -> None:
        found = program if program is not None else next(filter(None, map(shutil.which, _PROGRAMS)), None)
        if found is None or shutil.which(found) is None:
            raise ConfigurationError(
                f"received {program or 'no browser'}, and found none; install Chromium (apt-get install chromium, "
                "brew install --cask chromium) or give its path as program="
            )
        self.program = found
        self._fetcher = fetcher if fetcher is not None else Fetcher()
        self._timeout_s, self._settle_s = timeout_s, settle_s

    def show(self, url: str) -> bytes:
        """Return the page as HTML, after its scripts have run.

        Raises:
            SourceError: The address is refused.
            SourceUnavailableError: The browser failed, or took too long.
            SourceFormatError: The page became larger than the fetcher's limit.
        """
        address = read_address(url)
        limits = self._fetcher.limits
        proxy = CheckingProxy(self._fetcher.connect, max_bytes=5 * limits.max_bytes, timeout_s=self._timeout_s)
        with proxy, tempfile.TemporaryDirectory(prefix="masa-rag-", ignore_cleanup_errors=True) as profile:
            html = self._run(address.url, profile, proxy.port)
        if len(html) > limits.max_bytes:
            raise SourceFormatError(f"received more than {limits.max_bytes:,} bytes; expected one page", path=url[:200])
        if address.url in proxy.refused or f"https://{address.host}:{address.port}/" in proxy.refused:
            raise SourceUnavailableError(f"{url[:200]} is refused, or cannot be reached")
        return html

    def _run(self, url: str, profile: str, port: int) -> bytes:
        ways = [
            f"--user-data-dir={profile}",
            f"--proxy-server=http://127.0.0.1:{port}",
            "--proxy-bypass-list=<-loopback>",
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            ways.append("--no-sandbox")
        taken = [f"--virtual-time-budget={int(1000 * self._settle_s)}", "--dump-dom"]
        try:
            done = subprocess.run(
                [self.program, *_FLAGS, *ways, *taken, url], capture_output=True, timeout=self._timeout_s
            )
        except subprocess.TimeoutExpired as error:
            raise SourceUnavailableError(f"{url[:200]} took the browser longer than {self._timeout_s:g} s") from error
        except OSError as error:
            raise SourceUnavailableError(f"{self.program} cannot be started ({error})") from error
        if done.returncode or not done.stdout.strip():
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise SourceUnavailableError(
                f"the browser could not show {url[:200]} ({told[-1][:200] if told else 'it ended'})"
            )
        return done.stdout
