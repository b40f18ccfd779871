"""Whether somebody may have a rule do something: promote nobody, and write into no other server."""

from __future__ import annotations

from collections.abc import Iterable

import lightbulb

import chandelier
from chandelier_moderation.acting.requests import check_role
from chandelier_moderation.automod.actions import Action, Alert, GiveRole, TakeRole
from chandelier_moderation.enforcing.spoken import in_guild
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["check_actions"]

_ = chandelier.Messages("chandelier_moderation")


async def check_actions(ctx: lightbulb.Context, plugin: ModerationPlugin, actions: Iterable[Action]) -> None:
    """Let nobody have a rule give or take what they could not with `/role`, or tell another server's staff.

    All roles of a rule are looked at whatever is changed of it: another trigger promotes others. Raises
    NotAllowed, or InvalidRequest for a role or a channel that is not of this server.
    """
    actions = tuple(actions)
    if ctx.guild_id is None or ctx.member is None:
        return
    for channel in {action.channel for action in actions if isinstance(action, Alert)} - {None}:
        if not await in_guild(plugin.ctx, ctx.guild_id, int(channel or 0)):
            raise chandelier.InvalidRequest(
                _("There is no channel with the id {id} in this server.", id=channel)
            )
    ids = {action.role for action in actions if isinstance(action, GiveRole | TakeRole)}
    if not ids:
        return
    await plugin.ctx.access.require(ctx, "role")
    roles = {int(role.id): role for role in await plugin.ctx.rest.fetch_roles(ctx.guild_id)}
    for id_ in sorted(ids):
        role = roles.get(id_)
        if role is None:
            raise chandelier.InvalidRequest(_("There is no role with the id {id} in this server.", id=id_))
        await check_role(plugin, role, ctx.member)
