"""YouTube videos: captions from files beside it, or fetched with yt-dlp."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from masa_rag._http.offline import check_online
from masa_rag._lazy import require
from masa_rag._time import parse_time
from masa_rag.errors import ConfigurationError, RecordError, SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.sources._base import FileSource
from masa_rag.sources._transcripts.base import MAX_BYTES, decode, segments_of
from masa_rag.sources._transcripts.formats import format_of
from masa_rag.types import Document

_VIDEO = re.compile(
    r"(?:https?://)?(?:www\.|m\.|music\.)?(?:youtube\.com/(?:watch\?(?:.*&)?v=|shorts/|live/|embed/)|youtu\.be/)"
    r"([\w-]{11})(?![\w-])"
)
_IN_NAME = re.compile(r"\[([\w-]{11})\]|^(?![A-Za-z]?[a-z]+\.)([\w-]{11})(?=\.)")
"""An id in a file's name: in brackets, or alone before the ending, where a mere word ("information.vtt") is none."""
_CAPTIONS = frozenset({".vtt", ".srt", ".json3", ".srv1", ".srv2", ".srv3", ".ttml", ".xml"})
_BLOCKED = re.compile(
    r"sign in to confirm|not a bot|http error 429|too many requests|requestblocked|ipblocked", re.IGNORECASE
)


class YouTube(FileSource):
    """Captions of YouTube videos: one document a video, each line linked to its second (``&t=``).

    Give files that ``yt-dlp --write-subs --write-auto-subs --write-info-json --skip-download`` has
    written, or a folder of them: captions and ``.info.json`` of a video are put together by name.
    Or give addresses of videos; then yt-dlp is used when it is installed. Captions written by people
    are preferred to automatic ones. The id is the video's.

    Args:
        videos: Caption files, folders, patterns, or addresses.
        name: The source's name; default ``youtube:<folder or video>``.
        languages: Wanted languages of the captions, best first; None takes the video's own.
        speakers: Names for labels in the captions.
        cookies: A cookies file for yt-dlp, for videos that are not open to all.

    Iterating over addresses raises SourceUnavailableError when YouTube refuses this machine; it
    often does so for addresses of data centres.
    """

    form: ClassVar[str] = "youtube"
    suffixes: ClassVar[frozenset[str]] = _CAPTIONS
    beside: ClassVar[tuple[str, ...]] = (".info.json",)

    def __init__(
        self,
        videos: str | Path | Sequence[str | Path],
        *,
        name: str | None = None,
        languages: Sequence[str] | None = None,
        speakers: Mapping[str, str] | None = None,
        cookies: str | Path | None = None,
    ) -> None:
        given = [videos] if isinstance(videos, (str, Path)) else list(videos)
        self._addresses = [match[1] for item in given if (match := _VIDEO.match(str(item)))]
        files = [item for item in given if not _VIDEO.match(str(item))]
        if any(str(item).startswith(("http://", "https://")) for item in files):
            raise ConfigurationError(f"received {files!r}; expected addresses of YouTube videos, or files")
        if self._addresses and name is None:
            name = f"{self.form}:{self._addresses[0]}"
        super().__init__(files or [Path()], name=name)
        self._has_files = bool(files)
        self._languages = list(languages or ())
        self._speakers = dict(speakers or {})
        self._cookies = cookies

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say yes to captions with a YouTube id in their name and yt-dlp's ``.info.json`` beside them."""
        if path.is_dir():
            return any(_described(item) for item in sorted(path.rglob("*.info.json"))[:20])
        return (
            bool(head)
            and path.suffix.lower() in _CAPTIONS
            and (info := _info_of(path)) is not None
            and _described(info)
        )

    def __iter__(self) -> Iterator[Document | RecordError]:
        """Yield the videos: files first, then addresses."""
        if self._has_files:
            yield from self._videos(self.files())
        if self._addresses:
            with tempfile.TemporaryDirectory(prefix="masa-rag-") as folder:
                for video in self._addresses:
                    yield from self._videos(self._fetched(video, Path(folder)))

    def _videos(self, files: Sequence[Path]) -> Iterator[Document | RecordError]:
        groups: dict[Path, list[Path]] = {}
        for path in files:
            groups.setdefault(_stem(path), []).append(path)
        for stem, paths in groups.items():
            yield self._best(stem, sorted(paths, key=self._preference))

    def _best(self, stem: Path, paths: Sequence[Path]) -> Document | RecordError:
        """Return the video with the first captions that can be read, or what is wrong with the first."""
        problems = []
        for path in paths:
            try:
                return self._document(stem, path)
            except (SourceError, OSError) as error:
                problems.append(RecordError(str(error), record_id=str(path)))
        return problems[0]

    def _preference(self, path: Path) -> tuple[int, bool, bool, bool, str]:
        language, facts = _language(path), _facts(path)
        wanted = self._languages or [str(facts.get("language") or "en")]
        place = next(
            (number for number, item in enumerate(wanted) if language.split("-")[0] == item.split("-")[0]), len(wanted)
        )
        written = facts.get("subtitles")
        is_automatic = isinstance(written, dict) and language not in written
        return place, is_automatic, language not in wanted, language.endswith("-orig"), path.name

    def _document(self, stem: Path, path: Path) -> Document:
        facts = _facts(path)
        if (size := path.stat().st_size) > MAX_BYTES:
            raise SourceFormatError(f"received {size:,} bytes; expected captions of at most {MAX_BYTES:,}")
        text = decode(path.read_bytes())
        parser = format_of(text, whole=True)
        if parser is None:
            raise SourceFormatError("received captions in no format we know; expected .vtt, .srt or .json3")
        lines = parser(text).lines
        if not lines:
            raise SourceFormatError("received captions without a line; expected at least one")
        video = str(facts.get("id") or _video_id(path) or "")
        url = f"https://www.youtube.com/watch?v={video}" if re.fullmatch(r"[\w-]{11}", video) else None
        more = {"channel": facts.get("channel"), "language": _language(path), "chapters": _chapters(facts)}
        return Document(
            video or stem.name,
            segments=segments_of(lines, self._speakers, url),
            kind="speech",
            title=str(facts["title"]) if facts.get("title") else _title(stem),
            created_at=_published(facts),
            url=url,
            metadata={key: value for key, value in more.items() if value},
        )

    def _fetched(self, video: str, folder: Path) -> list[Path]:
        """Fetch captions and facts with yt-dlp; no video is downloaded."""
        check_online("www.youtube.com")
        library = require("yt_dlp", extra="web", purpose="Fetching captions from YouTube", package="yt-dlp")
        address, wanted = f"https://www.youtube.com/watch?v={video}", self._languages
        options: dict[str, Any] = {
            "skip_download": True, "writesubtitles": True, "writeautomaticsub": True, "writeinfojson": True,
            "subtitleslangs": wanted, "subtitlesformat": "vtt", "quiet": True, "no_warnings": True,
            "outtmpl": str(folder / "%(id)s.%(ext)s"), "socket_timeout": 30, "noplaylist": True,
        }  # fmt: skip
        if self._cookies is not None:
            options["cookiefile"] = str(self._cookies)
        try:
            with library.YoutubeDL(options) as loader:
                if not wanted:  # in English a talk in German would be a machine's translation
                    spoken = loader.extract_info(address, download=False).get("language") or "en"
                    wanted = loader.params["subtitleslangs"] = [f"{str(spoken).partition('-')[0]}.*"]
                loader.download([address])
        except library.utils.DownloadError as error:
            raise _unavailable(video, str(error)) from error
        found = [path for path in sorted(folder.glob(f"{video}*")) if path.suffix.lower() in _CAPTIONS]
        if not found:
            raise SourceUnavailableError(
                f"the video {video} has no captions in {wanted}; name other languages, "
                "or download its audio and use Recordings"
            )
        return found


