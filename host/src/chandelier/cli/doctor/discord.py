"""Discord: the invite link, and with ``--online`` token, intents, permissions in every server, and the clock.

What is asked needs no gateway connection, so a bot that runs meanwhile notices nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from chandelier.cli.doctor.finding import Examination, Finding, Level
from chandelier.connection import (
    PORTAL,
    allowed_intents,
    application_page,
    intents_to_switch_on,
    token_problem,
)
from chandelier.plugin import Manifest

__all__ = ["invite", "invite_link", "online"]

PATIENCE = 20.0
"""Seconds for all that Discord is asked."""
SKEW = 20.0
"""Seconds; an interaction has to be answered within three, and Discord's Date header has whole seconds."""
LOOKED_AT = 100
"""Configured channels that are asked for one by one."""


def invite(patient: Examination) -> Iterator[Finding]:
    """The link with which a server's admin adds the bot, with exactly what the plugins ask for."""
    token = None if patient.config is None or patient.config.token is None else patient.config.token.reveal()
    if token is None or patient.online or token_problem(token) is not None:
        return
    import hikari  # late: it takes its time

    bot_id = int(hikari.applications.get_token_id(token))
    yield Finding("invite", Level.OK, invite_link(bot_id, patient.manifests))


def invite_link(application_id: int, manifests: Mapping[str, Manifest]) -> str:
    """https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow."""
    permissions = 0
    for manifest in manifests.values():
        permissions |= int(manifest.permissions)
    asked = {
        "client_id": application_id,
        "scope": "bot applications.commands",
        "permissions": permissions,
    }
    return f"https://discord.com/oauth2/authorize?{urlencode(asked)}"


async def online(patient: Examination) -> list[Finding]:
    """Everything that only Discord can say."""
    config = patient.config
    if not patient.online or config is None or config.token is None:
        return []
    token = config.token.reveal()
    if token_problem(token) is not None:
        return []
    found: list[Finding] = []
    try:
        async with asyncio.timeout(PATIENCE):
            found.append(await _clock(config.rest_url))
            found.extend(await _with_rest(patient, token))
    except TimeoutError:
        said = f"it did not answer within {PATIENCE:.0f} seconds"
        found.append(Finding("discord", Level.PROBLEM, said, "try again; see https://discordstatus.com"))
    except Exception as error:  # noqa: BLE001 - whatever sockets, TLS and hikari raise
        do = "is the network up, and rest_url right, if it is set? See https://discordstatus.com"
        found.append(Finding("discord", Level.PROBLEM, f"it cannot be asked: {_short(error)}", do))
    return found


async def _clock(rest_url: str | None) -> Finding:
    """This machine's clock against that of Discord."""
    import aiohttp

    base = (rest_url or "https://discord.com/api/v10").rstrip("/")
    async with aiohttp.ClientSession() as session, session.get(f"{base}/gateway") as answer:
        if answer.status >= 500:
            raise ConnectionError(f"Discord answers {answer.status} {answer.reason or ''}".strip())
        stated = answer.headers.get("Date")
    if stated is None:
        return Finding("clock", Level.OK, "Discord does not say what time it is")
    skew = time.time() - parsedate_to_datetime(stated).timestamp()
    if abs(skew) > SKEW:
        way = "ahead of" if skew > 0 else "behind"
        said = f"this machine's clock is {abs(skew):.0f} seconds {way} Discord's"
        return Finding("clock", Level.PROBLEM, said, "let NTP keep it (timedatectl set-ntp true)")
    return Finding("clock", Level.OK, "as Discord's, give or take a few seconds")


async def _with_rest(patient: Examination, token: str) -> list[Finding]:
    import hikari

    assert patient.config is not None
    app = hikari.RESTApp(url=patient.config.rest_url, max_retries=1)
    await app.start()
    try:
        async with app.acquire(token, hikari.TokenType.BOT) as rest:
            try:
                application = await rest.fetch_application()
            except hikari.UnauthorizedError:
                do = f"make a new one at {PORTAL} (Bot, Reset Token) and set CHANDELIER_TOKEN"
                return [Finding("token", Level.PROBLEM, "Discord refuses the token", do)]
            found = [Finding("token", Level.OK, f"Discord knows it: it is {application.name}'s")]
            found.extend(_intents(patient.manifests, application))
            found.append(Finding("invite", Level.OK, invite_link(int(application.id), patient.manifests)))
            found.append(await _starts(rest))
            found.extend(await _servers(patient, rest))
            return found
    finally:
        await app.close()


def _intents(manifests: Mapping[str, Manifest], application: Any) -> Iterator[Finding]:
    missing = intents_to_switch_on(
        {name: manifest.intents for name, manifest in manifests.items()},
        allowed_intents(application.flags),
    )
    for switch, askers in missing.items():
        said = (
            f"{switch} is switched off, but {', '.join(askers)} ask{'s' if len(askers) == 1 else ''} for it"
        )
        do = f"switch it on at {application_page(int(application.id))}, or leave the plugin out: --without"
        yield Finding("intents", Level.PROBLEM, said, do)
    if not missing:
        yield Finding("intents", Level.OK, "all that plugins ask for are switched on")


async def _starts(rest: Any) -> Finding:
    """Discord lets a bot connect a thousand times a day; beyond that it resets the token."""
    limit = (await rest.fetch_gateway_bot_info()).session_start_limit
    said = f"{limit.remaining} of {limit.total} starts are left until {limit.reset_at:%Y-%m-%d %H:%M} UTC"
    if limit.remaining < 50:
        do = "something restarts the bot again and again: look at its log before Discord resets the token"
        return Finding("discord", Level.WARNING, said, do)
    return Finding("discord", Level.OK, said)


async def _servers(patient: Examination, rest: Any) -> list[Finding]:
    from chandelier.cli.doctor.servers import in_channels, in_servers

    found, names = await in_servers(patient.manifests, rest)
    found.extend(await in_channels(patient, rest, names, most=LOOKED_AT))
    return found


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
