"""`/warn`, `/case view` and `/history`, and the buttons that outlive them."""

from __future__ import annotations

import hikari
import lightbulb

import chandelier
from chandelier_moderation.acting.evidence import message_named, message_option
from chandelier_moderation.acting.requests import REASON_LENGTH, Asked, ask
from chandelier_moderation.cards import has_words, settled_card
from chandelier_moderation.casebook.look import history_page, view_card
from chandelier_moderation.cases import History
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["REASON_LENGTH", "case_group", "loader"]

loader = chandelier.Loader()
_ = chandelier.Messages(__package__)

STAFF = hikari.Permissions.MODERATE_MEMBERS

_GUILD_ONLY = [hikari.ApplicationContextType.GUILD]


@loader.command
class Warn(
    lightbulb.SlashCommand,
    name="warn",
    description="Warn a member: they are told, and it becomes a case",
    contexts=_GUILD_ONLY,
    default_member_permissions=STAFF,
):
    """``/warn``."""

    capability = "warn"
    examples = ("/warn member:@bob reason:spam",)
    member = lightbulb.user("member", "Who")
    reason = lightbulb.string("reason", "Why; they will read it", max_length=REASON_LENGTH)
    message = message_option()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Check, write the case, answer; the outbox does the rest."""
        reason, target, actor = self.reason.strip(), self.member, ctx.member
        if not has_words(reason):
            raise chandelier.InvalidRequest(_("A warning needs a reason: they will read it."))
        if not isinstance(target, hikari.Member) or actor is None or ctx.guild_id is None:
            raise chandelier.InvalidRequest(
                _(
                    "{name} is not a member of this server, so there is nobody to warn. "
                    "`/history` still shows their cases.",
                    name=target.username,
                )
            )
        about = await message_named(
            plugin, self.message, actor=actor, target=target, channel_id=ctx.channel_id
        )
        source = f"interaction-{ctx.interaction.id}"
        case, new = await ask(
            plugin,
            Asked(action="warn", target=target, actor=actor, source=source, reason=reason, more=about),
        )
        await ctx.respond(embed=settled_card(case, new=new), ephemeral=True)


case_group = lightbulb.Group(
    "case", "Cases of this server", contexts=_GUILD_ONLY, default_member_permissions=STAFF
)


@case_group.register
class CaseView(lightbulb.SlashCommand, name="view", description="Show a case"):
    """``/case view``."""

    capability = "case"
    examples = ("/case view number:12",)
    number = lightbulb.integer("number", "The number of the case", min_value=1, max_value=2**31 - 1)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show one case to the moderator who asks."""
        case = await plugin.book.get(ctx.guild_id or 0, self.number)
        await ctx.respond(embed=view_card(case), ephemeral=True)


loader.command(case_group)


@loader.command
class ShowHistory(
    lightbulb.SlashCommand,
    name="history",
    description="Show the cases of a member",
    contexts=_GUILD_ONLY,
    default_member_permissions=STAFF,
):
    """``/history``; also for people who left."""

    capability = "case"
    examples = ("/history member:@bob",)
    member = lightbulb.user("member", "Whose cases")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show the newest page."""
        history = await plugin.book.history(ctx.guild_id or 0, self.member.id, 0)
        summary = await plugin.reader.summary(ctx.guild_id or 0, self.member.id)
        await ctx.respond(
            embed=history_page(self.member.id, history, summary),
            components=_pager(plugin, self.member.id, history),
            ephemeral=True,
        )


@loader.component("history", capability="case")
async def turn_page(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Show another page of a history in the same message."""
    target, _, page = press.payload.partition("-")
    history = await plugin.book.history(press.guild_id or 0, int(target), int(page))
    summary = await plugin.reader.summary(press.guild_id or 0, int(target))
    await press.respond(
        embed=history_page(int(target), history, summary),
        components=_pager(plugin, int(target), history),
        edit=True,
        user_mentions=False,
        role_mentions=False,
        mentions_everyone=False,
    )


@loader.component("void", capability="void")
async def void(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Void the case that a post in the log is about."""
    case, now = await plugin.book.void(press.guild_id or 0, int(press.payload), press.user.id)
    if now:
        text = _("Case #{number} is void now.", number=case.number)
    elif case.voided_by == press.user.id:
        text = _("You voided case #{number} before.", number=case.number)
    else:
        by = f"<@{case.voided_by}>"
        text = _("Case #{number} was voided by {moderator} before.", number=case.number, moderator=by)
    await press.respond(text, ephemeral=True, user_mentions=False)


def _pager(
    plugin: ModerationPlugin, target: int, history: History
) -> list[hikari.api.MessageActionRowBuilder]:
    if history.pages == 1:
        return []
    row = hikari.impl.MessageActionRowBuilder()
    for label, page in ((_("Newer"), history.page - 1), (_("Older"), history.page + 1)):
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            plugin.ctx.component_id("history", f"{target}-{max(page, 0)}"),
            label=label,
            is_disabled=not 0 <= page < history.pages,
        )
    return [row]
