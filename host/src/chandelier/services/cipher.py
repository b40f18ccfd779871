"""Authenticated encryption as the vault uses it: AES-256-GCM, a random nonce each time, nothing shown.

One place for it, so that the library is loaded by those who have a key and by nobody else: it costs a
twentieth of a second and some megabytes.
"""

from __future__ import annotations

import os
from typing import Final, NoReturn

__all__ = ["Cipher", "Tampered", "new_key"]

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""What GCM is made for: https://cryptography.io/en/latest/hazmat/primitives/aead/. Random ones are good for
2**32 uses of one key (NIST SP 800-38D, section 8.3), which one person, or one bot's people, never reach."""


class Tampered(Exception):
    """The ciphertext, or what it is bound to, is not what was encrypted; or the key is another one."""


def new_key() -> bytes:
    """A random key for AES-256, from the operating system."""
    return os.urandom(KEY_BYTES)


class Cipher:
    """One key, which cannot be got out again."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._aead = AESGCM(key)

    def __repr__(self) -> str:
        return "<Cipher>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: it would leave the process in plain text")

    def encrypt(self, plain: bytes, bound_to: bytes) -> bytes:
        """A fresh nonce, then the ciphertext; ``bound_to`` is not in it but must be given to decrypt it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, bound_to)

    def decrypt(self, sealed: bytes, bound_to: bytes) -> bytes:
        """What was encrypted; raises Tampered when this is not it."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._aead.decrypt(bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:]), bound_to)
        except (InvalidTag, ValueError):
            raise Tampered from None
