"""Whether somebody may make a rule that gives or takes roles: else it would be a way to promote oneself."""

from __future__ import annotations

from collections.abc import Iterable

import lightbulb

import chandelier
from chandelier_moderation.acting.requests import check_role
from chandelier_moderation.automod.actions import Action, GiveRole, TakeRole
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["check_roles"]

_ = chandelier.Messages("chandelier_moderation")


async def check_roles(ctx: lightbulb.Context, plugin: ModerationPlugin, actions: Iterable[Action]) -> None:
    """Let nobody have a rule give or take what they could not with `/role`.

    All roles of a rule are looked at whatever is changed of it: another trigger promotes others. Raises
    NotAllowed, or InvalidRequest for a role that is not of this server.
    """
    ids = {action.role for action in actions if isinstance(action, GiveRole | TakeRole)}
    if not ids or ctx.guild_id is None or ctx.member is None:
        return
    await plugin.ctx.access.require(ctx, "role")
    roles = {int(role.id): role for role in await plugin.ctx.rest.fetch_roles(ctx.guild_id)}
    for id_ in sorted(ids):
        role = roles.get(id_)
        if role is None:
            raise chandelier.InvalidRequest(_("There is no role with the id {id} in this server.", id=id_))
        await check_role(plugin, role, ctx.member)
