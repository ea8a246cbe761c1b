"""The page of a memory of many years."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_serve import chromium, port

from masa_rag import Document, Memory

__all__ = ["port"]


def test_a_bar_for_each_of_240_months_is_seen_on_a_telephone(port: int, memory: Memory, tmp_path: Path) -> None:
    """The gaps between them were wider than the page, so that no bar had a width."""
    image = pytest.importorskip("matplotlib.image", reason="needs matplotlib, of the group dev")
    times = (datetime(2005, 1, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
    notes = [Document(id=f"{when:%Y}", text="The harbour froze over.", created_at=when) for when in times]
    memory.add(notes, name="log")
    picture = tmp_path / "page.png"
    chromium(
        tmp_path / "profile", "--blink-settings=preferredColorScheme=1", "--force-device-scale-factor=1",
        "--window-size=360,900", f"--screenshot={picture}", f"http://127.0.0.1:{port}/?source=log",
    )  # fmt: skip
    blue = (abs(image.imread(picture)[:, :, :3] - [0x0B / 255, 0x5F / 255, 0xAE / 255]) < 0.02).all(axis=2)
    tall = [column for column in range(360) if blue[:, column].sum() > 60]  # a bar is 80 points high, the button 42
    assert tall[0] < 20
    assert tall[-1] > 340
