"""The buttons that undo: below a case's post in the log, and below a batch's."""

from __future__ import annotations

import hikari

import chandelier
from chandelier_moderation.bulk.batch_cards import account_card
from chandelier_moderation.bulk.runner import PUNITIVE, rows_of
from chandelier_moderation.bulk.undo import INVERSES
from chandelier_moderation.cards import words_of
from chandelier_moderation.plugin import ModerationPlugin
from chandelier_moderation.tables import Case

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

CAPABILITIES = {
    "ban": "ban",
    "unban": "unban",
    "timeout": "timeout",
    "untimeout": "timeout",
    "role_give": "role",
    "role_take": "role",
    "nick": "nick",
    "unlock": "lockdown",
    "lockdown": "lockdown",
    "slowmode": "slowmode",
}
"""What one has to be able to do to do it as an inverse."""
_OF_MANY = {"ban": "massban", "unban": "massunban"}


@loader.component("undo")
async def undo(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Undo the case that a post in the log is about."""
    case = await plugin.book.get(press.guild_id or 0, int(press.payload))
    inverse = INVERSES.get(case.action)
    if inverse is None:
        raise chandelier.InvalidRequest(_("There is nothing to undo in case #{number}.", number=case.number))
    await plugin.ctx.access.require(press, CAPABILITIES[inverse])
    await _check(press, plugin, case, inverse)
    undone, new = await plugin.bulk.undoing.undo(case, int(press.user.id))
    said = {"number": case.number, "what": words_of(undone), "by": undone.number}
    await press.respond(
        _("Case #{number} is being undone: {what}, case #{by}.", **said)
        if new
        else _("Case #{number} was undone before: {what}, case #{by}.", **said),
        ephemeral=True,
    )


@loader.component("batch_undo")
async def undo_batch(press: chandelier.ComponentPress, plugin: ModerationPlugin) -> None:
    """Undo everything that a batch did: one press, and one account of it."""
    batch = (await plugin.bulk.batches.account(press.payload)).batch
    if press.guild_id != batch.guild_id:
        raise chandelier.NotAllowed(_("This belongs to another server."))
    action = INVERSES.get(batch.action, "")
    await plugin.ctx.access.require(press, _OF_MANY.get(action) or CAPABILITIES[action])
    key = str(press.interaction.id)
    made = await plugin.bulk.undoing.undo_batch(batch.key, int(press.user.id), key)
    account = await plugin.bulk.batches.account(made.key)
    await press.respond(
        embed=account_card(account),
        components=rows_of(plugin.ctx, account, lambda text: text),
        ephemeral=True,
    )


async def _check(
    press: chandelier.ComponentPress, plugin: ModerationPlugin, case: Case, inverse: str
) -> None:
    """Raises NotAllowed naming the rule where the hierarchy does not let this person undo it."""
    if inverse not in PUNITIVE and inverse != "untimeout":
        return
    rest, guild_id = plugin.ctx.rest, case.guild_id
    me, they, bot = await chandelier.fetch_standings(
        rest, guild_id, press.user.id, case.target_id, plugin.ctx.bot_id
    )
    chandelier.check_hierarchy(actor=me, target=they, bot=bot)
    role_id = case.details.get("role")
    if role_id is not None and not me.is_owner:
        role = (await rest.fetch_guild(guild_id)).roles.get(hikari.Snowflake(role_id))
        if role is not None and not me.is_above(
            chandelier.Standing(0, top_role_position=role.position, top_role_id=int(role.id))
        ):
            raise chandelier.NotAllowed(_("The role is not below your highest role."))
