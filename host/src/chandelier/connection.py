"""Connecting to Discord, with every refusal in words that say what to do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

import hikari

from chandelier.errors import ServiceUnavailable

__all__ = [
    "PORTAL",
    "Refused",
    "allowed_intents",
    "application_page",
    "connect",
    "ended",
    "in_short",
    "intents_to_switch_on",
    "refused_token",
    "token_problem",
]

PORTAL: Final = "https://discord.com/developers/applications"

DISALLOWED_INTENTS = 4014
_FINAL: Final = frozenset({4004, DISALLOWED_INTENTS})
"""A wrong token, and intents that are switched off. Source of both: Discord's documentation, Gateway close
event codes."""

_LONGEST_ERROR: Final = 300
"""Characters of what Discord or the network said."""

_TOKEN: Final = re.compile(r"[\w.-]+", re.ASCII)
"""https://discord.com/developers/docs/reference#authentication: parts in base64 with dots between."""


_SWITCHES: Final = (
    ("Presence Intent", hikari.Intents.GUILD_PRESENCES),
    ("Server Members Intent", hikari.Intents.GUILD_MEMBERS),
    ("Message Content Intent", hikari.Intents.MESSAGE_CONTENT),
)
"""What the developer portal calls the privileged intents (Bot, Privileged Gateway Intents)."""

_FLAGS: Final = hikari.ApplicationFlags
_ALLOWING: Final = (
    (_FLAGS.VERIFIED_FOR_GUILD_PRESENCES | _FLAGS.GUILD_PRESENCES_INTENT, hikari.Intents.GUILD_PRESENCES),
    (_FLAGS.VERIFIED_FOR_GUILD_MEMBERS_INTENT | _FLAGS.GUILD_MEMBERS_INTENT, hikari.Intents.GUILD_MEMBERS),
    (_FLAGS.MESSAGE_CONTENT_INTENT | _FLAGS.MESSAGE_CONTENT_INTENT_LIMITED, hikari.Intents.MESSAGE_CONTENT),
)
"""https://discord.com/developers/docs/resources/application#application-object-application-flags"""


class Refused(ServiceUnavailable):
    """Discord will go on saying no until a person changes something, so trying again helps nobody."""


def token_problem(token: str) -> str | None:
    """What an operator should know about a text that cannot be a bot's token; None when it can.

    Whether Discord accepts it, only Discord says. The text itself is not in the answer.
    """
    whole = "copy the whole token from https://discord.com/developers/applications (Bot, Reset Token)"
    if not token.strip():
        return f"the token is blank: {whole}"
    if token.lower().startswith(("bot ", "bearer ")):
        return f"the token starts with the word {token.split()[0]!r}: leave it out"
    if _TOKEN.fullmatch(token) is None:
        return f"the token has characters that none has, such as quotes, spaces or line breaks: {whole}"
    try:
        hikari.applications.get_token_id(token)
    except ValueError:
        return f"the token does not begin with a bot's id, so it may be another secret or a part: {whole}"
    return None


def allowed_intents(flags: hikari.ApplicationFlags) -> hikari.Intents:
    """The privileged intents that are switched on for an application."""
    allowed = hikari.Intents.NONE
    for switched_on, intent in _ALLOWING:
        if flags & switched_on:
            allowed |= intent
    return allowed


def intents_to_switch_on(
    asked: Mapping[str, hikari.Intents], allowed: hikari.Intents
) -> dict[str, list[str]]:
    """The switches of the developer portal that are off but asked for, with the plugins that ask."""
    missing: dict[str, list[str]] = {}
    for switch, intent in _SWITCHES:
        askers = [name for name, intents in sorted(asked.items()) if intents & intent & ~allowed]
        if askers:
            missing[switch] = askers
    return missing


def application_page(application_id: int) -> str:
    """The page of the developer portal with the bot's token and intents."""
    return f"{PORTAL}/{application_id}/bot"


