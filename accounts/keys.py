"""The pair of keys that signs access tokens: files, or two settings.

`jwt-signing.pem` in JWT_KEY_DIR is the truth; the public half lies beside it.
Retired public keys stay as `retired-<kid>.pub` until the last token of theirs is dead.
In development and tests a missing pair is made at first use.
"""

import base64
import hashlib
import io
import json
import os
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kernel import clock

PRIVATE_NAME = "jwt-signing.pem"
PUBLIC_NAME = "jwt-signing.pub"
ALGORITHMS = ("RS256", "EdDSA")
RSA_BITS = 3072
ACCESS_LIFE = timedelta(minutes=15)
LEEWAY = timedelta(seconds=10)

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey


class KeyExists(Exception):
    """A signing key is there already; rotate it instead."""


@dataclass(frozen=True)
class Retired:
    """A public key whose private half signs no more, and when that ended."""

    public: bytes
    at: float

    @property
    def counts(self) -> bool:
        """Whether a token of it may still live; asked at each use, not at reading."""
        longest = (ACCESS_LIFE + LEEWAY).total_seconds()
        return clock.now().timestamp() <= self.at + longest


@dataclass(frozen=True)
class KeySet:
    """The current pair, its name, and the retired public keys by name.

    `signer` is the private key as it signs: to read it from its text takes longer
    than all else that a sign-in does, since its primes are proven each time.
    """

    signer: PrivateKey = field(repr=False)
    private: bytes = field(repr=False)
    public: bytes
    kid: str
    algorithm: str
    retired: dict[str, Retired]

    def public_of(self, kid: object) -> bytes | None:
        """Return the retired public key of this name, while a token of it may live."""
        found = self.retired.get(kid) if isinstance(kid, str) else None
        return found.public if found is not None and found.counts else None


_cached: tuple[object, KeySet] | None = None


def current() -> KeySet:
    """Return the keys; read again when the folder or the settings changed.

    Raises ImproperlyConfigured where there is none and none may be made.
    """
    global _cached  # noqa: PLW0603 - one set of keys a process
    stamp = _stamp()
    if _cached is None or _cached[0] != stamp or not stamp:
        found = _read()
        _give_to_library(found)
        _cached = (_stamp(), found)
    return _cached[1]


def from_settings() -> tuple[str, str]:
    """Return JWT_PRIVATE_KEY and JWT_PUBLIC_KEY, empty where unset."""
    return (
        getattr(settings, "JWT_PRIVATE_KEY", "") or "",
        getattr(settings, "JWT_PUBLIC_KEY", "") or "",
    )


def folder() -> Path:
    return Path(settings.JWT_KEY_DIR)


def private_path() -> Path:
    return folder() / PRIVATE_NAME


def public_path() -> Path:
    return folder() / PUBLIC_NAME


def make(algorithm: str = "RS256", *, rotate: bool = False) -> str:
    """Write a new pair and return its name.

    Raises KeyExists where a pair is there, unless `rotate`, which keeps the old
    public key for as long as a token of it can live.
    """
    if private_path().exists():
        if not rotate:
            raise KeyExists
        _retire()
    private = _generate(algorithm)
    _write(private_path(), private_pem(private), replace=rotate)
    public = public_pem(private.public_key())
    _write(public_path(), public, replace=True, mode=0o644)
    return thumbprint(private.public_key())


def private_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(key: PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def thumbprint(key: PublicKey) -> str:
    """Return the first 16 hex digits of the RFC 7638 thumbprint."""
    text = json.dumps(_jwk(key), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _jwk(key: PublicKey) -> dict[str, str]:
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64(raw)}


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _generate(algorithm: str) -> PrivateKey:
    if algorithm == "EdDSA":
        return Ed25519PrivateKey.generate()
    return generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def _read() -> KeySet:
    private, public = from_settings()
    if private and public:
        return _keyset(private.encode(), {})
    if not private_path().exists():
        _make_for_development()
    return _keyset(private_path().read_bytes(), _retired())


def _make_for_development() -> None:
    if not settings.DEVELOPMENT_MODE:
        raise ImproperlyConfigured(
            f"There is no signing key in {folder()}; run: manage.py make_jwt_key"
        )
    try:
        make(algorithm_of_library())
    except (KeyExists, FileExistsError):
        return  # another process was faster


def algorithm_of_library() -> str:
    """Return the algorithm that the settings name for all tokens."""
    chosen: str = getattr(settings, "NINJA_SIMPLE_JWT", {}).get("JWT_ALGORITHM", "")
    return chosen or ALGORITHMS[0]


def _keyset(pem: bytes, retired: dict[str, Retired]) -> KeySet:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ImproperlyConfigured("The signing key must be RSA or Ed25519.")
    algorithm = "RS256" if isinstance(key, RSAPrivateKey) else "EdDSA"
    if algorithm != algorithm_of_library():
        raise ImproperlyConfigured(
            f"The signing key is for {algorithm}, and NINJA_SIMPLE_JWT['JWT_ALGORITHM']"
            f" is {algorithm_of_library()}."
        )
    public = key.public_key()
    return KeySet(key, pem, public_pem(public), thumbprint(public), algorithm, retired)


def _retire() -> None:
    old = current()
    path = folder() / f"retired-{old.kid}.pub"
    _write(path, old.public, replace=True, mode=0o644)


def _retired() -> dict[str, Retired]:
    return {
        path.stem.removeprefix("retired-"): Retired(
            path.read_bytes(), path.stat().st_mtime
        )
        for path in folder().glob("retired-*.pub")
    }


def _write(path: Path, content: bytes, *, replace: bool, mode: int = 0o600) -> None:
    """Write a whole file or none. Raises FileExistsError unless it may replace."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        if replace:
            Path(name).replace(path)
        else:
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _stamp() -> object:
    """Return what changes with the keys: the settings, or the folder and its file."""
    private, public = from_settings()
    if private and public:
        return hashlib.sha256(f"{private}|{public}".encode()).digest()
    try:
        key, around = private_path().stat(), folder().stat()
    except FileNotFoundError:
        return None
    return (str(folder()), key.st_mtime_ns, key.st_ino, around.st_mtime_ns)


def _give_to_library(keys: KeySet) -> None:
    """Let the token library sign and verify by these, without reading any text."""
    from ninja_simple_jwt.jwt.key_retrieval import InMemoryJwtKeyPair

    library: Any = InMemoryJwtKeyPair
    library._private_key = keys.signer  # noqa: SLF001 - it knows no public way
    library._public_key = keys.signer.public_key()  # noqa: SLF001 - as above


class KeyStorage:
    """What the token library opens its keys from."""

    def open(self, name: str) -> IO[bytes]:
        """Return the private or the public key, by the library's file names."""
        keys = current()
        return io.BytesIO(keys.private if name == PRIVATE_NAME else keys.public)


key_storage = KeyStorage()
