"""The buttons of an alert: staff decides, each decision a case, the first one counts."""

from __future__ import annotations

from datetime import timedelta

import hikari

import chandelier
from chandelier_moderation.cases import Draft
from chandelier_moderation.enforcing.drafting import reason_for
from chandelier_moderation.enforcing.spoken import CHOICES, SILENT, alert_rows
from chandelier_moderation.enforcing.tables import StoredHit
from chandelier_moderation.plugin import ModerationPlugin
from chandelier_moderation.reasons import broken

__all__ = ["loader"]

_ = chandelier.Messages("chandelier_moderation")

loader = chandelier.Loader()

_CAPABILITIES = {
    "remove": ("remove", hikari.Permissions.MANAGE_MESSAGES),
    "warn": ("warn", hikari.Permissions.MODERATE_MEMBERS),
    "timeout": ("timeout", hikari.Permissions.MODERATE_MEMBERS),
    "kick": ("kick", hikari.Permissions.KICK_MEMBERS),
    "ban": ("ban", hikari.Permissions.BAN_MEMBERS),
    "dismiss": ("case", hikari.Permissions.MODERATE_MEMBERS),
}
_TIMEOUT = timedelta(hours=1)


@loader.component("automod")
async def answer(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Do what was chosen, once, and say under the alert who chose it."""
    kind, _dash, number = press.payload.partition("-")
    room, member = plugin.automod, press.member
    capability, default = _CAPABILITIES[kind]
    await plugin.ctx.access.require(press, capability, default)
    hit = await room.hits.find(int(number))
    if hit is None or member is None:
        raise chandelier.InvalidRequest(_("This alert is too old; act with a command."))
    if kind not in {"remove", "dismiss"}:
        await _check_hierarchy(plugin, member, hit)
    hit, first = await room.hits.handle(hit.id, press.user.id, kind)
    if hit is None:
        raise chandelier.InvalidRequest(_("This alert is too old; act with a command."))
    if not first:
        raise chandelier.InvalidRequest(
            _(
                "{moderator} answered this alert before: {what}.",
                moderator=f"<@{hit.handled_by}>",
                what=CHOICES.get(hit.handled_how or "", ""),
            )
        )
    said = _("{what}, by {moderator}", what=CHOICES[kind], moderator=f"<@{press.user.id}>")
    if kind != "dismiss":
        case, _new = await room.book.open(await _draft(plugin, hit, kind, press.user.id))
        said = _(
            "{what}, by {moderator}: case #{number}",
            what=CHOICES[kind],
            moderator=f"<@{press.user.id}>",
            number=case.number,
        )
    language = await plugin.ctx.language(hit.guild_id)
    embeds = list(press.interaction.message.embeds)
    if embeds:
        embeds[0].add_field(plugin.ctx.into(language, _("Answered")), plugin.ctx.into(language, said))
    rows = alert_rows(plugin.ctx, hit, language)
    await press.respond(embeds=embeds, components=rows, edit=True, **SILENT)


async def _check_hierarchy(plugin: ModerationPlugin, actor: hikari.Member, hit: StoredHit) -> None:
    standings = await chandelier.fetch_standings(
        plugin.ctx.rest, hit.guild_id, actor, hikari.Snowflake(hit.user_id), plugin.ctx.bot_id
    )
    actor_stands, target_stands, bot_stands = standings
    chandelier.check_hierarchy(actor=actor_stands, target=target_stands, bot=bot_stands)


async def _draft(plugin: ModerationPlugin, hit: StoredHit, kind: str, by: int) -> Draft:
    config = await plugin.ctx.config_for(hit.guild_id)
    rule = await plugin.automod.guilds.rule(hit.guild_id, hit.rule)
    name = hit.rule if rule is None else rule.name
    return Draft(
        guild_id=hit.guild_id,
        action=kind,
        target_id=hit.user_id,
        moderator_id=by,
        reason=broken(name, ", ".join(hit.found)) if rule is None else reason_for(rule, hit.found),
        source=f"alert-{hit.id}",
        log_channel_id=config.log_channel,
        tell_member=config.tell_member == "always" and hit.author == "member",
        channel_id=hit.channel_id,
        message_id=hit.message_id,
        evidence=hit.evidence,
        removes=kind == "remove",
        expires_at=plugin.ctx.now() + _TIMEOUT if kind == "timeout" else None,
        batch=f"automod-{hit.id}",
        rule=name,
        attachments=tuple(hit.attachments),
    )
