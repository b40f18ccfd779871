"""The buttons of appeals: the member's in the direct message, and staff's under an appeal."""

from __future__ import annotations

import hikari

import chandelier
from chandelier_moderation.appeals.tables import OPEN, Appeal
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["accept_id", "appeal_row", "decision_row"]

_ = chandelier.Messages("chandelier_moderation")

_WITHOUT = frozenset({"note", "slowmode", "lockdown", "unlock", "unban", "untimeout"})
"""Kinds of actions that take nothing from anybody, so that there is nothing to appeal against."""


async def appeal_row(
    ctx: chandelier.PluginContext[ModerationConfig], case: Case, language: str | None
) -> hikari.api.MessageActionRowBuilder | None:
    """The row with "Appeal" for the direct message about a case, for a reader's language.

    None where the server takes no appeals, or the case is of a kind without. The button works in direct
    messages, so its id says which server it is about; it works after restarts, and after a ban.
    """
    if case.action in _WITHOUT or (await ctx.config_for(case.guild_id)).appeals_channel is None:
        return None
    row = hikari.impl.MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY,
        ctx.component_id("appeal", f"{case.guild_id}-{case.number}"),
        label=ctx.into(language, _("Appeal")),
    )
    return row


def accept_id(ctx: chandelier.PluginContext[ModerationConfig], appeal: Appeal) -> str:
    """The id of the button that accepts; it tells the post of an appeal from all others."""
    return ctx.component_id("appeal_accept", str(appeal.id))


def decision_row(
    ctx: chandelier.PluginContext[ModerationConfig], appeal: Appeal, language: str | None
) -> hikari.api.MessageActionRowBuilder:
    """The row with "Accept" and "Refuse", which nobody can press any more once it is decided."""
    row = hikari.impl.MessageActionRowBuilder()
    decided = appeal.state != OPEN
    accept, refuse = ctx.into(language, _("Accept")), ctx.into(language, _("Refuse"))
    row.add_interactive_button(
        hikari.ButtonStyle.SUCCESS, accept_id(ctx, appeal), label=accept, is_disabled=decided
    )
    refuse_id = ctx.component_id("appeal_refuse", str(appeal.id))
    row.add_interactive_button(hikari.ButtonStyle.DANGER, refuse_id, label=refuse, is_disabled=decided)
    return row
