"""Changing settings of a server so that nobody's change is lost, and noting who did it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chandelier.builtin.config.group import Place, fingerprint
from chandelier.config.schema import config_version
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages
from chandelier.storage.setting_changes import SettingChange

__all__ = ["ChangedMeanwhile", "change", "undo"]

_ = Messages(__package__)


class ChangedMeanwhile(InvalidRequest):
    """Somebody else changed the same setting since this person looked at it; nothing was changed now."""


async def change(place: Place, changes: Mapping[str, Any], *, expected: str | None = None) -> None:
    """Change settings; None takes this server's own value away.

    With ``expected``, a `fingerprint` of the same settings, nothing is changed when they are no longer what
    the person saw: raises ChangedMeanwhile. Raises InvalidRequest with every problem.
    """
    host, name = place.host, place.record.name
    async with host.database.transaction() as session:
        await host.settings.lock(place.guild_id, name, session)
        found = await host.settings.get(place.guild_id, name, session=session)
        stored = {} if found is None else found[1]
        if expected is not None and fingerprint(stored, list(changes)) != expected:
            raise ChangedMeanwhile(
                _("Somebody else changed this meanwhile, so I left it as it is now. Look, and try again.")
            )
        await place.record.context.configure(place.guild_id, changes, session=session, by=place.user_id)


async def undo(place: Place, made: SettingChange) -> None:
    """Take a change back, if what it set is still in force; raises InvalidRequest with what to do if not."""
    host, record = place.host, place.record
    assert record.description is not None and record.description.schema is not None
    async with host.database.transaction() as session:
        await host.settings.lock(place.guild_id, record.name, session)
        now = await host.settings.changes.get(place.guild_id, made.id, session=session)
        if now is None or now.undone_by is not None:
            raise InvalidRequest(_("That change has been taken back already. See `/config history`."))
        if made.version != config_version(record.description.schema):
            raise InvalidRequest(
                _(
                    "The plugin {plugin} was updated since, and its settings are no longer the same. Use "
                    "`/config set` to choose the value anew.",
                    plugin=record.name,
                )
            )
        found = await host.settings.get(place.guild_id, record.name, session=session)
        stored = {} if found is None else found[1]
        for name in made.names:
            if (name in stored) != (name in made.after) or stored.get(name) != made.after.get(name):
                raise InvalidRequest(
                    _(
                        "**{setting}** was changed again since. Undo that first, or use `/config set`.",
                        setting=name,
                    )
                )
        changes = {name: made.before.get(name) for name in made.names}
        await record.context.configure(
            place.guild_id, changes, session=session, by=place.user_id, undoes=made.id
        )
