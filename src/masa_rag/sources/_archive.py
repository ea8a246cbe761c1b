"""A read-only view of a zip or a folder. Nothing is ever unpacked to disk.

Exports come as a zip, or as the folder somebody unpacked from it; a source reads both through this.
Zips are made by strangers: names that lead out of the archive, links, and members that grow
without measure are refused, and all that is read is read in pieces.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from masa_rag.errors import RecordError, SourceFormatError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MIB = 1_048_576
_DRIVE = re.compile(r"[A-Za-z]:")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, ValueError)
"""What zipfile raises on damaged, encrypted or unknown members."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an archive is read before it is taken for an attack.

    Attributes:
        directory_bytes: Length of a zip's table of contents; 16 MiB are some 150,000 members, and
            160 MB of memory.
        entries: Members of an archive or files of a folder.
        member_bytes: Length of one member, unpacked.
        total_bytes: What may be unpacked in all.
        ratio: Unpacked to packed length of one member, past its first 8 MiB. Chat exports reach 50;
            deflate's most is 1,032 (zlib's technical details).
    """

    directory_bytes: int = 16 * MIB
    entries: int = 300_000
    member_bytes: int = 2_048 * MIB
    total_bytes: int = 16_384 * MIB
    ratio: float = 250.0


DEFAULT_LIMITS = Limits()


class Archive:
    """The files of a zip or a folder by their names, with ``/`` between the parts.

    Attributes:
        path: The zip or folder.
        names: What can be read, sorted.
        refused: An error for each member that is left out: it leads outside, is a link, is encrypted, or is a folder
            that cannot be read.
    """

    def __init__(self, path: Path, *, limits: Limits = DEFAULT_LIMITS) -> None:
        """Look at a zip or folder.

        Raises:
            SourceFormatError: It is no zip, or one past the limits.
            OSError: It cannot be read.
        """
        self.path = path
        self._limits = limits
        self._unpacked = 0
        self._zip: zipfile.ZipFile | None = None
        self.refused: list[RecordError] = []
        self._members: Mapping[str, zipfile.ZipInfo | Path]
        self._members = self._folder_members() if path.is_dir() else self._zip_members()
        self.names = sorted(self._members)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Closing twice is allowed."""
        if self._zip is not None:
            self._zip.close()

    def open(self, name: str) -> IO[bytes]:
        """Open a member for reading; what is read counts against the limits.

        Raises:
            RecordError: There is no such member, or it cannot be opened. Reading raises it when the
                member is damaged or larger than allowed.
        """
        member = self._members.get(name)
        if member is None:
            raise RecordError("received a name that is not in the archive", record_id=self._where(name))
        try:
            if isinstance(member, Path):
                return io.BufferedReader(_Guarded(member.open("rb"), self, name, packed=None))
            assert self._zip is not None
            return io.BufferedReader(_Guarded(self._zip.open(member), self, name, packed=member.compress_size))
        except (*_BROKEN, OSError) as error:
            raise self._damaged(name, error) from error

    def read(self, name: str, *, most: int = 64 * MIB) -> bytes:
        """Return a whole member of at most ``most`` bytes. Raises RecordError as ``open`` does."""
        with self.open(name) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise RecordError(f"received more than {most:,} bytes; expected a short file", record_id=self._where(name))
        return data

    def _where(self, name: str) -> str:
        return f"{self.path}:{name}"

    def _damaged(self, name: str, error: Exception) -> RecordError:
        reason = str(error) or type(error).__name__
        return RecordError(f"the member cannot be read ({reason}); make the export again", record_id=self._where(name))

    def _count(self, name: str, *, unpacked: int, added: int, packed: int | None) -> None:
        self._unpacked += added
        limits = self._limits
        swollen = packed is not None and unpacked > max(8 * MIB, limits.ratio * packed)
        if swollen or unpacked > limits.member_bytes or self._unpacked > limits.total_bytes:
            raise RecordError(
                f"unpacks to more than {unpacked:,} bytes, which no export does; it is left out",
                record_id=self._where(name),
            )

    def _folder_members(self) -> dict[str, Path]:
        members: dict[str, Path] = {}
        for path in self._walk():
            if len(members) >= self._limits.entries:
                raise SourceFormatError(f"holds more than {self._limits.entries:,} files", path=str(self.path))
            members[path.relative_to(self.path).as_posix()] = path
        return members

    def _walk(self) -> Iterator[Path]:
        def closed(error: OSError) -> None:  # what lies in it is not gone
            self._refuse(Path(error.filename).relative_to(self.path).as_posix(), f"cannot be read ({error.strerror})")

        for folder, folders, files in os.walk(self.path, onerror=closed):  # links to folders are not followed
            for path in (Path(folder, name) for name in sorted(files + folders)):
                if path.is_symlink():
                    self._refuse(path.relative_to(self.path).as_posix(), "is a link")
                elif path.is_file():
                    yield path

    def _zip_members(self) -> dict[str, zipfile.ZipInfo]:
        self._check_directory()
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (*_BROKEN, OverflowError) as error:
            raise SourceFormatError(
                f"is no zip that can be read ({error}); download it again", path=str(self.path)
            ) from error
        members: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            if info.is_dir():
                continue
            name = _unicode_name(info).replace("\\", "/")
            if reason := _suspicion(name, info):
                self._refuse(name, reason)
            else:
                members[name] = info
        return members

    def _refuse(self, name: str, reason: str) -> None:
        self.refused.append(RecordError(f"the member {reason}; it is left out", record_id=self._where(name)))

    def _check_directory(self) -> None:
        """Refuse a table of contents past the limit before zipfile loads the whole of it."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 65_600))  # the longest comment, and the records before it
            tail = file.read()
        length, entries = _directory(tail)
        if length > self._limits.directory_bytes or entries > self._limits.entries:
            raise SourceFormatError(
                f"received a zip of {entries:,} members; expected at most {self._limits.entries:,}", path=str(self.path)
            )


def _directory(tail: bytes) -> tuple[int, int]:
    """Return the length in bytes and the entries of the table of contents (APPNOTE.TXT 4.3.14, 4.3.16)."""
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(tail):
        return 0, 0  # no zip: zipfile says so
    entries, length = struct.unpack_from("<HI", tail, at + 10)
    large = tail.rfind(b"PK\x06\x06", 0, at)
    if large >= 0 and large + 48 <= len(tail):
        entries, length = struct.unpack_from("<QQ", tail, large + 32)
    return length, entries


def _unicode_name(info: zipfile.ZipInfo) -> str:
    """Return the name; some programs write UTF-8 without saying so, and zipfile then reads code page 437."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _suspicion(name: str, info: zipfile.ZipInfo) -> str | None:
    if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
        return "has a name that leads out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    return "is encrypted" if info.flag_bits & 0x1 else None


class _Guarded(io.RawIOBase):
    """A member that is counted while it is read."""

    def __init__(self, file: IO[bytes], archive: Archive, name: str, *, packed: int | None) -> None:
        super().__init__()
        self._file = file
        self._archive = archive
        self._name = name
        self._packed = packed
        self._unpacked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        try:
            piece = self._file.read(min(len(view), MIB))
        except (*_BROKEN, OSError) as error:
            raise self._archive._damaged(self._name, error) from error
        self._unpacked += len(piece)
        self._archive._count(self._name, unpacked=self._unpacked, added=len(piece), packed=self._packed)
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()
