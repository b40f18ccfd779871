"""`/automod sync`, and the timer that keeps Discord's own AutoMod equal to the rules."""

from __future__ import annotations

from datetime import datetime

import hikari
import lightbulb

import chandelier
from chandelier_moderation.cards import crop
from chandelier_moderation.enforcing.commands import automod
from chandelier_moderation.native.sync import AGAIN, TIMER, Account
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

_GREEN = hikari.Color(0x30A46C)
_AMBER = hikari.Color(0xF5A623)
SHOWN = 1_000
"""Characters of a list in the answer; a field holds 1,024."""
_STATES = [lightbulb.Choice("show", "show"), lightbulb.Choice("on", "on"), lightbulb.Choice("off", "off")]


@automod.register
class Sync(
    lightbulb.SlashCommand,
    name="sync",
    description="Keep rules in Discord's own AutoMod too, so that messages never appear",
):
    """``/automod sync``."""

    capability = "automod"
    examples = ("/automod sync", "/automod sync state:on")
    state = lightbulb.string(
        "state", "Show what could be synced, switch it on or off", default="show", choices=_STATES
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Switch it, make it so at once, and say what was synced and what could not be."""
        guild_id = int(ctx.guild_id or 0)
        await ctx.defer(ephemeral=True)
        if self.state == "show":
            account = await plugin.native.plan(guild_id)
        else:
            on = self.state == "on"
            await plugin.ctx.configure(guild_id, {"native_sync": on}, by=ctx.user.id)
            account = await plugin.native.apply(guild_id)
        config = await plugin.ctx.config_for(guild_id)
        if account.trouble is not None:
            raise chandelier.InvalidRequest(account.trouble)
        await ctx.respond(embed=_card(account, on=config.native_sync), ephemeral=True)


def _card(account: Account, *, on: bool) -> hikari.Embed:
    embed = hikari.Embed(
        title=_("Sync with Discord's AutoMod is on") if on else _("Sync with Discord's AutoMod is off"),
        colour=_GREEN if on else _AMBER,
    )
    changes = {"made": account.made, "changed": account.changed, "deleted": account.deleted}
    if any(changes.values()):
        embed.description = _("Rules made there: {made}, changed: {changed}, deleted: {deleted}", **changes)
    names = list(dict.fromkeys(rule.rule for rule in account.rules))
    if names:
        title = _("In Discord's AutoMod") if on else _("Could be in Discord's AutoMod")
        embed.add_field(title, crop("\n".join(f"• {name}" for name in names), SHOWN))
    if account.left:
        lines: list[str] = []
        length = 0
        for left in account.left:
            line = _("• {rule}: {why}", rule=left.rule, why=left.why)
            length += len(line) + 1
            if length > SHOWN - 20:
                lines.append(_("and {n} more", n=len(account.left) - len(lines)))
                break
            lines.append(line)
        embed.add_field(_("Only with me"), _.join("\n", lines))
    if not names and not account.left:
        embed.add_field(_("Rules"), _("There is none to sync: see /automod rule add."))
    return embed


@loader.timer(TIMER)
async def sync(timer: chandelier.Timer, plugin: ModerationPlugin) -> datetime | None:
    """Make Discord's rules equal to ours, and look again later; once more after it is switched off."""
    guild_id = int(timer.key)
    account = await plugin.native.apply(guild_id)
    if account.trouble is not None:
        plugin.ctx.log.warning(
            "rules of guild {} are not in Discord's AutoMod: {}", guild_id, account.trouble
        )
    on = (await plugin.ctx.config_for(guild_id)).native_sync
    return plugin.ctx.now() + AGAIN if on and not account.gone else None
