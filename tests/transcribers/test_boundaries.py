"""Boundaries between speakers are moved to where the voice changes."""

from __future__ import annotations

from typing import Any

import pytest

from masa_rag.transcribers import SpeakerTurn
from masa_rag.transcribers._boundaries import REACH_S, refined

np = pytest.importorskip("numpy")
RATE = 16_000


def voice(seconds: float, *, deep: bool, seed: int) -> Any:
    """Return noise whose loudness and colour differ from the other voice's."""
    noise = np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE))
    smooth = np.convolve(noise, np.ones(12) / 12, "same")
    return (smooth if deep else noise - smooth).astype(np.float32)


@pytest.fixture(scope="module")
def sound() -> Any:
    """Two voices by turns: 0-3, 3-5, 5-9 s."""
    return np.concatenate([voice(3, deep=True, seed=1), voice(2, deep=False, seed=2), voice(4, deep=True, seed=3)])


def test_boundaries_go_where_the_voice_changes(sound: Any) -> None:
    """Boundaries that are off by up to 0.7 s are found to a twentieth of a second; the ends stay."""
    rough = [SpeakerTurn(0, 3.6, "a"), SpeakerTurn(3.6, 5.7, "b"), SpeakerTurn(5.7, 9, "a")]
    found = refined(rough, sound)
    assert [turn.speaker for turn in found] == ["a", "b", "a"]
    assert [turn.start for turn in found] == pytest.approx([0, 3, 5], abs=0.05)
    assert [turn.end for turn in found] == pytest.approx([3, 5, 9], abs=0.05)


def test_turns_with_a_pause_between_them_stay(sound: Any) -> None:
    """Where nobody speaks between two turns there is nothing to find."""
    apart = [SpeakerTurn(0, 2.5, "a"), SpeakerTurn(3.2, 5, "b"), SpeakerTurn(5.5, 9, "a")]
    assert refined(apart, sound) == apart


def test_no_boundary_moves_farther_than_it_may(sound: Any) -> None:
    """A boundary that is far off moves by the reach, and turns never become empty."""
    far = [SpeakerTurn(0, 4.9, "a"), SpeakerTurn(4.9, 5.05, "b"), SpeakerTurn(5.05, 9, "a")]
    found = refined(far, sound)
    assert all(turn.end > turn.start for turn in found)
    assert all(abs(new.start - old.start) <= REACH_S for new, old in zip(found, far, strict=True))


@pytest.mark.parametrize("turns", [[], [SpeakerTurn(0, 1, "a")], [SpeakerTurn(0, 0.5, "a"), SpeakerTurn(0.5, 1, "b")]])
def test_too_little_to_know_a_voice(turns: list[SpeakerTurn]) -> None:
    """Without two touching turns, or with too little speech, nothing changes; nor without any sound."""
    assert refined(turns, voice(1.5, deep=True, seed=1)) == turns
    assert refined(turns, np.zeros(0, dtype=np.float32)) == turns
