"""The keys that wrap people's data keys: what they look like, where they come from, what is wrong with them.

They are called key-encryption keys. They never touch the database or the data folder: whoever has a copy
of those has nothing to read. A source that cannot be used is a problem to tell, never a reason to stop.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import attrs

from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.config.secret import Secret
from chandelier.errors import ServiceUnavailable
from chandelier.services.cipher import Cipher, new_key

__all__ = [
    "KEYRING_USER",
    "KeyProblem",
    "KeyRing",
    "KeySources",
    "WrappingKey",
    "file_problem",
    "new_key_text",
]

KEYRING_USER: Final = "vault-key"
"""The name under which the key stands in the keyring of the operating system, beside the service's name."""

_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
_WRITTEN = re.compile(r"([a-z0-9][a-z0-9-]{0,31})\.([A-Za-z0-9_+/-]{43})=?")
_LARGEST_FILE = 65_536


class KeyProblem(ServiceUnavailable):
    """A key is missing, wrong, or kept where others can take it; says what to do, never what the key is."""


class WrappingKey:
    """One key-encryption key: it wraps data keys, and tells itself from another of its id."""

    __slots__ = ("_cipher", "check", "key_id", "source")

    def __init__(self, key_id: str, key: bytes, source: str) -> None:
        self.key_id: Final = key_id
        self.source: Final = source
        """Where it was given, for people."""
        self._cipher = Cipher(key)
        self.check: Final = hmac.digest(key, f"chandelier vault check 1:{key_id}".encode(), "sha256")[:16]
        """Proves the key without telling anything about it."""

    def __repr__(self) -> str:
        return f"<WrappingKey {self.key_id}>"

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled: it would leave the process in plain text")

    def wrap(self, data_key: bytes, bound_to: bytes) -> bytes:
        """A data key wrapped, for whatever ``bound_to`` names and nothing else."""
        return self._cipher.encrypt(data_key, bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """The data key. Raises Tampered when it is not what was wrapped."""
        return self._cipher.decrypt(wrapped, bound_to)


@attrs.frozen
class KeyRing:
    """The keys that are known now, the first of them for wrapping, and what kept others from being known."""

    keys: tuple[WrappingKey, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def first(self) -> WrappingKey | None:
        """The key that wraps new data keys."""
        return self.keys[0] if self.keys else None

    def get(self, key_id: str) -> WrappingKey | None:
        """The key of an id."""
        return next((key for key in self.keys if key.key_id == key_id), None)


@attrs.frozen(kw_only=True)
class KeySources:
    """Where a deployment's keys come from, in the order in which they count."""

    secret: Secret | None
    file: Path | None
    keyring: str | None
    data_dir: Path
    learn: Callable[[str], object] = attrs.field(default=lambda _text: None, repr=False)
    """Called with the text of every key, so that it is kept out of logs."""

    @classmethod
    def of(
        cls, deployment: Deployment, config: HostConfig, learn: Callable[[str], object] | None = None
    ) -> KeySources:
        """The sources that a deployment names. A file is read here and not before, to look at it as well."""
        file = deployment.secret_file("vault_key")
        return cls(
            secret=config.vault_key if file is None else None,
            file=file,
            keyring=config.vault_keyring,
            data_dir=config.data_path(deployment.base),
            learn=learn or (lambda _text: None),
        )

    def read(self) -> KeyRing:
        """Read all of them anew. Blocks: the keyring may ask the person at the desk to unlock it."""
        keys: dict[str, WrappingKey] = {}
        problems: list[str] = []
        for source, read in self._texts():
            try:
                for key in _parse(read(), source, self.learn):
                    known = keys.setdefault(key.key_id, key)
                    if not hmac.compare_digest(known.check, key.check):
                        raise KeyProblem(
                            f"two different keys are called {key.key_id}, one from {known.source} and one "
                            f"from {source}: keep the right one"
                        )
            except KeyProblem as problem:
                problems.append(str(problem))
        return KeyRing(tuple(keys.values()), tuple(problems))

    def _texts(self) -> Iterator[tuple[str, Callable[[], str]]]:
        if self.secret is not None:
            yield "vault_key (CHANDELIER_VAULT_KEY)", self.secret.reveal
        if (file := self.file) is not None:
            yield f"the file {file}", lambda: _read_file(file, self.data_dir)
        if (service := self.keyring) is not None:
            yield f"the keyring's {service!r}", lambda: _read_keyring(service)


def new_key_text() -> str:
    """A new key as it is written: its id, a dot, and 32 random bytes in base64."""
    key_id = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{key_id}.{base64.urlsafe_b64encode(new_key()).decode().rstrip('=')}"


def file_problem(path: Path, data_dir: Path) -> str | None:
    """Why a file may not hold keys where it is and as it is; None when it may."""
    if path.resolve().is_relative_to(data_dir.resolve()):
        return (
            f"{path} is in the data folder {data_dir}, whose backups would carry the key along with what it "
            "protects: move it elsewhere, and name it there in vault_key_file"
        )
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}; put the key there, or correct vault_key_file"
    if not stat.S_ISREG(mode):
        return f"{path} is no file; name the file that holds the key in vault_key_file"
    # Reading is what a group may do: systemd hands credentials over with such a mode.
    if sys.platform != "win32" and mode & (stat.S_IRWXO | stat.S_IWGRP):
        return (
            f"{path} can be read or changed by other users of this machine: chmod 600 {path}; if they were "
            "strangers, make a new key (chandelier vault new-key)"
        )
    return None


def _read_file(path: Path, data_dir: Path) -> str:
    if (problem := file_problem(path, data_dir)) is not None:
        raise KeyProblem(problem)
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no key but something else"
        raise KeyProblem(f"{path} cannot be read: {why}") from None


def _read_keyring(service: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise KeyProblem(
            "vault_keyring is set, but the library keyring is not installed: pip install chandelier[keyring]"
        ) from None
    try:
        text = keyring.get_password(service, KEYRING_USER)
    except (KeyringError, RuntimeError, OSError) as error:
        raise KeyProblem(
            f"the operating system's keyring cannot be used ({type(error).__name__}): unlock it, or give "
            "the key in vault_key_file"
        ) from None
    if not text:
        raise KeyProblem(
            f"the operating system's keyring has no key for the service {service!r}: "
            "chandelier vault new-key --keyring"
        )
    return text


def _parse(text: str, source: str, learn: Callable[[str], object]) -> Iterator[WrappingKey]:
    """The keys in a text. No error shows the text, and none carries it along."""
    words = [word for line in text.splitlines() for word in line.partition("#")[0].replace(",", " ").split()]
    for number, word in enumerate(words, 1):
        learn(word)
        match = _WRITTEN.fullmatch(word)
        if match is None:
            raise KeyProblem(
                f"key {number} of {source} is not as chandelier vault new-key writes it (an id, a dot and 43 "
                "characters): is it whole?"
            )
        learn(match[2])
        secret = match[2].replace("+", "-").replace("/", "_")
        yield WrappingKey(match[1], base64.urlsafe_b64decode(secret + "="), source)
    if not words:
        raise KeyProblem(f"{source} holds no key: chandelier vault new-key makes one")
