"""The buttons and forms of appeals, `/appeals`, and the outbox entries that they lead to."""

from __future__ import annotations

from datetime import timedelta

import hikari
import lightbulb

import chandelier
from chandelier_moderation.appeals.cards import list_card
from chandelier_moderation.appeals.effects import inverse_of
from chandelier_moderation.appeals.tables import ACCEPTED, OPEN, Appeal
from chandelier_moderation.cards import has_words
from chandelier_moderation.plugin import ModerationPlugin
from chandelier_moderation.tables import Case

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

LONGEST = 900
"""Characters that a member or a moderator may write: as a block it has to fit a field of an embed."""
SHOWN = 10
"""Appeals that `/appeals` lists."""
_PERMISSIONS = {"ban": hikari.Permissions.BAN_MEMBERS}
"""What it takes to accept an appeal, where that ends more than a moderator can end."""


# ---- the member, in direct messages


@loader.component("appeal")
async def ask(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Show the form, or say why there is none."""
    case, cooldown = await _appealable(plugin, press)
    await plugin.docket.require_free(case, cooldown)
    row = hikari.impl.ModalActionRowBuilder()
    row.add_text_input(
        "text",
        _("Why should it be taken back?"),
        style=hikari.TextInputStyle.PARAGRAPH,
        max_length=LONGEST,
        required=True,
    )
    title = _("Appeal against case #{number}", number=case.number)
    await press.show_form(title, plugin.ctx.component_id("appeal", press.payload), row)


@loader.form("appeal")
async def file(form: chandelier.FormSubmit, plugin: ModerationPlugin) -> None:
    """Write the appeal down, unless something came between the button and the form."""
    case, cooldown = await _appealable(plugin, form)
    text = form.values.get("text", "").strip()
    if not has_words(text):
        raise chandelier.InvalidRequest(_("An appeal needs words: say why it should be taken back."))
    shown = form.interaction.message
    await plugin.docket.file(
        case,
        text,
        f"interaction-{form.interaction.id}",
        cooldown=cooldown,
        message=None if shown is None else (int(shown.channel_id), int(shown.id)),
    )
    said = _("Your appeal is with the server's staff. You will be told here what they decide.")
    await form.respond(said, ephemeral=True)


async def _appealable(
    plugin: ModerationPlugin, who: chandelier.ComponentPress | chandelier.FormSubmit
) -> tuple[Case, timedelta]:
    """The case that a button is about, when its member may still appeal against it, and the cool-down."""
    guild_id, number = map(int, who.payload.split("-"))
    case = await plugin.book.find(guild_id, number)
    if case is None or case.target_id != who.user.id:
        raise chandelier.InvalidRequest(_("This case is not about you, or its data was erased."))
    if case.voided_at is not None:
        raise chandelier.InvalidRequest(_("This case no longer counts: there is nothing left to appeal."))
    config = await plugin.ctx.config_for(guild_id)
    if config.appeals_channel is None:
        raise chandelier.InvalidRequest(_("This server takes no appeals at the moment."))
    return case, timedelta(days=config.appeals_cooldown)


# ---- staff


@loader.component("appeal_accept", capability="appeal")
async def accept(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Ask for a word to the member; sending the form accepts."""
    appeal, _case = await _decidable(plugin, press, accept=True)
    title = _("Accept the appeal against #{number}", number=appeal.number)
    custom_id = plugin.ctx.component_id("appeal_accept", press.payload)
    await press.show_form(title, custom_id, _answer_row())


@loader.component("appeal_refuse", capability="appeal")
async def refuse(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Ask for a word to the member; sending the form refuses."""
    appeal, _case = await _decidable(plugin, press, accept=False)
    title = _("Refuse the appeal against #{number}", number=appeal.number)
    custom_id = plugin.ctx.component_id("appeal_refuse", press.payload)
    await press.show_form(title, custom_id, _answer_row())


@loader.form("appeal_accept", capability="appeal")
async def accepted(form: chandelier.FormSubmit, plugin: ModerationPlugin) -> None:
    """The appeal is accepted."""
    await _decide(form, plugin, accept=True)


@loader.form("appeal_refuse", capability="appeal")
async def refused(form: chandelier.FormSubmit, plugin: ModerationPlugin) -> None:
    """The appeal is refused."""
    await _decide(form, plugin, accept=False)


async def _decide(form: chandelier.FormSubmit, plugin: ModerationPlugin, *, accept: bool) -> None:
    appeal, _case = await _decidable(plugin, form, accept=accept)
    said = form.values.get("answer", "").strip()
    answer = said if has_words(said) else None
    appeal, now = await plugin.docket.decide(appeal.id, accept=accept, by=form.user.id, answer=answer)
    if not now:
        raise _decided_before(appeal)
    number = {"number": appeal.number}
    text = (
        _("The appeal against case #{number} is accepted. The member is told.", **number)
        if accept
        else _("The appeal against case #{number} is refused. The member is told.", **number)
    )
    await form.respond(text, ephemeral=True)


async def _decidable(
    plugin: ModerationPlugin, who: chandelier.ComponentPress | chandelier.FormSubmit, *, accept: bool
) -> tuple[Appeal, Case | None]:
    """The appeal that a button is about, when this person may decide it now."""
    appeal = await plugin.docket.get(who.guild_id or 0, int(who.payload))
    if appeal.state != OPEN:
        raise _decided_before(appeal)
    if appeal.user_id == who.user.id:
        raise chandelier.NotAllowed(_("This appeal is yours; another moderator has to decide on it."))
    case = await plugin.book.find(appeal.guild_id, appeal.number)
    if accept and case is not None and inverse_of(case) is not None and case.action in _PERMISSIONS:
        await plugin.ctx.access.require(who, "appeal", _PERMISSIONS[case.action])
    return appeal, case


def _decided_before(appeal: Appeal) -> chandelier.InvalidRequest:
    if appeal.decided_by is None:
        return chandelier.InvalidRequest(_("The member took this appeal back."))
    by = {"who": f"<@{appeal.decided_by}>"}
    if appeal.state == ACCEPTED:
        return chandelier.InvalidRequest(_("{who} accepted this appeal before.", **by))
    return chandelier.InvalidRequest(_("{who} refused this appeal before.", **by))


def _answer_row() -> hikari.api.ModalActionRowBuilder:
    row = hikari.impl.ModalActionRowBuilder()
    return row.add_text_input(
        "answer",
        _("What they read (may stay empty)"),
        style=hikari.TextInputStyle.PARAGRAPH,
        max_length=LONGEST,
        required=False,
    )


@loader.command
class Appeals(
    lightbulb.SlashCommand,
    name="appeals",
    description="Show the appeals that wait for a decision",
    contexts=[hikari.ApplicationContextType.GUILD],
    default_member_permissions=hikari.Permissions.MODERATE_MEMBERS,
):
    """``/appeals``; also brings those to staff that could not be posted."""

    capability = "appeal"
    examples = ("/appeals",)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """List them, oldest first."""
        found, total = await plugin.docket.waiting(ctx.guild_id or 0, SHOWN)
        for appeal in found:
            if appeal.post == "failed":
                await plugin.docket.post_again(appeal.id)
        await ctx.respond(embed=list_card(list(found), total), ephemeral=True)


# ---- effects


@loader.effect("appeal_post")
async def post(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Bring an appeal to staff."""
    await plugin.appeals.post(effect)


@loader.effect("appeal_repost")
async def refresh(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Show an appeal as it is now."""
    await plugin.appeals.refresh(effect)


@loader.effect("appeal_undo")
async def undo(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """End what the case did."""
    await plugin.appeals.undo(effect)


@loader.effect("appeal_tell")
async def tell(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Tell the member."""
    await plugin.appeals.tell(effect)
