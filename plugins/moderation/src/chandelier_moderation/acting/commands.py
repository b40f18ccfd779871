"""The slash commands that act on one person: `/timeout`, `/kick`, `/ban`, `/role give` and the rest."""

from __future__ import annotations

from typing import Any, Final, cast

import hikari
import lightbulb

import chandelier
from chandelier_moderation.acting.durations import parse_until, zone_of
from chandelier_moderation.acting.evidence import message_named, message_option
from chandelier_moderation.acting.requests import NICK_LENGTH, REASON_LENGTH, Asked, ask, until
from chandelier_moderation.cards import has_words, settled_card
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["SUGGESTED", "loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

_GUILD_ONLY: Final = [hikari.ApplicationContextType.GUILD]
_DELETE: Final = [
    lightbulb.Choice("nothing", 0),
    lightbulb.Choice("the last hour", 3_600),
    lightbulb.Choice("the last 6 hours", 21_600),
    lightbulb.Choice("the last day", 86_400),
    lightbulb.Choice("the last 3 days", 259_200),
    lightbulb.Choice("the last 7 days", 604_800),
]
"""At most seven days. https://discord.com/developers/docs/resources/guild#create-guild-ban"""


async def suggest_moments(ctx: lightbulb.AutocompleteContext[str], plugin: ModerationPlugin) -> None:
    """Show when that would be, in the server's time zone, while it is being written."""
    typed = str(ctx.focused.value or "").strip()
    config = await plugin.ctx.config_for(ctx.interaction.guild_id or 0)
    zone = zone_of(config.time_zone)
    offered: list[tuple[str, str]] = []
    for text in (typed,) if typed else ("10m", "1h", "1d", "7d", "28d", "tomorrow 18:00"):
        try:
            moment = parse_until(text, plugin.ctx.now(), zone).astimezone(zone)
        except chandelier.InvalidRequest:
            continue
        offered.append((f"{text} → {moment:%Y-%m-%d %H:%M} {config.time_zone}"[:100], text[:100]))
    await ctx.respond(offered)


SUGGESTED: Final = cast("Any", suggest_moments)


def _why(description: str) -> Any:
    return lightbulb.string("reason", description, max_length=REASON_LENGTH, default="")


async def _answer(
    ctx: lightbulb.Context, plugin: ModerationPlugin, action: str, target: Any, message: str = "", **more: Any
) -> None:
    """Have it done, and say what came of it to the moderator alone."""
    actor = ctx.member
    assert actor is not None
    about = await message_named(plugin, message, actor=actor, target=target, channel_id=ctx.channel_id)
    source = f"interaction-{ctx.interaction.id}"
    asked = Asked(action=action, target=target, actor=actor, source=source, more=about, **more)
    case, new = await ask(plugin, asked)
    await ctx.respond(embed=settled_card(case, new=new), ephemeral=True)


@loader.command
class Timeout(
    lightbulb.SlashCommand,
    name="timeout",
    description="Keep a member from writing and speaking for a time",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.MODERATE_MEMBERS,
):
    """``/timeout``; longer ones than Discord's 28 days are renewed."""

    capability = "timeout"
    examples = (
        "/timeout member:@bob duration:1h30m reason:spam",
        "/timeout member:@bob duration:tomorrow 18:00",
    )
    member = lightbulb.user("member", "Who")
    duration = lightbulb.string("duration", "How long: 90m, 2d, tomorrow 18:00", autocomplete=SUGGESTED)
    reason = _why("Why; they will read it")
    message = message_option()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Time them out."""
        end = await until(plugin, ctx.guild_id or 0, self.duration)
        await _answer(ctx, plugin, "timeout", self.member, self.message, reason=self.reason, expires_at=end)


@loader.command
class Untimeout(
    lightbulb.SlashCommand,
    name="untimeout",
    description="Lift a member's timeout",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.MODERATE_MEMBERS,
):
    """``/untimeout``."""

    capability = "timeout"
    examples = ("/untimeout member:@bob",)
    member = lightbulb.user("member", "Who")
    reason = _why("Why; they will read it")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Let them speak."""
        await _answer(ctx, plugin, "untimeout", self.member, reason=self.reason)


@loader.command
class Kick(
    lightbulb.SlashCommand,
    name="kick",
    description="Kick a member: they may come back",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.KICK_MEMBERS,
):
    """``/kick``."""

    capability = "kick"
    examples = ("/kick member:@bob reason:spam",)
    member = lightbulb.user("member", "Who")
    reason = _why("Why; they will read it")
    message = message_option()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Kick them."""
        await _answer(ctx, plugin, "kick", self.member, self.message, reason=self.reason)


@loader.command
class Ban(
    lightbulb.SlashCommand,
    name="ban",
    description="Ban somebody, whether they are here or not",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.BAN_MEMBERS,
):
    """``/ban``; without a duration until it is lifted."""

    capability = "ban"
    examples = ("/ban user:@bob reason:scam delete:the last day", "/ban user:123456789012345678")
    user = lightbulb.user("user", "Who; an id works, too")
    reason = _why("Why; they will read it")
    delete = lightbulb.integer("delete", "Which of their messages to delete", choices=_DELETE, default=0)
    message = message_option()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Ban them."""
        details = {"delete_seconds": self.delete} if self.delete else {}
        await _answer(ctx, plugin, "ban", self.user, self.message, reason=self.reason, details=details)


@loader.command
class Tempban(
    lightbulb.SlashCommand,
    name="tempban",
    description="Ban somebody for a time",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.BAN_MEMBERS,
):
    """``/tempban``."""

    capability = "ban"
    examples = ("/tempban user:@bob duration:3 weeks reason:spam",)
    user = lightbulb.user("user", "Who; an id works, too")
    duration = lightbulb.string("duration", "How long: 12h, 2d, 3 weeks", autocomplete=SUGGESTED)
    reason = _why("Why; they will read it")
    delete = lightbulb.integer("delete", "Which of their messages to delete", choices=_DELETE, default=0)
    message = message_option()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Ban them until then."""
        end = await until(plugin, ctx.guild_id or 0, self.duration)
        details = {"delete_seconds": self.delete} if self.delete else {}
        await _answer(
            ctx, plugin, "ban", self.user, self.message, reason=self.reason, expires_at=end, details=details
        )


@loader.command
class Unban(
    lightbulb.SlashCommand,
    name="unban",
    description="Lift a ban",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.BAN_MEMBERS,
):
    """``/unban``."""

    capability = "unban"
    examples = ("/unban user:123456789012345678",)
    user = lightbulb.user("user", "Who: their id")
    reason = _why("Why")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Let them come back."""
        await _answer(ctx, plugin, "unban", self.user, reason=self.reason)


@loader.command
class Softban(
    lightbulb.SlashCommand,
    name="softban",
    description="Kick somebody and delete what they wrote lately",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.BAN_MEMBERS,
):
    """``/softban``: a ban that is lifted at once."""

    capability = "ban"
    examples = ("/softban user:@bob reason:spam",)
    user = lightbulb.user("user", "Who; an id works, too")
    reason = _why("Why; they will read it")
    delete = lightbulb.integer("delete", "Which of their messages", choices=_DELETE[1:], default=86_400)
    message = message_option()

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Ban them and let them back in."""
        details = {"delete_seconds": self.delete}
        await _answer(ctx, plugin, "softban", self.user, self.message, reason=self.reason, details=details)


@loader.command
class Note(
    lightbulb.SlashCommand,
    name="note",
    description="Keep a note about somebody, which only moderators read",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.MODERATE_MEMBERS,
):
    """``/note``."""

    capability = "note"
    examples = ("/note user:@bob text:promised to behave",)
    user = lightbulb.user("user", "About whom")
    text = lightbulb.string("text", "What is worth knowing", max_length=REASON_LENGTH)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Write it down."""
        if not has_words(self.text):
            raise chandelier.InvalidRequest(_("A note needs words."))
        await _answer(ctx, plugin, "note", self.user, reason=self.text)


@loader.command
class Nick(
    lightbulb.SlashCommand,
    name="nick",
    description="Change a member's nickname, or take it off",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.MANAGE_NICKNAMES,
):
    """``/nick``."""

    capability = "nick"
    examples = ("/nick member:@bob name:Bob", "/nick member:@bob")
    member = lightbulb.user("member", "Whose")
    name = lightbulb.string(
        "name", "The new one; without it they have none", max_length=NICK_LENGTH, default=""
    )
    reason = _why("Why")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Rename them."""
        details = {"nick": self.name.strip()}
        await _answer(ctx, plugin, "nick", self.member, reason=self.reason, details=details)


_role = lightbulb.Group(
    "role",
    "Roles of members",
    contexts=_GUILD_ONLY,
    default_member_permissions=hikari.Permissions.MANAGE_ROLES,
)


@_role.register
class RoleGive(
    lightbulb.SlashCommand, name="give", description="Give a member a role, if you like for a time"
):
    """``/role give``."""

    capability = "role"
    examples = ("/role give member:@bob role:@Muted duration:2d",)
    member = lightbulb.user("member", "Whom")
    role = lightbulb.role("role", "Which role")
    duration = lightbulb.string("duration", "For how long: 2d, 3 weeks", default="", autocomplete=SUGGESTED)
    reason = _why("Why")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Give it."""
        end = await until(plugin, ctx.guild_id or 0, self.duration) if self.duration.strip() else None
        await _answer(
            ctx, plugin, "role_give", self.member, reason=self.reason, expires_at=end, role=self.role
        )


@_role.register
class RoleTake(lightbulb.SlashCommand, name="take", description="Take a role from a member"):
    """``/role take``."""

    capability = "role"
    examples = ("/role take member:@bob role:@Muted",)
    member = lightbulb.user("member", "Whom")
    role = lightbulb.role("role", "Which role")
    reason = _why("Why")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Take it."""
        await _answer(ctx, plugin, "role_take", self.member, reason=self.reason, role=self.role)


loader.command(_role)
