"""The menu of a message: "Act on this message" for moderators, "Report to moderators" for everybody."""

from __future__ import annotations

from typing import Any

import hikari
import lightbulb

import chandelier
from chandelier_moderation.acting.requests import REASON_LENGTH, Asked, ask, until
from chandelier_moderation.bulk.pick_cards import ACTIONS, act_card, act_rows
from chandelier_moderation.cards import has_words, settled_card
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

_GUILD_ONLY = [hikari.ApplicationContextType.GUILD]
_DURATION = {"timeout": True, "ban": False}
"""Actions that may last for a time, and whether they have to."""
_CAPABILITIES = {"remove": "remove", "warn": "warn", "timeout": "timeout", "kick": "kick", "ban": "ban"}
_NO = frozenset({"no", "n", "non", "0", "false"})


@loader.command
class ActOnMessage(
    lightbulb.MessageCommand,
    name="Act on this message",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.MODERATE_MEMBERS,
):
    """What can be done about a message and its author, with the message as the evidence."""

    capability = "case"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show the choices to the moderator alone."""
        pick = await plugin.bulk.picks.pick(int(ctx.guild_id or 0), self.target)
        await _show(ctx, plugin, int(ctx.guild_id or 0), pick.message_id)


@loader.command
class ReportMessage(lightbulb.MessageCommand, name="Report to moderators", contexts=_GUILD_ONLY):
    """Anybody's way to show a message to the moderators."""

    capability = "report"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Report it at once, before its author can delete it; the reason can follow."""
        message, guild_id = self.target, int(ctx.guild_id or 0)
        if message.author.id == ctx.user.id:
            raise chandelier.InvalidRequest(_("This is your own message; you can delete it."))
        if message.author.id == plugin.ctx.bot_id:
            raise chandelier.InvalidRequest(
                _("I wrote this myself; tell the moderators what is wrong with it.")
            )
        new = await plugin.bulk.picks.report(guild_id, message, int(ctx.user.id))
        row = hikari.impl.MessageActionRowBuilder().add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            plugin.ctx.component_id("report_why", str(int(message.id))),
            label=_("Say why"),
        )
        said = _("Thank you. The moderators see it now.") if new else _("You have reported it before.")
        await ctx.respond(said, components=[row], ephemeral=True)


@loader.component("report_why", capability="report")
async def ask_why(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Open the form for the reason of a report."""
    row = hikari.impl.ModalActionRowBuilder().add_text_input(
        "why", _("What is wrong with it?"), style=hikari.TextInputStyle.PARAGRAPH, max_length=500
    )
    form = plugin.ctx.component_id("report_why", press.payload)
    await press.show_form(_("Report to moderators"), form, row)


@loader.form("report_why", capability="report")
async def explain(form: chandelier.FormSubmit, plugin: ModerationPlugin) -> None:
    """Add the reason to the report."""
    why = form.values["why"]
    if not has_words(why):
        raise chandelier.InvalidRequest(_("There are no words in it."))
    await plugin.bulk.picks.explain(int(form.guild_id or 0), int(form.payload), int(form.user.id), why)
    await form.respond(_("Thank you. The moderators see it now."), ephemeral=True)


@loader.component("report_dismiss", capability="case")
async def dismiss(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Put a report aside."""
    pick = await plugin.bulk.picks.get(int(press.guild_id or 0), int(press.payload))
    if not await plugin.bulk.picks.settle(pick.message_id, "dismissed", int(press.user.id)):
        raise chandelier.InvalidRequest(_("Somebody has dealt with it already."))
    await press.respond(_("The report is put aside."), ephemeral=True)


@loader.component("act_open", capability="case")
async def open_choices(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Show what can be done about a reported message."""
    await _show(press, plugin, int(press.guild_id or 0), int(press.payload))


@loader.component("act")
async def choose(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Open the form of one action."""
    action, _dash, _message = press.payload.partition("-")
    await plugin.ctx.access.require(press, _CAPABILITIES[action])
    rows = [
        hikari.impl.ModalActionRowBuilder().add_text_input(
            "reason",
            _("Reason"),
            style=hikari.TextInputStyle.PARAGRAPH,
            max_length=REASON_LENGTH,
            required=action == "warn",
        )
    ]
    if action in _DURATION:
        rows.append(
            hikari.impl.ModalActionRowBuilder().add_text_input(
                "duration",
                _("For how long or until when"),
                placeholder=_("90m, 2d, tomorrow 18:00"),
                required=_DURATION[action],
                max_length=100,
            )
        )
    if action != "remove":
        rows.append(
            hikari.impl.ModalActionRowBuilder().add_text_input(
                "delete", _("Delete the message?"), value=_("yes"), required=False, max_length=10
            )
        )
    await press.show_form(ACTIONS[action], plugin.ctx.component_id("act", press.payload), *rows)


@loader.form("act")
async def act(form: chandelier.FormSubmit, plugin: ModerationPlugin) -> None:
    """Do it, with the message as the evidence."""
    action, _dash, message_id = form.payload.partition("-")
    await plugin.ctx.access.require(form, _CAPABILITIES[action])
    guild_id, actor = int(form.guild_id or 0), form.member
    assert actor is not None
    pick = await plugin.bulk.picks.get(guild_id, int(message_id))
    written = form.values.get("duration", "").strip()
    removes = action == "remove" or form.values.get("delete", "").strip().casefold() not in _NO
    if removes and action != "remove":
        await plugin.ctx.access.require(form, "remove")
    target = await _person(plugin, guild_id, pick.author_id)
    case, new = await ask(
        plugin,
        Asked(
            action=action,
            target=target,
            actor=actor,
            source=f"interaction-{form.interaction.id}",
            reason=form.values["reason"],
            expires_at=await until(plugin, guild_id, written) if written else None,
            more={
                "channel_id": pick.channel_id,
                "message_id": pick.message_id,
                "evidence": pick.content or None,
                "attachments": tuple(pick.attachments),
                "removes": removes,
            },
        ),
    )
    await form.respond(embed=settled_card(case, new=new), ephemeral=True)


async def _show(asked: Any, plugin: ModerationPlugin, guild_id: int, message_id: int) -> None:
    pick = await plugin.bulk.picks.get(guild_id, message_id)
    history = await plugin.book.history(guild_id, pick.author_id, 0)
    await asked.respond(
        embed=act_card(pick, history.total), components=act_rows(plugin.ctx, pick), ephemeral=True
    )


async def _person(plugin: ModerationPlugin, guild_id: int, user_id: int) -> hikari.User:
    """The member, or the user who left; webhooks are nobody, which Discord says with a 404."""
    try:
        return await plugin.ctx.rest.fetch_member(guild_id, user_id)
    except hikari.NotFoundError:
        pass
    try:
        return await plugin.ctx.rest.fetch_user(user_id)
    except hikari.NotFoundError:
        raise chandelier.InvalidRequest(_("A webhook wrote this: there is nobody to act on.")) from None
