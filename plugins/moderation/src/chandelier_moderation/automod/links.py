"""Links and invitations in a text, however they are written, and which of them rules are about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

import attrs

from chandelier_moderation.automod.domains import ascii_host, known_ending
from chandelier_moderation.automod.normalise import Seen

__all__ = ["Link", "invites_in", "links_in"]

_HINT = re.compile(r"[.,。．｡:%]|dot", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?|hxxps?)\s?:[\s/\\]{1,8}([^\s<>\"'|)\]]{1,2000})", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w@./-])((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_](?:[\w-]{0,61}[^\W_]))(?![\w@])"
)
_HOST_END = re.compile(r"[/\\?#]")
_HOST = re.compile(r"[\w.\u0900-\u0fff-]+")
_DOTS = str.maketrans("。．｡․", "....")

_INVITE = re.compile(
    r"discord(?:app)?\s{0,2}(?:\.|,|\(?dot\)?)\s{0,2}(?:"
    r"(?:gg|me|li|io|new)(?:\s{1,2}[/\\]+\s{1,2}|[/\\]+)(?:#[/\\]*)?(?:invite[/\\]+)?|"
    r"(?:com|net)\s{0,2}[/\\]+(?:#[/\\]*)?(?:invite|template)[/\\]+)"
    r"([\w-]{2,64})",
    re.IGNORECASE,
)
"""The addresses that lead to invitations, and those that Discord's client takes for them.

Source: https://docs.discord.com/developers/resources/invite
"""
_VANITY = re.compile(r"(?<![\w.-])\.gg\s{0,2}[/\\]+([\w-]{2,64})", re.IGNORECASE)


@attrs.frozen
class Link:
    """A link."""

    host: str
    """In ASCII and lower case."""
    clickable: bool
    """Whether Discord makes it one; a bare domain is only text."""
    real: bool
    """Whether it is the host as written; else the one that it looks like."""
    written: str


def links_in(seen: Seen) -> list[Link]:
    """All links of a text; one that is disguised is there as what it is and as what it looks like."""
    found: dict[tuple[str, bool], Link] = {}
    for text, real in _candidates(seen):
        for host, clickable, written in _hosts(text):
            if (link := found.get((host, clickable))) is None or (real and not link.real):
                found[host, clickable] = Link(host, clickable, real, written)
    return [*found.values()]


def invites_in(seen: Seen) -> list[str]:
    """The codes of all invitations in a text, in order, in their case."""
    codes: dict[str, None] = {}
    for text, _ in _candidates(seen):
        lower = text.casefold()
        if "discord" in lower:
            codes.update((match[1], None) for match in _INVITE.finditer(text))
        if ".gg" in lower:
            codes.update((match[1], None) for match in _VANITY.finditer(text))
    return [*codes]


def _candidates(seen: Seen) -> Iterator[tuple[str, bool]]:
    """Every text in which a link may be, and whether its hosts are the real ones."""
    texts: dict[str, bool] = {}
    for text, real in (
        (seen.written, True),
        *((target, True) for target in seen.targets),
        (seen.shown, False),
    ):
        if not _HINT.search(text):
            continue
        for version in _decoded(text):
            texts.setdefault(version, real)
    yield from texts.items()


def _decoded(text: str) -> Iterator[str]:
    """The text, and what it is with percent-encoding undone, three times at most."""
    for _ in range(4):
        yield text
        if "%" not in text or (decoded := unquote(text, errors="ignore")) == text:
            return
        text = decoded


def _hosts(text: str) -> Iterator[tuple[str, bool, str]]:
    for match in _ADDRESS.finditer(text):
        authority = _HOST_END.split(match[1], maxsplit=1)[0]
        named = _HOST.match(authority.rpartition("@")[2].translate(_DOTS))
        host = ascii_host(named[0].rstrip("._")) if named else None
        if host is not None and "." in host:
            yield host, True, match[0]
    if "." in (plain := text.translate(_DOTS)):
        for match in _BARE.finditer(plain):
            host = ascii_host(match[1])
            if host is not None and known_ending(host):
                yield host, False, match[1]
