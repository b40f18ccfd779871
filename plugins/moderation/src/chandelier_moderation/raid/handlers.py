"""`/raid`, the buttons of raid mode, and the timers and outbox entries that carry it out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import hikari
import lightbulb

import chandelier
from chandelier_moderation.plugin import ModerationPlugin
from chandelier_moderation.raid.absence import ABSENCE
from chandelier_moderation.raid.cards import alert_card, ask_card, mark_of, off_card, report_card
from chandelier_moderation.raid.tables import ON, Raid

__all__ = ["joined", "loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

STAFF = hikari.Permissions.MODERATE_MEMBERS
LOOK_BACK = 50
"""Messages that are looked through for one that an interrupted attempt may have sent."""
_GUILD_ONLY = [hikari.ApplicationContextType.GUILD]
# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


async def joined(event: hikari.MemberCreateEvent, plugin: ModerationPlugin) -> None:
    """Somebody joined: hold them, or see whether there are too many. A bot was let in by somebody."""
    if not event.user.is_bot:
        await plugin.arrivals.add(int(event.guild_id), int(event.user_id))


@loader.listener(hikari.GuildAvailableEvent, hikari.GuildJoinEvent)
async def back(event: hikari.GuildAvailableEvent | hikari.GuildJoinEvent, plugin: ModerationPlugin) -> None:
    """At the start, and whenever the connection was lost for too long: joins may not have been heard of."""
    await plugin.absence.over(int(event.guild_id))


# ---- commands

_raid = lightbulb.Group(
    "raid", "Raid mode of this server", contexts=_GUILD_ONLY, default_member_permissions=STAFF
)


@_raid.register
class RaidStart(lightbulb.SlashCommand, name="start", description="Switch raid mode on"):
    """``/raid start``."""

    capability = "raid"
    examples = ("/raid start", "/raid start minutes:60")
    minutes = lightbulb.integer("minutes", "For how long", default=None, min_value=5, max_value=1_435)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Switch it on and show it."""
        raid, new = await plugin.raids.begin(ctx.guild_id or 0, by=ctx.user.id, minutes=self.minutes)
        if not new:
            raise chandelier.InvalidRequest(_("Raid mode is on already; see /raid show."))
        await ctx.respond(
            embed=alert_card(raid, await plugin.raids.count(raid)),
            component=await _row(plugin, raid, raid.guild_id),
            ephemeral=True,
        )


@_raid.register
class RaidStop(lightbulb.SlashCommand, name="stop", description="Switch raid mode off, restore everything"):
    """``/raid stop``."""

    capability = "raid"
    examples = ("/raid stop",)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Switch it off."""
        raid = await plugin.raids.current(ctx.guild_id or 0)
        if raid is None:
            raise chandelier.InvalidRequest(_("Raid mode is off."))
        await ctx.respond(await _ended(plugin, raid, ctx.user.id), ephemeral=True)


@_raid.register
class RaidShow(lightbulb.SlashCommand, name="show", description="Show raid mode, with a button to switch it"):
    """``/raid show``."""

    capability = "raid"
    examples = ("/raid show",)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show what there is."""
        guild_id = int(ctx.guild_id or 0)
        raid = await plugin.raids.current(guild_id)
        if raid is None:
            config = await plugin.ctx.config_for(guild_id)
            card = off_card(config.raid_joins, config.raid_seconds)
        else:
            card = alert_card(raid, await plugin.raids.count(raid))
        await ctx.respond(embed=card, component=await _row(plugin, raid, guild_id), ephemeral=True)


loader.command(_raid)


