"""Read an archive that anybody may have made: nothing of it is believed unseen.

    with opened(path) as archive:
        archive.verify()          # every entry, before anything is written
        archive.lines(table)      # and again while it is read

All that is wrong is one of the errors of `tenants.portability.errors`. Entries are
never unpacked to files, and no entry is read beyond what the manifest says it holds.
"""

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from kernel.text import has_controls, storable
from tenants.portability import signature
from tenants.portability.errors import (
    ArchiveChecksum,
    ArchiveDamaged,
    ArchiveForeign,
    ArchiveMissing,
    ArchiveNames,
    ArchiveRefused,
    ArchiveTooLarge,
    ArchiveTruncated,
    ArchiveVersion,
)
from tenants.portability.manifest import (
    CONTROL,
    DIGEST,
    FORMAT,
    MANIFEST,
    SEQUENCES,
    SIGNATURE,
    SUMS,
    VERSION,
    ControlPart,
    FilePart,
    Manifest,
    OtherPart,
    SequencePart,
    TablePart,
)
from tenants.portability.progress import SILENT, Said

BLOCK: Final = 1 << 18
#: What the parts that are read at once may have; an honest manifest has far less.
LARGEST_TEXT: Final = 64 << 20
#: What a zip file begins with.
MAGIC: Final = b"PK\x03\x04"
KINDS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
#: A flag of an entry whose content nobody can read without a password.
ENCRYPTED: Final = 0x1
#: What the library says about bytes that make no sense.
NONSENSE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,
    ValueError,
    OverflowError,
    MemoryError,
    IndexError,
    OSError,  # such as a place before the beginning of the file
)
Part = TablePart | FilePart | OtherPart
Read = TypeVar("Read")
Counts: Final = TypeAdapter(dict[str, SequencePart])


class Archive:
    """An open archive whose list of entries, manifest and signature are sound."""

    def __init__(self, bare: zipfile.ZipFile) -> None:
        self._zip = bare
        self._infos = infos_of(bare)
        raw = self.small(MANIFEST)
        self._sums_text = self.small(SUMS)
        entry = self.small(SIGNATURE) if SIGNATURE in self._infos else None
        self.is_signed = entry is not None
        signature.require(self._sums_text, entry)
        self._sums = sums_of(self._sums_text)
        if self._sums.get(MANIFEST) != hashlib.sha256(raw).hexdigest():
            raise ArchiveChecksum("The checksum of the manifest differs.")
        self.manifest = manifest_of(raw)
        self._require_entries()

    @property
    def seal(self) -> str:
        """Return what tells this archive from each other: over all its checksums."""
        return hashlib.sha256(self._sums_text).hexdigest()

    def _require_entries(self) -> None:
        """Compare three lists: what is there, what is said, what has a checksum."""
        parts = {part.entry: part for part in self.manifest.parts}
        if len(parts) != len(self.manifest.parts):
            raise ArchiveNames("The manifest names an entry twice.")
        known = {MANIFEST, SUMS, SIGNATURE, *parts}
        for name in self._infos:
            if name not in known:
                raise ArchiveNames(f"The manifest does not know {shown(name)}.")
        if {SEQUENCES, CONTROL} - set(parts):
            raise ArchiveForeign("The manifest lacks a part.")
        if set(self._sums) != {MANIFEST, *parts}:
            raise ArchiveChecksum("The list of checksums is not that of the entries.")
        for name, part in parts.items():
            info = self._infos.get(name)
            if info is None:
                raise ArchiveDamaged(f"The entry {shown(name)} is missing.")
            if info.file_size > part.bytes:
                raise ArchiveTooLarge(f"{shown(name)} is larger than is said.")
            if info.file_size < part.bytes or self._sums[name] != part.sha256:
                raise ArchiveChecksum(f"{shown(name)} is not what is said.")

    # Reading

    def small(self, name: str) -> bytes:
        """Return a whole entry that cannot be long."""
        info = self._infos.get(name)
        if info is None:
            raise ArchiveForeign(f"The archive lacks {name}.")
        if info.file_size > LARGEST_TEXT:
            raise ArchiveTooLarge(f"{name} is too large.")
        with sense(), self._zip.open(info) as file:
            content = file.read(LARGEST_TEXT + 1)
        if len(content) > LARGEST_TEXT:
            raise ArchiveTooLarge(f"{name} is too large.")
        return content

    def blocks(self, part: Part) -> Iterator[bytes]:
        """Yield the content of an entry; raises at its end if it is not as said."""
        yield from self._checked(part, lambda file: iter(lambda: file.read(BLOCK), b""))

    def lines(self, part: Part) -> Iterator[bytes]:
        """Yield the rows of a table; raises as `blocks` does."""
        yield from self._checked(part, iter)

    def _checked(
        self, part: Part, pieces: Callable[[IO[bytes]], Iterator[bytes]]
    ) -> Iterator[bytes]:
        digest, size, rows = hashlib.sha256(), 0, 0
        with sense(), self._zip.open(self._infos[part.entry]) as file:
            for piece in pieces(file):
                digest.update(piece)
                size += len(piece)
                rows += piece.count(b"\n")
                if size > part.bytes:
                    raise ArchiveTooLarge(
                        f"{shown(part.entry)} is larger than is said."
                    )
                yield piece
        if size != part.bytes or digest.hexdigest() != part.sha256:
            raise ArchiveChecksum(f"The checksum of {shown(part.entry)} differs.")
        if isinstance(part, TablePart) and rows != part.rows:
            raise ArchiveChecksum(
                f"{shown(part.entry)} has not the rows that are said."
            )

    def verify(self, said: Said = SILENT) -> None:
        """Read all of it. Raises ArchiveDamaged or another refusal."""
        parts = self.manifest.parts
        for done, part in enumerate(parts):
            said(part.entry, done, len(parts))
            for _piece in self.blocks(part):
                pass
        self.sequences()
        self.control()

    def sequences(self) -> dict[str, SequencePart]:
        """Return where the sequences stood."""
        raw = self.small(SEQUENCES)
        self._require(SEQUENCES, raw)
        return parsed(lambda: Counts.validate_json(raw))

    def control(self) -> ControlPart:
        """Return what the control plane knew."""
        raw = self.small(CONTROL)
        self._require(CONTROL, raw)
        return parsed(lambda: ControlPart.model_validate_json(raw))

    def _require(self, name: str, raw: bytes) -> None:
        if hashlib.sha256(raw).hexdigest() != self._sums[name]:
            raise ArchiveChecksum(f"The checksum of {name} differs.")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive. Raises an error of `tenants.portability.errors`."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ArchiveMissing(f"{path} cannot be read.") from error
    with file:
        begins = file.read(len(MAGIC))
        file.seek(0)
        try:
            bare = zipfile.ZipFile(file)
        except NONSENSE as error:
            if begins == MAGIC:
                raise ArchiveTruncated from error
            raise ArchiveForeign from error
        with bare:
            yield Archive(bare)


