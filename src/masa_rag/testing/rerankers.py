"""The contract of rerankers. Subclass it in your tests and give it a factory::

class TestMyReranker(RerankerContract):
    def make(self):
        return MyReranker()
"""

from __future__ import annotations

from math import isfinite

from masa_rag.protocols import Reranker

TEXTS = ("The ferry to the island leaves at nine.", "gm", "", "Gas prices doubled after the merge. 🚆")


class RerankerContract:
    """What every reranker keeps. ``make`` returns a reranker ready for use; it may be the same one each time."""

    def make(self) -> Reranker:
        """Return the reranker."""
        raise NotImplementedError

    def test_one_finite_score_a_text(self) -> None:
        """Scores come in the order of the texts, an empty text has one, and no texts have none."""
        scores = self.make().score("When does the ferry leave?", TEXTS)
        assert len(scores) == len(TEXTS)
        assert all(isfinite(score) for score in scores)
        assert not len(self.make().score("When?", []))

    def test_a_score_depends_on_its_own_text(self) -> None:
        """Neither the other texts nor their order change it by more than rounding."""
        reranker = self.make()
        forward = reranker.score("ferry", TEXTS)
        backward = reranker.score("ferry", TEXTS[::-1])
        assert all(abs(one - two) < 1e-3 for one, two in zip(forward, list(backward)[::-1], strict=True))

    def test_fingerprint_is_stable(self) -> None:
        """Two of the same kind have the same, non-empty fingerprint."""
        assert self.make().fingerprint == self.make().fingerprint != ""
