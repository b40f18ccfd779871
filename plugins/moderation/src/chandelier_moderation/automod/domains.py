"""Domains: what a rule or a list may name, and whether a host is one of them or below one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

import idna

__all__ = [
    "DomainSet",
    "ascii_host",
    "domain_of_line",
    "domains_of",
    "is_public_suffix",
    "known_ending",
    "registrable",
]

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


@cache
def _suffixes(only_icann: bool) -> Any:
    from publicsuffixlist import PublicSuffixList  # it reads its list, which takes a moment

    return PublicSuffixList(accept_unknown=False, only_icann=only_icann)


def ascii_host(host: str) -> str | None:
    """The host in lower case and ASCII, without a last dot; None when it can be none."""
    host = host.strip().rstrip(".").casefold()
    if not host or len(host) > 253:
        return None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return None
    return host if all(_LABEL.fullmatch(label) for label in host.split(".")) else None


def known_ending(host: str) -> bool:
    """Whether the host ends as a domain that someone can register does."""
    return registrable(host) is not None


def registrable(host: str) -> str | None:
    """The part of the host that someone registered (`example.co.uk`); None when there is none.

    Source: https://publicsuffix.org/list/
    """
    return _suffixes(False).privatesuffix(host)


def is_public_suffix(domain: str) -> bool:
    """Whether everyone registers below it (`com`, `co.uk`)."""
    return "." not in domain or _suffixes(True).publicsuffix(domain) == domain


def domain_of_line(line: str) -> str | None:
    """The domain that a line of a list, or an entry of a rule, names; None when it names none.

    A domain, an address, or a line of a hosts file; `#` and `!` begin comments. `www.` is left out.
    """
    line = line.split("#", 1)[0].strip()
    if not line or line.startswith("!"):
        return None
    *address, host = line.split()
    if address and not (len(address) == 1 and re.fullmatch(r"[\d.:]+", address[0])):
        return None
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", host.casefold())
    host = re.split(r"[/?#:]", host, maxsplit=1)[0].rpartition("@")[2]
    starred = host.startswith("*.")
    domain = ascii_host(host.removeprefix("*.").removeprefix("www."))
    return None if domain is None else f"*.{domain}" if starred else domain


def domains_of(text: str) -> frozenset[str]:
    """The domains of a list's text, a line each, or as JSON; what is no domain is passed over."""
    if text.lstrip()[:1] in "[{":
        text = "\n".join(re.findall(r'"([^"\s]+\.[^"\s]+)"', text))
    found = (domain_of_line(line) for line in text.splitlines())
    return frozenset(domain for domain in found if domain is not None and "." in domain)


class DomainSet:
    """Some domains, each standing for its subdomains too; `*.example.org` stands for these alone."""

    def __init__(self, domains: Iterable[str]) -> None:
        found = {domain for domain in map(domain_of_line, domains) if domain is not None}
        self._with = frozenset(domain for domain in found if not domain.startswith("*."))
        self._below = frozenset(domain[2:] for domain in found if domain.startswith("*."))

    def __bool__(self) -> bool:
        return bool(self._with or self._below)

    def named(self, host: str, more: Collection[str] = ()) -> str | None:
        """The domain of these, or of ``more``, that the host is or is below; None when there is none."""
        above, whole = host, True
        while above:
            if above in self._with or above in more:
                return above
            if not whole and above in self._below:
                return f"*.{above}"
            _, _, above = above.partition(".")
            whole = False
        return None
