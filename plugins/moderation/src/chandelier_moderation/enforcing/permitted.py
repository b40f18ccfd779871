"""Whether somebody may have rules do something: nobody has a rule do what they may not do themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs
import lightbulb

import chandelier
from chandelier_moderation.acting.requests import check_role
from chandelier_moderation.automod.actions import (
    Action,
    Alert,
    Ban,
    GiveRole,
    Kick,
    Ladder,
    Lockdown,
    Points,
    Slowmode,
    TakeRole,
    Timeout,
)
from chandelier_moderation.automod.rules import Rule, RuleSet
from chandelier_moderation.enforcing.spoken import in_guild
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["check_rules"]

_ = chandelier.Messages("chandelier_moderation")

_NEEDS: Final[Mapping[type[Action], str]] = {
    Ban: "ban",
    Kick: "kick",
    Timeout: "timeout",
    GiveRole: "role",
    TakeRole: "role",
    Slowmode: "slowmode",
    Lockdown: "lockdown",
}
"""The capability of the command that does the same. What is not here, whoever manages rules may have done."""
_ON_MEMBERS: Final = (Ban, Kick, Timeout, GiveRole, TakeRole)
_ON_STAFF: Final = "automod_staff"
"""The capability to have that done to staff: they may stand above whoever makes the rule."""


@attrs.frozen
class _Deed:
    """Something that is done by a rule, or by a step of the ladder."""

    action: Action
    where: str
    staff: bool
    """Whether it may happen to staff."""


async def check_rules(
    ctx: lightbulb.Context,
    plugin: ModerationPlugin,
    rules: Iterable[Rule] = (),
    *,
    ladder: Ladder | None = None,
) -> None:
    """Let nobody have rules do what they may not do with a command, or tell another server's staff.

    All that a rule does is looked at whatever is changed of it: another trigger bans others. Rules that give
    points do what the steps of the ladder do: of ``ladder`` when that is to be put in force, else of the one
    that there is. Raises NotAllowed with everything that is missing, or InvalidRequest for a role or a
    channel that is not of this server.
    """
    if ctx.guild_id is None or ctx.member is None:
        return
    rules = tuple(rules)
    stored = RuleSet()
    if ladder is not None or any(map(_climbs, rules)):
        stored = await plugin.automod.guilds.store.rules(ctx.guild_id)
    deeds = [*_deeds(rules, stored, ladder)]
    for channel in {deed.action.channel for deed in deeds if isinstance(deed.action, Alert)} - {None}:
        if not await in_guild(plugin.ctx, ctx.guild_id, int(channel or 0)):
            raise chandelier.InvalidRequest(
                _("There is no channel with the id {id} in this server.", id=channel)
            )
    await _check_capabilities(ctx, plugin, deeds)
    ids = {deed.action.role for deed in deeds if isinstance(deed.action, GiveRole | TakeRole)}
    if not ids:
        return
    roles = {int(role.id): role for role in await plugin.ctx.rest.fetch_roles(ctx.guild_id)}
    for id_ in sorted(ids):
        role = roles.get(id_)
        if role is None:
            raise chandelier.InvalidRequest(_("There is no role with the id {id} in this server.", id=id_))
        await check_role(plugin, role, ctx.member)


def _deeds(rules: Sequence[Rule], stored: RuleSet, ladder: Ladder | None) -> Iterator[_Deed]:
    for rule in rules:
        where = _("the rule “{name}”", name=rule.name)
        for action in rule.actions:
            yield _Deed(action, where, rule.scope.staff == "include")
    climbing = [rule for rule in (*rules, *(() if ladder is None else stored.rules)) if _climbs(rule)]
    staff = any(rule.scope.staff == "include" for rule in climbing)
    for step in (stored.ladder if ladder is None else ladder).steps:
        where = _("the ladder, from {points} points", points=step.points)
        for action in step.actions:
            yield _Deed(action, where, staff)


def _climbs(rule: Rule) -> bool:
    return any(isinstance(action, Points) for action in rule.actions)


async def _check_capabilities(
    ctx: lightbulb.Context, plugin: ModerationPlugin, deeds: Sequence[_Deed]
) -> None:
    """Each is asked for once and named with the first that needs it; all that is missing is said at once."""
    needed: dict[str, str] = {}
    on_staff = ""
    for deed in deeds:
        capability, named = _NEEDS.get(type(deed.action)), {"do": deed.action.do, "where": deed.where}
        if capability is not None:
            needed.setdefault(capability, _("`{do}` ({where})", **named))
        if deed.staff and isinstance(deed.action, _ON_MEMBERS):
            on_staff = on_staff or _("`{do}`, to staff too ({where})", **named)
    missing: list[str] = []
    for capability, what in needed.items():
        try:
            await plugin.ctx.access.require(ctx, capability)
        except chandelier.NotAllowed as error:
            missing.append(_("- {what}: {why}", what=what, why=chandelier.message_of(error)))
    if on_staff:
        try:
            await plugin.ctx.access.require(ctx, _ON_STAFF)
        except chandelier.NotAllowed as error:
            missing.append(_("- {what}: {why}", what=on_staff, why=chandelier.message_of(error)))
    if missing:
        first = _("Nothing was saved: nobody has a rule do what they may not do themselves.")
        raise chandelier.NotAllowed(_.join("\n", [first, *missing]))
