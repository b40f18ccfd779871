"""What an upgrade will change in Discord's list of commands; Discord is only asked what it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hikari

from chandelier.config.host import HostConfig
from chandelier.loading import Description
from chandelier.routing.planning import GLOBAL, Key, Plan, plan_of
from chandelier.routing.sync import differences

__all__ = ["described"]


async def described(
    config: HostConfig, plugins: Mapping[str, Description], plan: Plan | None
) -> dict[str, Any]:
    """The plan (made here when none is given) compared with what Discord has, JSON-ready.

    ``note`` says why there is no comparison: there is no token, or Discord does not answer.
    """
    if plan is None:
        plan = await plan_of({name: each.loaders for name, each in plugins.items()})
    planned = sorted({_shown(each.key, scope) for scope, kept in plan.scopes.items() for each in kept})
    found: dict[str, Any] = {
        "planned": planned,
        "left_out": [
            f"plugin {owner}: {line}" for owner, lines in sorted(plan.by_owner().items()) for line in lines
        ],
        "created": [],
        "updated": [],
        "deleted": [],
        "note": "",
    }
    if config.token is None:
        return {**found, "note": "there is no token, so Discord was not asked which it has"}
    try:
        await _compare(found, config, plan)
    except (hikari.HikariError, OSError, ValueError) as error:
        found["note"] = f"Discord could not be asked which it has: {str(error).partition(chr(10))[0]}"
    return found


async def _compare(found: dict[str, Any], config: HostConfig, plan: Plan) -> None:
    assert config.token is not None
    app = hikari.RESTApp(max_retries=0, url=config.rest_url)
    await app.start()
    try:
        async with app.acquire(config.token.reveal(), hikari.TokenType.BOT) as rest:
            application = await rest.fetch_application()
            installs = list(application.integration_types_config)
            for scope in sorted({GLOBAL, *plan.scopes}):
                guild: Any = hikari.UNDEFINED if scope == GLOBAL else hikari.Snowflake(scope)
                existing = await rest.fetch_application_commands(application, guild=guild)
                changed = differences(existing, plan.scopes.get(scope, ()), scope, installs)
                found["created"] += [_shown(key, scope) for key in changed.created]
                found["updated"] += [_shown(key, scope) for key in changed.updated]
                found["deleted"] += [_shown(key, scope) for key in changed.deleted]
    finally:
        await app.close()


def _shown(key: Key, scope: int) -> str:
    kind, name = key
    shown = f"/{name}" if kind == "slash" else f"{name} ({kind})"
    return shown if scope == GLOBAL else f"{shown} in guild {scope}"
