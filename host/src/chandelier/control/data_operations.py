"""What the owner asks about a person's data: of the running host on its socket, or of one set up for it."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, Final

from chandelier.control.operations import Operations
from chandelier.errors import InvalidRequest

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["DataOperations"]

Args = Mapping[str, Any]
LARGEST_FILE: Final = 2**31
_PIECE: Final = 512 * 1024
"""Bytes of a file in one line of the answer."""


class DataOperations:
    """Registers itself; each method is an operation."""

    def __init__(self, host: Host, operations: Operations) -> None:
        self._host = host
        operations.register("data.export", self.export)
        operations.register("data.erase", self.erase)
        operations.register("data.erasures", self.erasures)

    async def export(self, args: Args) -> AsyncGenerator[Any]:
        """Files in pieces, ``{"file": name, "data": base64}``, then who could not be asked."""
        user = _user(args)
        await self._host.audit.record("data.export", about=user)
        collected = await self._host.privacy.export(user)
        for name, content in await collected.pack(LARGEST_FILE):
            for start in range(0, max(1, len(content)), _PIECE):
                piece = content[start : start + _PIECE]
                yield {"file": name, "data": base64.b64encode(piece).decode("ascii")}
        yield {"missing": dict(collected.missing)}

    async def erase(self, args: Args) -> dict[str, Any]:
        """Erase a person's data as the owner's decision; answers with the account of it."""
        account = await self._host.privacy.erase(_user(args), "owner")
        return {
            "reference": account.reference,
            "done": account.done,
            "parts": [
                {
                    "plugin": part.plugin,
                    "erased": part.erased,
                    "kept": [
                        {"count": one.count, "what": str(one.what), "why": str(one.why)} for one in part.kept
                    ],
                    "problem": part.problem,
                }
                for part in account.parts
            ],
        }

    async def erasures(self, _: Args) -> list[dict[str, Any]]:
        """Erasures of which something is left to do."""
        return [
            {
                "reference": one.reference,
                "user": str(one.user_id),
                "asked_at": one.asked_at.isoformat(),
                "plugins": list(one.plugins),
                "problems": dict(one.problems),
            }
            for one in await self._host.privacy.open()
        ]


def _user(args: Args) -> int:
    user = args.get("user")
    if isinstance(user, bool) or not isinstance(user, int) or not 0 < user < 2**63:
        raise InvalidRequest("user is a person's id, a whole number")
    return user
