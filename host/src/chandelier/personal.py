"""What plugins and the host's own services say about the data they hold on a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import attrs
from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["AskedBy", "Erasure", "Kept", "PersonalDataSource", "PersonalExport"]

AskedBy = Literal["person", "owner"]
"""Who asks for an erasure: the person themselves, or the bot's owner, who has weighed what must be kept."""


@attrs.frozen(kw_only=True)
class Kept:
    """Something that is kept although an erasure was asked for; the person reads it."""

    count: int
    what: str
    """As in "cases of moderation about you"."""
    why: str
    """As in "a server's moderators have to be able to answer for them"."""


@attrs.frozen(kw_only=True)
class Erasure:
    """What an erasure did."""

    erased: int = 0
    """Records erased, or taken their person out of."""
    kept: tuple[Kept, ...] = ()


@attrs.frozen(kw_only=True)
class PersonalExport:
    """What is stored about a person: JSON-ready data, and files by name."""

    data: Mapping[str, Any]
    files: Mapping[str, bytes] = attrs.field(factory=dict[str, bytes])


class PersonalDataSource(Protocol):
    """A service of the host that stores something about people; see `Privacy.add`."""

    name: str
    """Its key in an export."""

    async def export_person(self, user_id: int, session: AsyncSession) -> Any:
        """All that it stores about a person, as JSON-ready data; None or empty for nothing."""
        ...

    async def erase_person(self, user_id: int, by: AskedBy, session: AsyncSession) -> Erasure:
        """Erase it in the session's transaction; called again after a crash."""
        ...