@loader.component("raid_start", capability="raid")
async def press_start(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """The button that switches raid mode on."""
    _raid, new = await plugin.raids.begin(press.guild_id or 0, by=press.user.id)
    said = _("Raid mode is on.") if new else _("Raid mode is on already; see /raid show.")
    await press.respond(said, ephemeral=True)


@loader.component("raid_end", capability="raid")
async def press_end(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """The button that switches raid mode off."""
    raid = await plugin.raids.find(int(press.payload))
    if raid is None or raid.guild_id != press.guild_id:
        raise chandelier.InvalidRequest(_("Raid mode is off."))
    await press.respond(await _ended(plugin, raid, press.user.id), ephemeral=True)


async def _ended(plugin: ModerationPlugin, raid: Raid, by: int) -> str:
    _raid, now = await plugin.raids.end(raid.id, by=by)
    if not now:
        raise chandelier.InvalidRequest(_("This raid mode has ended before."))
    return _("Raid mode ends. A report follows when everything is restored.")


async def _row(
    plugin: ModerationPlugin, raid: Raid | None, guild_id: int
) -> hikari.api.MessageActionRowBuilder:
    row, language = hikari.impl.MessageActionRowBuilder(), await plugin.ctx.language(guild_id)
    if raid is None:
        return row.add_interactive_button(
            hikari.ButtonStyle.DANGER,
            plugin.ctx.component_id("raid_start"),
            label=plugin.ctx.into(language, _("Start raid mode")),
        )
    return row.add_interactive_button(
        hikari.ButtonStyle.SUCCESS,
        _end_id(plugin, raid),
        label=plugin.ctx.into(language, _("End raid mode")),
        is_disabled=raid.state != ON,
    )


def _end_id(plugin: ModerationPlugin, raid: Raid) -> str:
    return plugin.ctx.component_id("raid_end", str(raid.id))


# ---- timers


@loader.timer("raid_hold")
async def hold(timer: chandelier.Timer, plugin: ModerationPlugin) -> None:
    """Hold those who came, some at a time; who comes while it runs sets the timer anew."""
    raid = await plugin.raids.find(int(timer.key))
    if raid is not None and await plugin.measures.hold(raid.id):
        await plugin.raids.hold_on(raid)


@loader.timer(ABSENCE)
async def absence(timer: chandelier.Timer, plugin: ModerationPlugin) -> datetime | None:
    """Look through some of the members for those who joined in a raid unheard."""
    return await plugin.absence.look(timer)


@loader.timer("raid_over")
async def over(timer: chandelier.Timer, plugin: ModerationPlugin) -> datetime | None:
    """Its time is over, unless it was prolonged."""
    raid = await plugin.raids.find(int(timer.key))
    if raid is None or raid.state != ON:
        return None
    if raid.ends_at > plugin.ctx.now():
        return raid.ends_at
    await plugin.raids.end(raid.id, by=None)
    return None


@loader.timer("raid_restore")
async def restore(timer: chandelier.Timer, plugin: ModerationPlugin) -> datetime | None:
    """Restore what it changed, some at a time."""
    raid = await plugin.raids.find(int(timer.key))
    return None if raid is None else await plugin.measures.restore(raid)


@loader.timer("raid_forget")
async def forget(timer: chandelier.Timer, plugin: ModerationPlugin) -> None:
    """Forget who joined meanwhile, long after its end."""
    await plugin.raids.forget_newcomers(int(timer.key))


# ---- effects


@loader.effect("raid_start")
async def start(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Open the cases."""
    raid = await _of(effect, plugin)
    if raid is not None and raid.state == ON:
        await plugin.measures.start(raid)


@loader.effect("raid_pause")
async def pause(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Pause invites."""
    raid = await _of(effect, plugin)
    if raid is not None:
        await plugin.measures.pause(raid)
        await plugin.ctx.outbox.put("raid_repost", key=f"{effect.key}-paused", payload={"raid": raid.id})


@loader.effect("raid_alert")
async def alert(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Tell staff, with a button to end it."""
    raid = await _of(effect, plugin)
    if raid is None or raid.channel_id is None or raid.message_id is not None:
        return
    config, language = (
        await plugin.ctx.config_for(raid.guild_id),
        await plugin.ctx.language(raid.guild_id),
    )
    mark = mark_of(raid)
    try:
        sent = await _sent(plugin, raid.channel_id, mark) if effect.uncertain else None
        if sent is None:
            sent = await plugin.ctx.rest.create_message(
                raid.channel_id,
                " ".join(f"<@&{role_id}>" for role_id in config.raid_roles) or hikari.UNDEFINED,
                embed=plugin.ctx.into(language, alert_card(raid, await plugin.raids.count(raid))),
                component=await _row(plugin, raid, raid.guild_id),
                user_mentions=False,
                role_mentions=config.raid_roles or False,
                mentions_everyone=False,
            )
    except (hikari.NotFoundError, hikari.ForbiddenError):
        plugin.ctx.log.warning("raid mode in guild {} could not be told in its channel", raid.guild_id)
        return
    await plugin.raids.change(raid, message_id=sent.id)
    await plugin.ctx.outbox.put("raid_repost", key=f"{raid.id}-told", payload={"raid": raid.id})


@loader.effect("raid_repost")
async def refresh(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Show raid mode as it is now in its message."""
    shown = None
    while True:
        raid = await _of(effect, plugin)
        if raid is None or raid.channel_id is None or raid.message_id is None:
            return
        state = (raid.state, raid.ends_at, raid.pausing, raid.ended_at)
        if state == shown:
            return
        card = alert_card(raid, await plugin.raids.count(raid))
        try:
            await plugin.ctx.rest.edit_message(
                raid.channel_id,
                raid.message_id,
                embed=plugin.ctx.into(await plugin.ctx.language(raid.guild_id), card),
                component=await _row(plugin, raid, raid.guild_id),
                **_SILENT,
            )
        except (hikari.NotFoundError, hikari.ForbiddenError):
            return  # someone took the message away; `/raid show` has it all
        shown = state


@loader.effect("raid_report")
async def report(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Say what there was, with the ids of all who joined."""
    raid = await _of(effect, plugin)
    if raid is None or raid.channel_id is None:
        return
    if effect.uncertain and await _sent(plugin, raid.channel_id, mark_of(raid, "report")) is not None:
        return
    newcomers = await plugin.raids.newcomers(raid)
    done, failed = await plugin.measures.outcome(raid)
    card = report_card(raid, len(newcomers), done, failed)
    ids = "\n".join(str(newcomer.user_id) for newcomer in newcomers)
    try:
        await plugin.ctx.rest.create_message(
            raid.channel_id,
            embed=plugin.ctx.into(await plugin.ctx.language(raid.guild_id), card),
            attachment=hikari.Bytes(ids, "newcomers.txt") if ids else hikari.UNDEFINED,
            **_SILENT,
        )
    except (hikari.NotFoundError, hikari.ForbiddenError):
        plugin.ctx.log.warning("the report of raid mode in guild {} could not be posted", raid.guild_id)


@loader.effect("raid_ask")
async def ask(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Ask staff whether it is a raid; no question is better than two."""
    guild_id, joins, seconds = (int(effect.payload[name]) for name in ("guild", "joins", "seconds"))
    config = await plugin.ctx.config_for(guild_id)
    channel_id = config.raid_channel or config.log_channel
    if channel_id is None or effect.uncertain or await plugin.raids.current(guild_id) is not None:
        return
    await plugin.ctx.rest.create_message(
        channel_id,
        " ".join(f"<@&{role_id}>" for role_id in config.raid_roles) or hikari.UNDEFINED,
        embed=plugin.ctx.into(await plugin.ctx.language(guild_id), ask_card(joins, seconds)),
        component=await _row(plugin, None, guild_id),
        user_mentions=False,
        role_mentions=config.raid_roles or False,
        mentions_everyone=False,
    )


async def _of(effect: chandelier.Effect, plugin: ModerationPlugin) -> Raid | None:
    return await plugin.raids.find(int(effect.payload["raid"]))


async def _sent(plugin: ModerationPlugin, channel_id: int, mark: str) -> hikari.Message | None:
    """The bot's own recent message with a mark: an attempt whose end nobody saw may have sent it."""

    def fits(message: hikari.Message) -> bool:
        footers = [embed.footer.text or "" for embed in message.embeds if embed.footer is not None]
        return message.author.id == plugin.ctx.bot_id and mark in footers

    return await _first(plugin, channel_id, fits)


async def _first(
    plugin: ModerationPlugin, channel_id: int, fits: Callable[[hikari.Message], bool]
) -> hikari.Message | None:
    async for message in plugin.ctx.rest.fetch_messages(channel_id).limit(LOOK_BACK):
        if fits(message):
            return message
    return None
