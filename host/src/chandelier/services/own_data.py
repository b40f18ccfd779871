"""What the host itself stores about people: access rules, the audit log, changes of settings."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.languages import Messages
from chandelier.personal import AskedBy, Erasure, PersonalDataSource
from chandelier.plugin import PersonalData
from chandelier.services.access_rules import AccessRules
from chandelier.services.audit import AuditLog
from chandelier.storage.setting_changes import SettingChanges

__all__ = ["KINDS", "own_data"]

_ = Messages(__package__)

KINDS = (
    PersonalData(
        what=_("what servers let you do or not do with this bot (`/access`)"),
        why=_("so that the bot follows the server's rules"),
        kept=_("until the server takes the rule back"),
        on_erasure=_("what a server denies to you stays, so that erasing is no way around it"),
    ),
    PersonalData(
        what=_("what you changed about this bot, and what was changed about you"),
        why=_("so that a server's admins see who changed what"),
        kept=_("for the time that the owner has set; what was done stays, your name does not"),
    ),
)
"""What the plugin ``core`` tells members about it."""


def own_data(rules: AccessRules, audit: AuditLog, changes: SettingChanges) -> tuple[PersonalDataSource, ...]:
    """The host's own sources of personal data."""
    return (_Rules(rules), _Changes(changes), _Audit(audit))


class _Rules:
    name = "access_rules"

    def __init__(self, rules: AccessRules) -> None:
        self._rules = rules

    async def export_person(self, user_id: int, session: AsyncSession) -> Any:
        return await self._rules.export_person(user_id)

    async def erase_person(self, user_id: int, by: AskedBy, session: AsyncSession) -> Erasure:
        return Erasure(erased=await self._rules.erase_person(user_id, session=session))


class _Changes:
    name = "setting_changes"

    def __init__(self, changes: SettingChanges) -> None:
        self._changes = changes

    async def export_person(self, user_id: int, session: AsyncSession) -> Any:
        return [
            {
                "guild_id": str(change.guild_id),
                "plugin": change.plugin,
                "before": dict(change.before),
                "after": dict(change.after),
                "at": change.made_at.isoformat(),
            }
            for change in await self._changes.made_by(user_id)
        ]

    async def erase_person(self, user_id: int, by: AskedBy, session: AsyncSession) -> Erasure:
        return Erasure(erased=await self._changes.forget(user_id, session=session))


class _Audit:
    name = "audit"

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def export_person(self, user_id: int, session: AsyncSession) -> Any:
        return await self._audit.export_person(user_id)

    async def erase_person(self, user_id: int, by: AskedBy, session: AsyncSession) -> Erasure:
        return Erasure(erased=await self._audit.erase_person(user_id, session=session))
