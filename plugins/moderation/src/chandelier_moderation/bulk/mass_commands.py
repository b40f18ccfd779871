"""`/massban` and `/massunban`: a list, a preview, a confirmation, progress, and an account of everybody."""

from __future__ import annotations

from typing import Any

import hikari
import lightbulb

import chandelier
from chandelier_moderation.bulk.batch_cards import account_card, account_file, preview_card
from chandelier_moderation.bulk.failures import why_of
from chandelier_moderation.bulk.ids import Pasted, read_ids
from chandelier_moderation.bulk.runner import MOST, rows_of
from chandelier_moderation.cards import has_words
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

REASON_LENGTH = 500
"""Characters; it also goes to Discord's audit log, which takes 512."""
LARGEST_FILE = 256 * 1024
"""Bytes of a file with ids: ten times what `MOST` of them need."""
FOLLOWED = 600.0
"""Seconds for which the answer shows the progress by itself; Discord lets it be edited for 900."""
BETWEEN = 3.0
"""Seconds between two looks at the progress."""

_GUILD_ONLY = [hikari.ApplicationContextType.GUILD]
_STAFF = hikari.Permissions.BAN_MEMBERS
_DAYS = [
    lightbulb.Choice("nothing", 0),
    lightbulb.Choice("the last hour", 3_600),
    lightbulb.Choice("the last day", 86_400),
    lightbulb.Choice("the last 7 days", 604_800),
]
CAPABILITIES = {"ban": "massban", "unban": "massunban"}


@loader.command
class MassBan(
    lightbulb.SlashCommand,
    name="massban",
    description="Ban many at once: a list of ids, a preview, then a confirmation",
    contexts=_GUILD_ONLY,
    default_member_permissions=_STAFF,
):
    """``/massban``; without a list it opens a form to paste one into."""

    capability = "massban"
    examples = ("/massban ids:123456789012345678 234567890123456789 reason:raid",)
    ids = lightbulb.string("ids", "Ids or mentions; leave it out to paste a list into a form", default=None)
    file = lightbulb.attachment("file", "A text file with the ids", default=None)
    reason = lightbulb.string("reason", "Why", max_length=REASON_LENGTH, default=None)
    delete = lightbulb.integer("delete", "Which of their messages to delete", choices=_DAYS, default=0)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show the preview, or the form."""
        details = {"delete_seconds": self.delete} if self.delete else {}
        await _asked(ctx, plugin, "ban", self.ids, self.file, self.reason, details)


@loader.command
class MassUnban(
    lightbulb.SlashCommand,
    name="massunban",
    description="Lift many bans at once: a list of ids, a preview, then a confirmation",
    contexts=_GUILD_ONLY,
    default_member_permissions=_STAFF,
):
    """``/massunban``; without a list it opens a form to paste one into."""

    capability = "massunban"
    examples = ("/massunban ids:123456789012345678 234567890123456789",)
    ids = lightbulb.string("ids", "Ids or mentions; leave it out to paste a list into a form", default=None)
    file = lightbulb.attachment("file", "A text file with the ids", default=None)
    reason = lightbulb.string("reason", "Why", max_length=REASON_LENGTH, default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show the preview, or the form."""
        await _asked(ctx, plugin, "unban", self.ids, self.file, self.reason, {})


@loader.form("massban", capability="massban")
async def massban_form(form: chandelier.FormSubmit, plugin: ModerationPlugin) -> None:
    """The pasted list of `/massban`; the payload says what is deleted."""
    seconds = int(form.payload)
    details = {"delete_seconds": seconds} if seconds else {}
    await _propose(form, plugin, "ban", form.values["ids"], form.values["reason"], details)


@loader.form("massunban", capability="massunban")
async def massunban_form(form: chandelier.FormSubmit, plugin: ModerationPlugin) -> None:
    """The pasted list of `/massunban`."""
    await _propose(form, plugin, "unban", form.values["ids"], form.values["reason"], {})


