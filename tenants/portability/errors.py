"""What can be wrong with an archive, or with what is to be done with one.

ApplicationError
├── NotFound   ArchiveMissing
├── Invalid    ArchiveForeign, KeyUnusable
└── Conflict   ArchiveRefused
    │          ├── ArchiveVersion, ArchiveNewer, ArchiveShape, ArchiveNames,
    │          │   ArchiveTooLarge, ArchiveOfAnother
    │          └── ArchiveDamaged
    │              └── ArchiveTruncated, ArchiveChecksum, ArchiveSignature
    ├── FileThere, FileUnwritable, FilesMissing
    ├── UuidTaken, ImportFailed, SwapRefused, PurgeRefused
    └── Busy
"""

from kernel.errors import Conflict, Invalid, NotFound


class ArchiveMissing(NotFound):
    """There is no such file, or it cannot be read."""

    code = "archive_missing"


class ArchiveForeign(Invalid):
    """This is no archive of a tenant."""

    code = "archive_foreign"


class ArchiveRefused(Conflict):
    """This archive cannot be imported here; nothing was written."""

    code = "archive_refused"


class ArchiveVersion(ArchiveRefused):
    """The archive has a format that this release does not know."""

    code = "archive_version"


class ArchiveNewer(ArchiveRefused):
    """The archive was made by a newer release, or by one that is unknown here."""

    code = "archive_newer"


class ArchiveShape(ArchiveRefused):
    """The tables or columns of the archive are not those of its release."""

    code = "archive_shape"


class ArchiveNames(ArchiveRefused):
    """The archive has an entry that may not be there."""

    code = "archive_names"


class ArchiveTooLarge(ArchiveRefused):
    """An entry of the archive is larger than its manifest says."""

    code = "archive_too_large"


class ArchiveOfAnother(ArchiveRefused):
    """The archive is of another tenant."""

    code = "archive_of_another"


class ArchiveDamaged(ArchiveRefused):
    """The archive is damaged."""

    code = "archive_damaged"


class ArchiveTruncated(ArchiveDamaged):
    """The end of the archive is missing."""

    code = "archive_truncated"


class ArchiveChecksum(ArchiveDamaged):
    """The archive is not as it was made: a checksum differs."""

    code = "archive_checksum"


class ArchiveSignature(ArchiveDamaged):
    """The archive does not have the signature that it needs here."""

    code = "archive_signature"


class KeyUnusable(Invalid):
    """This is no Ed25519 key that can be used."""

    code = "key_unusable"


class FileThere(Conflict):
    """There is a file of this name already."""

    code = "file_exists"


class FileUnwritable(Conflict):
    """The file cannot be written where it was asked for."""

    code = "file_unwritable"


class FilesMissing(Conflict):
    """A file that a row names is not in the storage."""

    code = "file_missing"


class UuidTaken(Conflict):
    """The tenant is here already; --as makes a copy of it, --beside a shadow."""

    code = "uuid_taken"


class ImportFailed(Conflict):
    """The archive could not be imported; nothing was kept."""

    code = "import_failed"


class SwapRefused(Conflict):
    """These two tenants cannot be swapped."""

    code = "swap_refused"


class PurgeRefused(Conflict):
    """The tenant cannot be purged like this."""

    code = "purge_refused"


class Busy(Conflict):
    """Another process is at this tenant."""

    code = "tenant_busy"
