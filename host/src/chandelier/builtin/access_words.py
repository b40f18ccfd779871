"""What `/access` says about a decision, and about what Discord hides whatever the rules say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hikari

from chandelier.app import Host
from chandelier.builtin.catalog import entries
from chandelier.languages import Messages
from chandelier.services.access import Person, permission_names, permissions_of
from chandelier.services.access_rules import Rule
from chandelier.services.capabilities import Known, full_name
from chandelier.services.visibility import Viewer, Visibility, fetch_visibility

__all__ = ["admin_hint", "explain"]

_ = Messages(__package__)


def explain(
    person: Person, known: Known, rules: Sequence[Rule], *, bot_owner: bool, guild_owner_id: int
) -> list[str]:
    """The steps of a decision, in their order, up to the one that decides; it is marked with an arrow."""
    if bot_owner:
        return [_("➡️ Allowed: they own this bot, and may do everything with it.")]
    steps: list[str] = [_("1. They do not own this bot.")]
    deny = next((rule for rule in rules if not rule.allowed), None)
    allow = next((rule for rule in rules if rule.allowed), None)
    if deny is not None and person.user_id != guild_owner_id:
        also = [_("A rule allows it to {who}, but deny wins.", who=allow.who)] if allow is not None else []
        return [*steps, *also, _("➡️ Refused: a rule of this server denies it to {who}.", who=deny.who)]
    if deny is not None:
        steps.append(
            _("2. A rule denies it to {who}, but they own this server: no rule denies them.", who=deny.who)
        )
    elif allow is not None:
        return [*steps, _("➡️ Allowed: a rule of this server allows it to {who}.", who=allow.who)]
    else:
        steps.append(_("2. No rule of this server is about them and this."))
    if hikari.Permissions.ADMINISTRATOR in person.permissions:
        return [*steps, _("➡️ Allowed: they have the Discord permission **Administrator**.")]
    if known.default == hikari.Permissions.NONE:
        return [*steps, _("➡️ Allowed: without a rule, everybody may.")]
    missing = known.default & ~person.permissions
    if missing:
        return [
            *steps,
            _(
                "➡️ Refused: in this channel they do not have the Discord permission {missing}.",
                missing=permission_names(missing),
            ),
        ]
    return [
        *steps,
        _(
            "➡️ Allowed: in this channel they have the Discord permission {needed}.",
            needed=permission_names(known.default),
        ),
    ]


async def admin_hint(
    host: Host, guild: hikari.RESTGuild, who: hikari.Role | hikari.User, name: str
) -> list[str]:
    """What an admin still has to do on Discord so that those who are allowed see the commands at all."""
    application_id = int((await host.client._ensure_application()).id)
    seen = await fetch_visibility(host.bot.rest, application_id, int(guild.id))
    viewer = _viewer(guild, who)
    hidden = {
        f"`/{entry.root}`": entry.needed
        for entry in entries(host)
        if entry.capability is not None
        and full_name(entry.owner, entry.capability) == name
        and not (seen or Visibility(application_id, {})).shows(entry.command_id, entry.needed, viewer)
    }
    if not hidden:
        return []
    me = host.bot.get_me() or await host.bot.rest.fetch_my_user()
    commands, bot = ", ".join(sorted(hidden)), me.username
    shown = "@everyone" if who.id == guild.id else who.mention
    if seen is None:
        return [
            _(
                "Discord may still hide {commands} from them. If so, add {who} to it in Server Settings → "
                "Integrations → {bot}.",
                commands=commands,
                who=shown,
                bot=bot,
            )
        ]
    return [
        _(
            "Discord still hides {commands} from them: it shows that only to members with certain "
            "permissions. To change that, add {who} to it in Server Settings → Integrations → {bot}.",
            commands=commands,
            who=shown,
            bot=bot,
        )
    ]


def _viewer(guild: hikari.RESTGuild, who: Any) -> Viewer:
    if isinstance(who, hikari.Role):
        everyone = guild.roles.get(hikari.Snowflake(guild.id))
        permissions = who.permissions | (everyone.permissions if everyone else hikari.Permissions.NONE)
        return Viewer(guild_id=int(guild.id), role_ids=(int(who.id),), permissions=permissions)
    if not isinstance(who, hikari.Member):
        return Viewer(guild_id=int(guild.id), user_id=int(who.id))
    permissions = permissions_of(who, roles=guild.roles, owner_id=guild.owner_id)
    return Viewer(
        guild_id=int(guild.id),
        user_id=int(who.id),
        role_ids=tuple(int(role) for role in who.role_ids),
        permissions=permissions,
    )