@contextmanager
def sense() -> Iterator[None]:
    """Turn what the library says about damaged bytes into a refusal."""
    try:
        yield
    except ArchiveRefused:
        raise
    except NONSENSE as error:
        raise ArchiveDamaged from error


def infos_of(bare: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by name. Raises ArchiveNames, ArchiveForeign."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in bare.infolist():
        # Where a name holds a NUL, the library cuts it off.
        name = info.orig_filename
        require_name(name)
        if name in found:
            raise ArchiveNames(f"{shown(name)} is there twice.")
        if info.compress_type not in KINDS or info.flag_bits & ENCRYPTED:
            raise ArchiveForeign(f"{shown(name)} is packed in an unknown way.")
        found[name] = info
    return found


def require_name(name: str) -> None:
    """Require a name that leads nowhere else. Raises ArchiveNames."""
    path = PurePosixPath(name)
    is_sound = (
        name
        and str(path) == name
        and not path.is_absolute()
        and not {"..", "."} & set(path.parts)
        and "\\" not in name
        and ":" not in path.parts[0]
        and not has_controls(name)
        and storable(name)
    )
    if not is_sound:
        raise ArchiveNames(f"{shown(name)} is no name of an entry.")


def shown(name: str) -> str:
    """Return a name as a message may hold it."""
    return ascii(name[:100])


def sums_of(text: bytes) -> dict[str, str]:
    """Return the checksum of each entry. Raises ArchiveChecksum."""
    found: dict[str, str] = {}
    try:
        lines = text.decode().splitlines()
    except UnicodeError as error:
        raise ArchiveChecksum from error
    for line in lines:
        digest, between, name = line.partition("  ")
        if not between or not DIGEST.match(digest) or name in found:
            raise ArchiveChecksum("The list of checksums cannot be read.")
        found[name] = digest
    return found


def manifest_of(raw: bytes) -> Manifest:
    """Return the manifest. Raises ArchiveForeign, ArchiveVersion."""
    try:
        bare = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ArchiveForeign from error
    if not isinstance(bare, dict) or bare.get("format") != FORMAT:
        raise ArchiveForeign
    if bare.get("version") != VERSION:
        raise ArchiveVersion
    return parsed(lambda: Manifest.model_validate_json(raw))


def parsed(parse: Callable[[], Read]) -> Read:
    try:
        return parse()
    except (ValidationError, RecursionError) as error:
        raise ArchiveForeign(
            "The archive says of itself what makes no sense."
        ) from error
