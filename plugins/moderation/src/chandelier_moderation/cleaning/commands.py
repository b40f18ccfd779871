"""`/purge`, and the buttons of its preview and its progress."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

import hikari
import lightbulb

import chandelier
from chandelier_moderation.acting.durations import zone_of
from chandelier_moderation.cleaning import cards
from chandelier_moderation.cleaning.moments import bound, snowflake_at
from chandelier_moderation.cleaning.pace import BULK_AGE
from chandelier_moderation.cleaning.replies import reply_of
from chandelier_moderation.cleaning.selection import LONGEST_PATTERN, Selection, Wanted
from chandelier_moderation.cleaning.tables import Purge
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

MOST = 5_000
"""Messages of one purge that a guild may allow at most."""
_NEEDED = (
    (hikari.Permissions.VIEW_CHANNEL, _("View Channel")),
    (hikari.Permissions.READ_MESSAGE_HISTORY, _("Read Message History")),
    (hikari.Permissions.MANAGE_MESSAGES, _("Manage Messages")),
)
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


@loader.command
class PurgeMessages(
    lightbulb.SlashCommand,
    name="purge",
    description="Delete many messages of this channel; shows first which, and asks",
    contexts=[hikari.ApplicationContextType.GUILD],
    default_member_permissions=hikari.Permissions.MANAGE_MESSAGES,
):
    """``/purge``."""

    capability = "purge"
    examples = ("/purge count:50", "/purge member:@bob after:2h", "/purge links:True bots:False")
    count = lightbulb.integer(
        "count", "How many at most, the newest first", default=None, min_value=1, max_value=MOST
    )
    member = lightbulb.user("member", "Only what they wrote; also of people who left", default=None)
    bots = lightbulb.boolean(
        "bots", "Only what bots and webhooks wrote; False: only what people wrote", default=None
    )
    text = lightbulb.string(
        "text", "Only with this text in it, in upper or lower case", default="", max_length=LONGEST_PATTERN
    )
    regex = lightbulb.string(
        "regex", "Only what this regular expression fits somewhere", default="", max_length=LONGEST_PATTERN
    )
    links = lightbulb.boolean("links", "Only with links; False: only without", default=None)
    attachments = lightbulb.boolean("attachments", "Only with attachments; False: only without", default=None)
    embeds = lightbulb.boolean("embeds", "Only with embeds; False: only without", default=None)
    before = lightbulb.string(
        "before",
        "Only before a message (link or id) or a time (2h 30m, 2026-01-31 18:00)",
        default=None,
        max_length=200,
    )
    after = lightbulb.string(
        "after",
        "Only after a message (link or id) or a time (2h 30m, 2026-01-31 18:00)",
        default=None,
        max_length=200,
    )
    pinned = lightbulb.boolean("pinned", "Pinned messages, too", default=False)
    reason = lightbulb.string("reason", "Why; for the log", default="", max_length=1_000)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Read the wishes, write them down and say that it is looked for; the timer does the rest."""
        assert ctx.guild_id is not None
        _check_permissions(ctx.interaction)
        config = await plugin.ctx.config_for(ctx.guild_id)
        wanted = self._wanted(ctx, plugin.ctx.now(), zone_of(config.time_zone))
        if wanted.count is not None and wanted.count > config.purge_most:
            raise chandelier.InvalidRequest(
                _("One purge deletes at most {most} messages in this server.", most=config.purge_most)
            )
        number = int(ctx.interaction.id)
        purge = Purge(
            id=number,
            guild_id=ctx.guild_id,
            channel_id=ctx.channel_id,
            moderator_id=ctx.user.id,
            reason=self.reason.strip(),
            state="looking",
            wanted=wanted.stored(),
            reply=reply_of(ctx.interaction),
            created_at=plugin.ctx.now(),
            cursor=min(number, wanted.before or number),
            most_old=config.purge_most_old,
            looked=0,
            log="off" if config.log_channel is None else "waiting",
            log_channel_id=config.log_channel,
        )
        if await plugin.cleaning.store.begin(purge):
            await ctx.respond(embed=cards.looking_card(purge, {}), ephemeral=True)
            await plugin.cleaning.store.hurry(number)

    def _wanted(self, ctx: lightbulb.Context, now: datetime, zone: tzinfo) -> Wanted:
        def read(text: str | None) -> int | None:
            if text is None or not text.strip():
                return None
            return bound(text, now=now, zone=zone, channel_id=ctx.channel_id)

        wanted = Wanted(
            count=self.count,
            member=None if self.member is None else int(self.member.id),
            bots=self.bots,
            text=self.text.strip(),
            regex=self.regex,
            links=self.links,
            attachments=self.attachments,
            embeds=self.embeds,
            before=read(self.before),
            after=read(self.after),
            pinned=self.pinned,
        )
        if not wanted.says_something:
            raise chandelier.InvalidRequest(
                _("Say which messages: a `count`, or what they have in common, such as `member` or `after`.")
            )
        if wanted.after is not None and wanted.before is not None and wanted.after >= wanted.before:
            raise chandelier.InvalidRequest(_("Nothing can be after `after` and before `before`: swap them."))
        Selection(wanted)  # says what is wrong with the expression
        return wanted


