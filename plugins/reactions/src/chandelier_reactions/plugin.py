"""The plugin: what it tells the host about itself, and the rooms that it opens in ``setup``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import hikari

import chandelier
from chandelier import hookimpl
from chandelier_reactions import hookspecs
from chandelier_reactions.actions import Action
from chandelier_reactions.config import MIGRATIONS, ReactionsConfig
from chandelier_reactions.engine import Engine
from chandelier_reactions.entries import EFFECT, Entries
from chandelier_reactions.forward import forward_action
from chandelier_reactions.tables import HISTORY

__all__ = ["ReactionsPlugin"]

_ = chandelier.Messages(__package__)

_MANIFEST = chandelier.Manifest(
    summary="Forwards a message once when somebody who may reacts with ➡️; other plugins add actions.",
    intents=hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGE_REACTIONS,
    permissions=(
        hikari.Permissions.VIEW_CHANNEL
        | hikari.Permissions.SEND_MESSAGES
        | hikari.Permissions.READ_MESSAGE_HISTORY
    ),
    personal_data=(
        chandelier.PersonalData(
            what="who asked with a reaction for an action under a message, and when",
            why="so that it is done once, and a server's admins can see who asked for it",
            kept="until the person has it erased",
            on_erasure="that it was done, without who asked, so that it is not done again",
        ),
    ),
)


class ReactionsPlugin(chandelier.Plugin[ReactionsConfig]):
    """Reactions that do something; see the README for what members and authors of plugins see."""

    entries: Entries

    def __init__(self) -> None:
        self._loader = chandelier.Loader()
        self._loader.listener(hikari.GuildReactionAddEvent, when=_in_a_guild)(self._reacted)
        self._loader.effect(EFFECT)(self._carry_out)

    async def setup(self, ctx: chandelier.PluginContext[ReactionsConfig]) -> None:
        """Open the book of entries."""
        await super().setup(ctx)
        self.entries = Entries(ctx.storage, ctx.outbox, ctx.clock)
        self._engine = Engine(ctx, self.entries)

    async def _reacted(self, event: hikari.GuildReactionAddEvent) -> None:
        await self._engine.reacted(event)

    async def _carry_out(self, effect: chandelier.Effect) -> None:
        await self._engine.carry_out(effect)

    # ---- hooks

    @hookimpl
    def chandelier_manifest(self) -> chandelier.Manifest:
        """Intents, permissions, personal data."""
        return _MANIFEST

    @hookimpl
    def chandelier_config_schema(self) -> type[ReactionsConfig]:
        """``[plugins.reactions]``."""
        return ReactionsConfig

    @hookimpl
    def chandelier_config_migrations(self) -> Sequence[chandelier.ConfigMigration]:
        """Steps between versions of the section."""
        return MIGRATIONS

    @hookimpl
    def chandelier_storage(self) -> chandelier.StorageHistory:
        """The table of entries."""
        return HISTORY

    @hookimpl
    def chandelier_hookspecs(self) -> Sequence[object]:
        """``reactions_actions``, with which other plugins add actions."""
        return (hookspecs,)

    @hookimpl
    def chandelier_loaders(self) -> Sequence[chandelier.Loader]:
        """The listener and the effect."""
        return (self._loader,)

    @hookimpl
    async def reactions_actions(self, guild_id: int) -> Sequence[Action]:
        """The first action is our own: forwarding."""
        return (forward_action(self.ctx, await self.ctx.config_for(guild_id)),)

    @hookimpl
    async def chandelier_health(self) -> chandelier.Health:
        """Degraded where the newest action failed, and where nobody can tell where to forward to."""
        lines: list[str] = [
            _("server {server}: {what}", server=trouble.guild_id, what=trouble.what)
            for trouble in await self.entries.troubles()
        ]
        config = self.config
        if (config.roles or config.members) and config.channel is None:
            lines.append(
                _("config.toml says who may forward but not where to: set [plugins.reactions].channel")
            )
        level = chandelier.HealthLevel.DEGRADED if lines else chandelier.HealthLevel.OK
        return chandelier.Health(level, tuple(lines))

    @hookimpl
    async def chandelier_status(self, guild_id: int) -> chandelier.StatusSection:
        """What the forward is set to in a guild, and how much was done."""
        config = await self.ctx.config_for(guild_id)
        if config.channel is None:
            setting = _("Forwarding: off, no channel is set")
        else:
            may = [*(f"<@&{role}>" for role in config.roles), *(f"<@{member}>" for member in config.members)]
            setting = _(
                "{emoji} forwards to {channel} for {who}",
                emoji=config.emoji,
                channel=f"<#{config.channel}>",
                who=", ".join(may) if may else _("nobody"),
            )
        done = _("{number} done", number=await self.entries.count(guild_id))
        return chandelier.StatusSection(_("Reactions"), (setting, done))

    @hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """Every action that a person asked for."""
        return {"reactions": list(await self.entries.of_person(user_id))}

    @hookimpl
    async def chandelier_erase_person(self, user_id: int) -> int:
        """Forget who asked."""
        return await self.entries.forget_person(user_id)


def _in_a_guild(payload: Mapping[str, Any]) -> bool:
    """Of Discord's raw reaction: reactions in direct messages ask for nothing."""
    return "guild_id" in payload and "member" in payload
