"""Right-click on a member, "Moderate…": their history, and buttons that open a short form for each action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import hikari
import lightbulb

import chandelier
from chandelier_moderation.acting.requests import NICK_LENGTH, REASON_LENGTH, Asked, ask, until
from chandelier_moderation.cards import has_words, settled_card
from chandelier_moderation.casebook.look import history_page
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

_SILENT: Final[Any] = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}
_DURATION_LENGTH: Final = 100


@attrs.frozen
class _Button:
    """One action of the menu, as its button and its form."""

    action: str
    capability: str
    label: str
    style: Any = hikari.ButtonStyle.SECONDARY  # one of those that hikari lists as literals
    duration: bool | None = None
    """Whether its form asks how long, and whether that has to be said; None: it has no end."""
    needs_reason: bool = False
    nick: bool = False


_BUTTONS: Final = (
    _Button("warn", "warn", _("Warn"), hikari.ButtonStyle.PRIMARY, needs_reason=True),
    _Button("timeout", "timeout", _("Timeout"), hikari.ButtonStyle.PRIMARY, duration=True),
    _Button("untimeout", "timeout", _("Lift timeout")),
    _Button("note", "note", _("Note"), needs_reason=True),
    _Button("nick", "nick", _("Nickname"), nick=True),
    _Button("kick", "kick", _("Kick"), hikari.ButtonStyle.DANGER),
    _Button("softban", "ban", _("Softban"), hikari.ButtonStyle.DANGER),
    _Button("ban", "ban", _("Ban"), hikari.ButtonStyle.DANGER, duration=False),
    _Button("unban", "unban", _("Lift ban")),
)
_ON_ROW: Final = 5
"""Buttons of a row. https://discord.com/developers/docs/components/reference#action-row"""


@loader.command
class Moderate(
    lightbulb.UserCommand,
    name="Moderate…",
    contexts=[hikari.ApplicationContextType.GUILD],
    default_member_permissions=hikari.Permissions.MODERATE_MEMBERS,
):
    """The menu of a member."""

    capability = "case"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show who they are to the moderators, and what can be done."""
        embed, rows = await _desk(plugin, ctx.guild_id or 0, int(self.target.id), 0)
        await ctx.respond(embed=embed, components=rows, ephemeral=True)


@loader.component("desk", capability="case")
async def turn_page(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Show another page of the history, with the same buttons."""
    target, _space, page = press.payload.partition("-")
    embed, rows = await _desk(plugin, press.guild_id or 0, int(target), int(page))
    await press.respond(embed=embed, components=rows, edit=True, **_SILENT)


async def _desk(
    plugin: ModerationPlugin, guild_id: int, target: int, page: int
) -> tuple[hikari.Embed, list[hikari.api.MessageActionRowBuilder]]:
    history = await plugin.book.history(guild_id, target, page)
    rows: list[hikari.api.MessageActionRowBuilder] = []
    for place, button in enumerate(_BUTTONS):
        if place % _ON_ROW == 0:
            rows.append(hikari.impl.MessageActionRowBuilder())
        custom_id = plugin.ctx.component_id(f"do-{button.action}", str(target))
        rows[-1].add_interactive_button(button.style, custom_id, label=button.label)
    if history.pages > 1:
        pager = hikari.impl.MessageActionRowBuilder()
        for label, to in ((_("Newer"), history.page - 1), (_("Older"), history.page + 1)):
            pager.add_interactive_button(
                hikari.ButtonStyle.SECONDARY,
                plugin.ctx.component_id("desk", f"{target}-{max(to, 0)}"),
                label=label,
                is_disabled=not 0 <= to < history.pages,
            )
        rows.append(pager)
    summary = await plugin.reader.summary(guild_id, target)
    return history_page(target, history, summary), rows


def _opens_form(button: _Button) -> Callable[..., Any]:
    async def open_form(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
        custom_id = plugin.ctx.component_id(f"done-{button.action}", press.payload)
        await press.show_form(button.label, custom_id, *_fields(button))

    return open_form


def _fields(button: _Button) -> list[hikari.api.ModalActionRowBuilder]:
    rows: list[hikari.api.ModalActionRowBuilder] = []
    if button.duration is not None:
        rows.append(
            hikari.impl.ModalActionRowBuilder().add_text_input(
                "duration",
                _("How long"),
                placeholder=_("1h30m, 2d, tomorrow 18:00"),
                required=button.duration,
                max_length=_DURATION_LENGTH,
            )
        )
    if button.nick:
        rows.append(
            hikari.impl.ModalActionRowBuilder().add_text_input(
                "nick", _("New nickname; empty: none"), required=False, max_length=NICK_LENGTH
            )
        )
    rows.append(
        hikari.impl.ModalActionRowBuilder().add_text_input(
            "reason",
            _("Text") if button.action == "note" else _("Reason"),
            style=hikari.TextInputStyle.PARAGRAPH,
            required=button.needs_reason,
            max_length=REASON_LENGTH,
        )
    )
    return rows


def _acts(button: _Button) -> Callable[..., Any]:
    async def act(form: chandelier.FormSubmit, plugin: ModerationPlugin) -> None:
        assert form.member is not None
        guild_id, values = int(form.member.guild_id), form.values
        reason, duration = values.get("reason", ""), values.get("duration", "").strip()
        if button.needs_reason and not has_words(reason):
            raise chandelier.InvalidRequest(_("This needs a reason."))
        asked = Asked(
            action=button.action,
            target=await _person(plugin, guild_id, int(form.payload)),
            actor=form.member,
            source=f"interaction-{form.interaction.id}",
            reason=reason,
            expires_at=await until(plugin, guild_id, duration) if duration else None,
            details=_details(button, values),
        )
        case, new = await ask(plugin, asked)
        await form.respond(embed=settled_card(case, new=new), ephemeral=True)

    return act


def _details(button: _Button, values: Mapping[str, str]) -> dict[str, Any]:
    if button.nick:
        return {"nick": values.get("nick", "").strip()}
    return {"delete_seconds": 86_400} if button.action == "softban" else {}


async def _person(plugin: ModerationPlugin, guild_id: int, user_id: int) -> hikari.User:
    """Who the menu was about, as they are now; they may have left."""
    try:
        return await plugin.ctx.rest.fetch_member(guild_id, user_id)
    except hikari.NotFoundError:
        return await plugin.ctx.rest.fetch_user(user_id)


for _one in _BUTTONS:
    loader.component(f"do-{_one.action}", capability=_one.capability)(_opens_form(_one))
    loader.form(f"done-{_one.action}", capability=_one.capability)(_acts(_one))