def _check_permissions(interaction: hikari.CommandInteraction) -> None:
    have = interaction.app_permissions or hikari.Permissions.NONE
    if hikari.Permissions.ADMINISTRATOR in have:
        return
    missing = [name for permission, name in _NEEDED if permission not in have]
    if missing:
        raise chandelier.InvalidRequest(
            _("I cannot delete messages here. I need: {permissions}.", permissions=_.join(", ", missing))
        )


def _past() -> chandelier.InvalidRequest:
    return chandelier.InvalidRequest(_("This purge has gone on without this button, or is over."))


async def _theirs(press: chandelier.ComponentPress, plugin: ModerationPlugin, state: str) -> Purge:
    purge = await plugin.cleaning.store.get(int(press.payload))
    if purge is None or purge.state != state:
        raise _past()
    if purge.moderator_id != press.user.id:
        raise chandelier.NotAllowed(_("Only who started this purge decides on it."))
    return purge


@loader.component("purge_go", capability="purge")
async def begin(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Delete what the preview shows."""
    purge = await _theirs(press, plugin, "asking")
    store = plugin.cleaning.store
    old_before = snowflake_at(plugin.ctx.now() - BULK_AGE)
    first_too_many = await store.nth_old(purge.id, old_before, purge.most_old)
    if first_too_many is not None:
        await store.settle_rest(purge.id, "old", sent_before=first_too_many + 1)
    counts = await store.counts(purge.id)
    audited = {"purge": str(purge.id), "channel": str(purge.channel_id), "messages": counts.get("found", 0)}
    reply = dict(reply_of(press.interaction))
    if not await store.switch(purge.id, "asking", "deleting", audited=audited, reply=reply):
        raise _past()
    await press.respond(embed=cards.progress_card(counts), components=[], edit=True, **_SILENT)
    await store.hurry(purge.id)


@loader.component("purge_cancel", capability="purge")
async def cancel(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Delete nothing."""
    purge = await _theirs(press, plugin, "asking")
    if not await plugin.cleaning.store.switch(purge.id, "asking", "cancelled"):
        raise _past()
    await press.respond(embed=cards.gone_card(_("You cancelled it.")), components=[], edit=True, **_SILENT)
    await plugin.cleaning.store.forget(purge.id)


@loader.component("purge_stop", capability="purge")
async def stop(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Delete no more."""
    purge = await _theirs(press, plugin, "deleting")
    counts = await plugin.cleaning.store.counts(purge.id)
    reply = dict(reply_of(press.interaction))
    if not await plugin.cleaning.store.switch(purge.id, "deleting", "stopping", reply=reply):
        raise _past()
    await press.respond(embed=cards.progress_card(counts, stopping=True), components=[], edit=True, **_SILENT)
    await plugin.cleaning.store.hurry(purge.id)
