"""The signature of an archive: Ed25519 over its list of checksums."""

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings

from tenants.portability.errors import ArchiveSignature, KeyUnusable


def private_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of a PEM file without a password. Raises KeyUnusable."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise no_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise no_key(path)
    return key


def no_key(path: Path) -> KeyUnusable:
    return KeyUnusable(f"{path} holds no private Ed25519 key without a password.")


def public_keys() -> list[Ed25519PublicKey]:
    """Return the keys of TENANT_EXPORT_KEYS. Raises KeyUnusable."""
    return [public_key(text) for text in settings.TENANT_EXPORT_KEYS]


def public_key(text: str) -> Ed25519PublicKey:
    """Return a key from PEM, or from its 32 bytes in base64. Raises KeyUnusable."""
    try:
        if text.lstrip().startswith("-----BEGIN"):
            key = load_pem_public_key(text.encode())
        else:
            raw = base64.b64decode(text, validate=True)
            key = Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable
    return key


def signed(sums: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the entry that signs a list of checksums."""
    return base64.b64encode(key.sign(sums)) + b"\n"


def require(sums: bytes, entry: bytes | None) -> None:
    """Require what the settings ask for. Raises ArchiveSignature.

    With keys in TENANT_EXPORT_KEYS an archive needs the signature of one of them;
    without, a signature is nobody's to judge, and the checksums alone count.
    """
    keys = public_keys()
    if not keys:
        return
    if entry is None:
        raise ArchiveSignature("The archive is not signed, and here it has to be.")
    try:
        raw = base64.b64decode(entry.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ArchiveSignature from error
    if not any(fits(raw, sums, key) for key in keys):
        raise ArchiveSignature("No key that is known here has signed the archive.")


def fits(raw: bytes, sums: bytes, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(raw, sums)
    except InvalidSignature:
        return False
    return True


def fingerprints(keys: Iterable[Ed25519PublicKey]) -> list[str]:
    """Return keys in the form of the setting."""
    return [base64.b64encode(key.public_bytes_raw()).decode() for key in keys]
