"""Keys per tenant and purpose, and encrypted values in rows.

The first of ACCOUNTS_SECRET_KEYS encrypts, all of them decrypt; each key is derived
by HKDF with the tenant's uuid, so a value moved to another tenant opens nowhere.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from tenants import context

NONCE_BYTES = 12


class CannotDecrypt(Exception):
    """No known key opens this value."""


def derive(purpose: str, *, key: str | None = None) -> bytes:
    """Return 32 bytes for one purpose in the entered tenant."""
    chosen = settings.ACCOUNTS_SECRET_KEYS[0] if key is None else key
    kdf = HKDF(
        algorithm=hashes.SHA256(),
        length=32,
        salt=context.rows_uuid().bytes,
        info=f"accounts.{purpose}".encode(),
    )
    return kdf.derive(chosen.encode())


def encrypt(values: Mapping[str, Any], *, purpose: str) -> bytes:
    """Return the values encrypted for the entered tenant and purpose."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    text = json.dumps(dict(values)).encode()
    sealed = AESGCM(derive(purpose)).encrypt(nonce, text, purpose.encode())
    return nonce + sealed


def decrypt(sealed: bytes, *, purpose: str) -> dict[str, Any]:
    """Return the values. Raises CannotDecrypt in another tenant or without the key."""
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    for key in settings.ACCOUNTS_SECRET_KEYS:
        try:
            text = AESGCM(derive(purpose, key=key)).decrypt(
                nonce, body, purpose.encode()
            )
        except InvalidTag:
            continue
        values: dict[str, Any] = json.loads(text)
        return values
    raise CannotDecrypt
