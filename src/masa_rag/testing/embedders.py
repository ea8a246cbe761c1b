"""The contract of embedders. Subclass it in your tests and give it a factory::

class TestMyEmbedder(EmbedderContract):
    def make(self):
        return MyEmbedder()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from masa_rag.protocols import Embedder

if TYPE_CHECKING:
    from masa_rag.protocols import Vectors

TEXTS = (
    "The ferry to the island leaves at nine.",
    "Nine o'clock is when the boat goes out to the island.",
    "Gas prices doubled after the merge",
    "gm",
    "Der Zug fährt um neun. 列车九点出发。 🚆🇨🇭 ﷽ é",
    "A ledger is a list of who owns what; every copy of it has to agree before anything is added to it.",
    "0xdeadbeef https://example.org/?q=1&r=2\n\tname,amount\r\n",
)


class EmbedderContract:
    """What every embedder keeps. ``make`` returns an embedder ready for use; it may be the same one each time.

    ``tolerance`` is how far a text's vector may move (largest difference of a number in it) with the texts it is
    embedded with; 0 where nothing may move. Models that pad a batch move a little, in the last digits.
    """

    tolerance: ClassVar[float] = 1e-5

    def make(self) -> Embedder:
        """Return the embedder."""
        raise NotImplementedError

    def test_fingerprint_is_stable(self) -> None:
        """Two embedders made alike have one fingerprint, and it is not empty."""
        assert self.make().fingerprint
        assert self.make().fingerprint == self.make().fingerprint

    def test_shape_and_type(self) -> None:
        """n texts give float32 rows, as long as ``dim`` says."""
        embedder = self.make()
        _check_rows(embedder.embed_documents(TEXTS), (len(TEXTS), embedder.dim))

    def test_query_has_one_row(self) -> None:
        """A query gives one vector of ``dim`` numbers, of length 1."""
        embedder = self.make()
        vector = embedder.embed_query("When does the boat leave?")
        assert vector.shape == (embedder.dim,)
        _check_rows(vector[None, :], (1, embedder.dim))

    def test_no_texts(self) -> None:
        """No texts give no rows, of the right width."""
        embedder = self.make()
        vectors = embedder.embed_documents([])
        assert vectors.shape == (0, embedder.dim)
        assert str(vectors.dtype) == "float32"

    def test_order_is_kept(self) -> None:
        """Row i belongs to text i, however the texts are ordered."""
        embedder = self.make()
        forward = embedder.embed_documents(TEXTS)
        backward = embedder.embed_documents(TEXTS[::-1])
        assert abs(forward - backward[::-1]).max() <= self.tolerance

    def test_is_deterministic(self) -> None:
        """The same call gives the same bits."""
        embedder = self.make()
        assert (embedder.embed_documents(TEXTS) == embedder.embed_documents(TEXTS)).all()

    def test_neighbours_do_not_matter(self) -> None:
        """A text has the same vector alone, among others, and among many."""
        embedder = self.make()
        together = embedder.embed_documents(TEXTS)
        many = embedder.embed_documents(TEXTS * 12)
        for place, text in enumerate(TEXTS):
            alone = embedder.embed_documents([text])[0]
            assert abs(alone - together[place]).max() <= self.tolerance, text
            assert abs(alone - many[place :: len(TEXTS)]).max() <= self.tolerance, text

    def test_texts_are_told_apart(self) -> None:
        """Different texts have different vectors."""
        vectors = self.make().embed_documents(TEXTS)
        cosines = vectors @ vectors.T
        pairs = [(i, j) for i in range(len(TEXTS)) for j in range(i)]
        assert all(cosines[i, j] < 0.999 for i, j in pairs)

    def test_odd_texts(self) -> None:
        """Empty, blank, very long and broken texts have a vector of length 1 like any other."""
        embedder = self.make()
        odd = ("", " \n\t", "word " * 20_000, "x" * 100_000, "\x00\x07", "half a pair: \ud83d", "🚆" * 500)
        _check_rows(embedder.embed_documents(odd), (len(odd), embedder.dim))


def _check_rows(vectors: Vectors, shape: tuple[int, int]) -> None:
    assert vectors.shape == shape
    assert str(vectors.dtype) == "float32"
    lengths = (vectors.astype("float64") ** 2).sum(axis=1) ** 0.5
    assert (abs(lengths - 1) < 1e-5).all(), lengths