def _unavailable(video: str, reason: str) -> SourceUnavailableError:
    if _BLOCKED.search(reason):
        return SourceUnavailableError(
            f"YouTube refuses this machine's address for the video {video}. Run "
            "'yt-dlp --write-subs --write-auto-subs --write-info-json --skip-download' on another machine and give "
            "YouTube() the files, or pass cookies="
        )
    return SourceUnavailableError(f"the captions of video {video} cannot be fetched ({reason.strip()[:300]})")


def _stem(path: Path) -> Path:
    """Return the path without language and suffix: ``talk [id].en.vtt`` is ``talk [id]``."""
    return path.with_name(path.stem.removesuffix(f".{_language(path)}"))


def _language(path: Path) -> str:
    """Return the language in a name; three letters ("fil") are one only beside what yt-dlp wrote, else "one"."""
    head, _, last = path.stem.rpartition(".")
    match = _LANGUAGE.fullmatch(last)
    if not head or match is None or (len(match[1]) > 2 and not _is_downloaded(path, head)):
        return ""
    return last


_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-[\w-]+)?")


def _is_downloaded(path: Path, stem: str) -> bool:
    return _video_id(path) is not None or path.with_name(f"{stem}.info.json").is_file()


def _info_of(path: Path) -> Path | None:
    info = _stem(path).with_name(_stem(path).name + ".info.json")
    return info if info.is_file() else None


def _facts(path: Path) -> dict[str, Any]:
    if (info := _info_of(path)) is None:
        return {}
    try:
        data = json.loads(info.read_text(encoding="utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _described(info: Path) -> bool:
    head = info.read_bytes()[:4096] if info.is_file() else b""
    return b'"id"' in head and info.stat().st_size < 50_000_000


def _video_id(path: Path) -> str | None:
    match = _IN_NAME.search(path.name)
    return (match[1] or match[2]) if match else None


def _title(stem: Path) -> str:
    return " ".join(_IN_NAME.sub("", stem.name).replace("_", " ").split()) or stem.name


def _published(facts: Mapping[str, Any]) -> Any:
    stamp, day = facts.get("timestamp"), facts.get("upload_date")
    with contextlib.suppress(ConfigurationError):
        if isinstance(stamp, (int, float)) and not isinstance(stamp, bool):
            return parse_time(stamp)
    with contextlib.suppress(ConfigurationError):
        if isinstance(day, str) and re.fullmatch(r"\d{8}", day):
            return parse_time(f"{day[:4]}-{day[4:6]}-{day[6:]}")
    return None


def _chapters(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = facts.get("chapters")
    return [
        {"start": row["start_time"], "title": row["title"]}
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
        and isinstance(row.get("title"), str)
        and isinstance(row.get("start_time"), (int, float))
    ]
