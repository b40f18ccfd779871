"""Which network addresses the host may connect to for others: the rule behind the SSRF guard of `http`.

A URL that a member typed must not lead into the operator's own network, whatever name or notation hides
the address.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

from aiohttp.abc import AbstractResolver, ResolveResult
from loguru import logger

from chandelier.errors import InvalidRequest
from chandelier.languages import Messages

__all__ = ["AddressPolicy", "GuardedResolver"]

_ = Messages(__package__)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that a NAT64 gateway connects to."""
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
"""RFC 8215: an operator's own translation; where the IPv4 address is depends on the operator."""

_NOT_PUBLIC = (
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, given up: RFC 7526
    IPv6Network("3fff::/20"),  # documentation: RFC 9637
    IPv6Network("5f00::/16"),  # segments inside an operator's own network: RFC 9602
)
"""What some of the Pythons that we run on still take for public."""


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that traffic to this IPv6 address really ends at, if there is one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:  # RFC 3056
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return None


class AddressPolicy:
    """Only addresses of the public internet, and those in the networks that the operator allows."""

    def __init__(self, allow: Sequence[Network] = ()) -> None:
        self._allow = tuple(allow)

    def permits(self, address: Address) -> bool:
        """Whether the host may connect to this address."""
        if self._allowed(address):
            return True
        if isinstance(address, IPv6Address):
            if (inner := _embedded(address)) is not None:
                return self.permits(inner)
            # Reserved blocks are not routed today; Python's is_global does not rule out all of them, nor
            # multicast. Site-local (RFC 3879) is deprecated, yet old networks still route it.
            if address in _NAT64_LOCAL or address.is_site_local:
                return False
        if any(address.version == network.version and address in network for network in _NOT_PUBLIC):
            return False
        return address.is_global and not (address.is_multicast or address.is_reserved)

    def check_host(self, host: str) -> None:
        """Judge the host part of a URL. Raises InvalidRequest for an address that is not permitted.

        A name passes: where it leads is judged when it is resolved, see `GuardedResolver`.
        """
        try:
            address = ip_address(host)
        except ValueError:
            if _looks_numeric(host):
                raise InvalidRequest(
                    _(
                        "`{host}` is not a usual way to write an address; write the name of a public website",
                        host=host,
                    )
                ) from None
            return
        # A zone (fe80::1%eth0) names a network interface of this machine.
        if getattr(address, "scope_id", None) or not self.permits(address):
            raise _refusal(host)

    def _allowed(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._allow)


def _looks_numeric(host: str) -> bool:
    """Whether a browser would read this as an IPv4 address: its last label is a number.

    https://url.spec.whatwg.org/#ends-in-a-number-checker: ``127.1``, ``2130706433``, ``0x7f.1``.
    """
    if ":" in host:
        return True
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last.isdigit() or (last.startswith("0x") and all(c in "0123456789abcdef" for c in last[2:]))


def _refusal(host: str) -> InvalidRequest:
    # The address stays out of the message: it would tell a member what the operator's network looks like.
    return InvalidRequest(
        _(
            "`{host}` does not lead to a public address on the internet, so I may not fetch it. "
            "The bot's operator can allow the network.",
            host=host,
        )
    )


class GuardedResolver(AbstractResolver):
    """Resolves names as ``resolver`` does, and keeps only the addresses that the policy permits.

    The connector connects to exactly what this returns, so an answer that changes between a check and the
    connection (DNS rebinding) has nothing to gain.
    """

    def __init__(self, resolver: AbstractResolver, policy: AddressPolicy) -> None:
        self._resolver = resolver
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises InvalidRequest when no permitted address is left; OSError when the name is unknown."""
        found = await self._resolver.resolve(host, port, family)
        kept = [result for result in found if self._permits(result["host"])]
        if found and not kept:
            logger.debug("refused {}: it leads to {}", host, ", ".join(result["host"] for result in found))
            raise _refusal(host)
        return kept

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._resolver.close()

    def _permits(self, text: str) -> bool:
        address = ip_address(text)
        return not getattr(address, "scope_id", None) and self._policy.permits(address)
