"""Account numbers at rest: AES-256-GCM bound to their row, and a keyed hash that tells equal from changed."""

import hashlib
import hmac
import os
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_KEY_ID = b"\x01"
_NONCE_LENGTH = 12


def seal(text: str, *, bound_to: str) -> bytes:
    """Encrypt a text so that it opens only for the same `bound_to` (a row's key): key id, nonce, ciphertext."""
    nonce = secrets.token_bytes(_NONCE_LENGTH)
    return _KEY_ID + nonce + AESGCM(_key(b"accounts")).encrypt(nonce, text.encode(), bound_to.encode())


def open_sealed(sealed: bytes, *, bound_to: str) -> str:
    """The text again. A moved or altered ciphertext raises `cryptography.exceptions.InvalidTag`."""
    assert sealed[:1] == _KEY_ID, "sealed with a key this installation does not have"
    nonce, cipher = sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
    return AESGCM(_key(b"accounts")).decrypt(nonce, cipher, bound_to.encode()).decode()


def fingerprint(text: str) -> str:
    """A keyed hash: equal accounts have equal fingerprints, and the account cannot be found from it."""
    return hmac.new(_key(b"fingerprint"), text.encode(), hashlib.sha256).hexdigest()


def _key(purpose: bytes) -> bytes:
    secret = os.environ.get("GOODWORD_DATA_KEY") or settings.SECRET_KEY
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"goodword payouts " + purpose).derive(secret.encode())