@loader.component("batch_go")
async def go(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Confirm: carry out what the preview shows, and show the progress in its place."""
    account = await plugin.bulk.batches.account(press.payload)
    await plugin.ctx.access.require(press, CAPABILITIES[account.batch.action])
    _same_server(press, account.batch.guild_id)
    _batch, now = await plugin.bulk.batches.start(press.payload)
    account = await plugin.bulk.batches.account(press.payload)
    await _show(press, plugin, account, edit=True)
    if now:
        plugin.ctx.spawn(_follow(press, plugin, press.payload), f"progress of batch {press.payload}")


@loader.component("batch_stop")
async def stop(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Put a preview aside."""
    account = await plugin.bulk.batches.account(press.payload)
    _same_server(press, account.batch.guild_id)
    if not await plugin.bulk.batches.cancel(press.payload):
        raise chandelier.InvalidRequest(_("Too late: it was confirmed. Undo it from its post in the log."))
    account = await plugin.bulk.batches.account(press.payload)
    await press.respond(embed=account_card(account), components=[], edit=True)


@loader.component("batch_account", capability="case")
async def whole_account(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Give the account of everybody as a file."""
    account = await plugin.bulk.batches.account(press.payload)
    _same_server(press, account.batch.guild_id)
    locale = str(press.interaction.locale)
    why = {
        entry.target_id: plugin.ctx.into(locale, why_of(entry.why)) for entry in account.entries if entry.why
    }
    name = f"{account.batch.action}-{account.batch.key}.csv"
    await press.respond(
        embed=account_card(account),
        attachment=hikari.Bytes(account_file(account, why), name, mimetype="text/csv"),
        ephemeral=True,
    )


async def _asked(
    ctx: lightbulb.Context,
    plugin: ModerationPlugin,
    action: str,
    ids: str | None,
    file: hikari.Attachment | None,
    reason: str | None,
    details: dict[str, Any],
) -> None:
    if ids is None and file is None:
        payload = str(details.get("delete_seconds", 0))
        name = CAPABILITIES[action]
        await ctx.respond_with_modal(
            _("Mass ban") if action == "ban" else _("Mass unban"),
            plugin.ctx.component_id(name, payload),
            components=_form(reason),
        )
        return
    text = ids or ""
    if file is not None:
        if file.size > LARGEST_FILE:
            raise chandelier.InvalidRequest(
                _("The file is too large: a list of ids has at most {n} KiB.", n=LARGEST_FILE // 1024)
            )
        text += "\n" + (await file.read()).decode("utf-8", "replace")
    await _propose(ctx, plugin, action, text, reason or "", details)


async def _propose(
    asked: lightbulb.Context | chandelier.FormSubmit,
    plugin: ModerationPlugin,
    action: str,
    text: str,
    reason: str,
    details: dict[str, Any],
) -> None:
    """Write the batch down and show what would happen."""
    pasted: Pasted = read_ids(text)
    guild_id, actor = asked.interaction.guild_id, asked.interaction.member
    assert guild_id is not None
    assert actor is not None
    if not pasted.ids:
        raise chandelier.InvalidRequest(
            _("There is no id in it. Ids are numbers of 17 to 20 digits; “Copy User ID” gives you one.")
        )
    if len(pasted.ids) > MOST:
        raise chandelier.InvalidRequest(
            _("These are {n} people; at most {most} go in one batch.", n=len(pasted.ids), most=MOST)
        )
    targets, unchecked = await plugin.bulk.runner.look_at(guild_id, actor, action, pasted.ids)
    config = await plugin.ctx.config_for(guild_id)
    key = str(asked.interaction.id)
    await plugin.bulk.batches.write(
        key,
        targets,
        guild_id=int(guild_id),
        action=action,
        moderator_id=int(actor.id),
        reason=reason.strip() if has_words(reason) else "",
        details=details,
        log_channel_id=config.log_channel,
    )
    account = await plugin.bulk.batches.account(key)
    row = hikari.impl.MessageActionRowBuilder()
    waiting = len(account.of("waiting"))
    if waiting:
        label = (
            _.count("Ban 1 person", "Ban {n} people", waiting)
            if action == "ban"
            else _.count("Unban 1 person", "Unban {n} people", waiting)
        )
        style = hikari.ButtonStyle.DANGER if action == "ban" else hikari.ButtonStyle.PRIMARY
        row.add_interactive_button(style, plugin.ctx.component_id("batch_go", key), label=label)
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, plugin.ctx.component_id("batch_stop", key), label=_("Cancel")
    )
    await asked.respond(embed=preview_card(account, pasted, unchecked), components=[row], ephemeral=True)


async def _follow(press: chandelier.ComponentPress, plugin: ModerationPlugin, key: str) -> None:
    """Keep the answer up to date; the log and the button go on when this does not."""
    clock, shown = plugin.ctx.clock, -1
    begun = clock.monotonic()
    while clock.monotonic() - begun < FOLLOWED:
        await clock.sleep(BETWEEN)
        account = await plugin.bulk.batches.account(key)
        over = account.batch.state == "done"
        settled = len(account.entries) - len(account.of("waiting"))
        if settled != shown or over:
            try:
                await _edit(press, plugin, account)
            except hikari.HTTPError:
                return  # the person has dismissed it
            shown = settled
        if over:
            return


async def _show(
    press: chandelier.ComponentPress, plugin: ModerationPlugin, account: Any, *, edit: bool
) -> None:
    rows = rows_of(plugin.ctx, account, lambda text: text)
    await press.respond(embed=account_card(account), components=rows, edit=edit, ephemeral=not edit)


async def _edit(press: chandelier.ComponentPress, plugin: ModerationPlugin, account: Any) -> None:
    locale = str(press.interaction.locale)
    rows = rows_of(plugin.ctx, account, lambda text: plugin.ctx.into(locale, text))
    card = plugin.ctx.into(locale, account_card(account))
    await press.interaction.edit_initial_response(embed=card, components=rows)


def _form(reason: str | None) -> list[hikari.api.ModalActionRowBuilder]:
    ids = hikari.impl.ModalActionRowBuilder().add_text_input(
        "ids", _("Ids or mentions"), style=hikari.TextInputStyle.PARAGRAPH, max_length=4_000
    )
    why = hikari.impl.ModalActionRowBuilder().add_text_input(
        "reason", _("Reason"), required=False, max_length=REASON_LENGTH, value=reason or hikari.UNDEFINED
    )
    return [ids, why]


def _same_server(press: chandelier.ComponentPress, guild_id: int) -> None:
    if press.guild_id != guild_id:
        raise chandelier.NotAllowed(_("This belongs to another server."))
