"""This plugin's own action: forward the message natively to the configured channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hikari
from hikari.messages import MessageReferenceType

import chandelier
from chandelier_reactions.actions import Action, Reaction, Run
from chandelier_reactions.config import ReactionsConfig

__all__ = ["forward_action"]

_ = chandelier.Messages(__package__)

LOOK_BACK = 200
"""Messages of the target channel that are searched for the forward of an interrupted attempt."""
UNKNOWN_CHANNEL = 10_003
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""


def forward_action(ctx: chandelier.PluginContext[Any], config: ReactionsConfig) -> Action:
    """The action as a guild has configured it."""
    roles, members = frozenset(config.roles), frozenset(config.members)

    def allows(reaction: Reaction) -> bool:
        if config.channel is None or reaction.channel_id == config.channel:
            return False  # nowhere to go, or there already
        return reaction.user_id in members or not roles.isdisjoint(reaction.role_ids)

    async def run(run: Run) -> Mapping[str, Any] | None:
        return await _forward(ctx, run)

    return Action(
        name="forward",
        emoji=config.emoji,
        allows=allows,
        run=run,
        data={"channel": config.channel},
        bots=config.bots,
    )


async def _forward(ctx: chandelier.PluginContext[Any], run: Run) -> Mapping[str, Any]:
    target: int = run.data["channel"]
    origin = run.reaction
    try:
        known = await _earlier(ctx, target, origin.message_id) if run.uncertain else None
        if known is not None:
            return {"message": str(known)}
        sent = await ctx.rest.forward_message(target, origin.message_id, origin.channel_id)
    except hikari.NotFoundError as error:
        if error.code == UNKNOWN_CHANNEL and await _is_gone(ctx, target):
            raise chandelier.InvalidRequest(
                _(
                    "the channel {channel} no longer exists; choose another with "
                    "/config set plugin:reactions setting:channel",
                    channel=target,
                )
            ) from error
        return {"gone": True}  # the message, or its channel, was deleted before it could be forwarded
    except hikari.ForbiddenError as error:
        raise chandelier.InvalidRequest(
            _(
                "I may not forward from {origin} to {target}: give me View Channel, Send Messages and "
                "Read Message History in both",
                origin=f"<#{origin.channel_id}>",
                target=f"<#{target}>",
            )
        ) from error
    except hikari.BadRequestError as error:
        raise chandelier.InvalidRequest(
            _(
                "Discord does not forward the message {message}: {why}",
                message=origin.message_id,
                why=error.message or _("no reason given"),
            )
        ) from error
    return {"message": str(sent.id)}


async def _is_gone(ctx: chandelier.PluginContext[Any], channel: int) -> bool:
    try:
        await ctx.rest.fetch_channel(channel)
    except hikari.NotFoundError:
        return True
    return False


async def _earlier(
    ctx: chandelier.PluginContext[Any], target: int, message_id: int
) -> hikari.Snowflake | None:
    """The bot's own forward of a message, if it is among the recent messages of the target."""
    async for message in ctx.rest.fetch_messages(target).limit(LOOK_BACK):
        reference = message.message_reference
        if (
            message.author.id == ctx.bot_id
            and reference is not None
            and reference.type is MessageReferenceType.FORWARD
            and reference.id == message_id
        ):
            return message.id
    return None