async def connect(bot: hikari.GatewayBot, asked: Mapping[str, hikari.Intents] | None = None) -> None:
    """Start the bot; returns when every shard is READY. ``asked`` are the intents of each plugin.

    Raises Refused for a wrong token and for intents that are switched off, else ServiceUnavailable.
    """
    try:
        await bot.start(check_for_updates=False)
    except asyncio.CancelledError:
        await _end_lost_shards(bot)
        raise
    except (hikari.HTTPError, hikari.GatewayError, OSError) as error:
        raise _in_words(error, bot, asked or {}, "cannot connect to Discord") from error
    except RuntimeError as error:  # hikari's own errors are some too, and come above
        if "more sessions than were allowed" not in str(error):
            raise
        raise ServiceUnavailable(
            "Discord lets a bot start only so often in a day, and this one has no start left: something "
            "restarts it again and again. Look at its log, and start it again tomorrow"
        ) from error


def ended(
    error: Exception, bot: hikari.GatewayBot, asked: Mapping[str, hikari.Intents] | None = None
) -> ServiceUnavailable:
    """What ended a connection that had been made: Refused when trying again would help nobody."""
    return _in_words(error, bot, asked or {}, "the connection to Discord ended")


def refused_token() -> Refused:
    """The token is wrong, or was revoked."""
    return Refused(
        f"Discord refuses the token. Make a new one at {PORTAL} (Bot, Reset Token) and set CHANDELIER_TOKEN."
    )


def _in_words(
    error: Exception, bot: hikari.GatewayBot, asked: Mapping[str, hikari.Intents], what: str
) -> ServiceUnavailable:
    match error:
        case hikari.UnauthorizedError() | hikari.GatewayServerClosedConnectionError(code=4004):
            return refused_token()
        case hikari.GatewayServerClosedConnectionError():
            kind = Refused if error.code in _FINAL else ServiceUnavailable
            return kind(f"Discord closed the connection: {_close_reason(error, bot, asked)}")
        case _:
            return ServiceUnavailable(
                f"{what}: {in_short(error)}. Is the network up, and rest_url right, if it is set?"
            )


def in_short(error: Exception) -> str:
    """The first line of an error, without the page of HTML that Cloudflare may send in place of JSON."""
    text = (str(error) or type(error).__name__).strip()
    text = text.splitlines()[0].partition("<")[0] if "<html" in text.lower() else text.splitlines()[0]
    return text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"


async def _end_lost_shards(bot: hikari.GatewayBot) -> None:
    """End the shards that a cancelled start leaves behind.

    hikari 2.6 shields a shard's task while it waits for READY and forgets it when that wait is cancelled;
    the shard would reconnect for ever and no close() knows of it.
    """
    lost: list[asyncio.Task[Any]] = []
    for task in asyncio.all_tasks():
        frame = getattr(task.get_coro(), "cr_frame", None)
        shard = None if frame is None else frame.f_locals.get("self")
        if (
            isinstance(shard, hikari.impl.GatewayShardImpl)
            and shard._event_manager is bot.event_manager
            and shard not in bot.shards.values()
        ):
            task.cancel()
            lost.append(task)
    await asyncio.gather(*lost, return_exceptions=True)


def _close_reason(
    error: hikari.GatewayServerClosedConnectionError,
    bot: hikari.GatewayBot,
    asked: Mapping[str, hikari.Intents],
) -> str:
    if error.code != DISALLOWED_INTENTS:
        return f"{error.reason} ({error.code})"
    wanted = bot.intents & hikari.Intents.ALL_PRIVILEGED
    switches = intents_to_switch_on(asked or {"": wanted}, hikari.Intents.NONE)
    named = [
        f"{switch} (for {', '.join(askers)})" if any(askers) else switch
        for switch, askers in switches.items()
    ]
    page = application_page(int(bot.token_id))  # pyright: ignore[reportAttributeAccessIssue] - GatewayBot has it
    return (
        f"it does not allow the intents {wanted}. Switch them on at {page} "
        f"(Privileged Gateway Intents): {', '.join(named)}."
    )
