"""What loopcord models, where it corrects simcord, which is behind it, and what is missing.

Each room that corrects something has a tuple ``CORRECTIONS`` beside its code; :func:`corrections` gathers
them. The parity page (docs/parity.md) is written from what is here.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MISSING_EVENTS", "MISSING_ROUTES", "Correction", "corrections", "modelled"]


@dataclass(frozen=True, slots=True)
class Correction:
    """One rule of Discord's that simcord gets wrong or lacks."""

    #: The route (``"GET /guilds/{guild_id}/bans"``), gateway event or act that it concerns.
    where: str
    #: What simcord does, in a clause.
    was: str
    #: What loopcord does, which is what Discord does, in a clause.
    now: str
    #: The page of Discord's documentation that says so.
    source: str


#: Documented routes that answer 501, by Discord's names for what they are about.
#: Source: https://discord.com/developers/docs/reference and the resources' pages
MISSING_ROUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("changing the application", ("PATCH /applications/@me",)),
    (
        "permissions of commands, which take a person's own token",
        ("PUT /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions",),
    ),
    (
        "guild templates",
        (
            "GET /guilds/templates/{template_code}",
            "GET /guilds/{guild_id}/templates",
            "POST /guilds/{guild_id}/templates",
            "PUT /guilds/{guild_id}/templates/{template_code}",
            "PATCH /guilds/{guild_id}/templates/{template_code}",
            "DELETE /guilds/{guild_id}/templates/{template_code}",
        ),
    ),
    (
        "integrations",
        ("GET /guilds/{guild_id}/integrations", "DELETE /guilds/{guild_id}/integrations/{integration_id}"),
    ),
    ("onboarding", ("GET /guilds/{guild_id}/onboarding", "PUT /guilds/{guild_id}/onboarding")),
    ("previews of guilds", ("GET /guilds/{guild_id}/preview",)),
    ("counts of roles' members", ("GET /guilds/{guild_id}/roles/member-counts",)),
    (
        "the welcome screen",
        ("GET /guilds/{guild_id}/welcome-screen", "PATCH /guilds/{guild_id}/welcome-screen"),
    ),
    ("the widget", ("PATCH /guilds/{guild_id}/widget", "GET /guilds/{guild_id}/widget.json")),
    (
        "soundboards",
        (
            "POST /channels/{channel_id}/send-soundboard-sound",
            "GET /soundboard-default-sounds",
            "GET /guilds/{guild_id}/soundboard-sounds",
            "POST /guilds/{guild_id}/soundboard-sounds",
            "GET /guilds/{guild_id}/soundboard-sounds/{sound_id}",
            "PATCH /guilds/{guild_id}/soundboard-sounds/{sound_id}",
            "DELETE /guilds/{guild_id}/soundboard-sounds/{sound_id}",
        ),
    ),
    (
        "standard stickers",
        ("GET /stickers/{sticker_id}", "GET /sticker-packs", "GET /sticker-packs/{pack_id}"),
    ),
    (
        "subscriptions",
        ("GET /skus/{sku_id}/subscriptions", "GET /skus/{sku_id}/subscriptions/{subscription_id}"),
    ),
)

#: Documented gateway events that are never sent.
#: Source: https://discord.com/developers/docs/events/gateway-events#receive-events
MISSING_EVENTS: tuple[str, ...] = (
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
    "CHANNEL_INFO",
    "GUILD_INTEGRATIONS_UPDATE",
    "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    "GUILD_SOUNDBOARD_SOUND_CREATE",
    "GUILD_SOUNDBOARD_SOUND_DELETE",
    "GUILD_SOUNDBOARD_SOUND_UPDATE",
    "INTEGRATION_CREATE",
    "INTEGRATION_DELETE",
    "INTEGRATION_UPDATE",
    "PRESENCE_UPDATE",
    "SOUNDBOARD_SOUNDS",
    "SUBSCRIPTION_CREATE",
    "SUBSCRIPTION_DELETE",
    "SUBSCRIPTION_UPDATE",
    "THREAD_LIST_SYNC",
    "THREAD_MEMBER_UPDATE",
    "VOICE_CHANNEL_EFFECT_SEND",
    "VOICE_CHANNEL_START_TIME_UPDATE",
    "VOICE_CHANNEL_STATUS_UPDATE",
    "VOICE_SERVER_UPDATE",
)


def modelled() -> list[str]:
    """Every route that is answered, as ``"GET /users/@me"``, by path."""
    from ._simcord import SIMCORD_ROUTES

    found: dict[tuple[str, str], str] = {}
    for name in sorted(_rooms()):
        table = getattr(importlib.import_module(name), "ROUTES", ())
        for method, template in (*table,):
            found.setdefault((method, _PARAMETER.sub("{}", template)), template)
    for method, template in SIMCORD_ROUTES:
        found.setdefault((method, _PARAMETER.sub("{}", template)), template)
    order = {method: place for place, method in enumerate(("GET", "POST", "PUT", "PATCH", "DELETE"))}
    rows = sorted((template, order[method], method) for (method, _), template in found.items())
    return [f"{method} {template}" for template, _, method in rows]


_PARAMETER = re.compile(r"\{[^}]*\}")


def corrections() -> tuple[Correction, ...]:
    """Every correction of every room, by room and in the order they are written there."""
    found: list[Correction] = []
    for name in sorted(_rooms()):
        found += getattr(importlib.import_module(name), "CORRECTIONS", ())
    return tuple(found)


def _rooms() -> Iterator[str]:
    package = importlib.import_module(__package__ or "loopcord")
    for room in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        # The pytest plugin is pytest's to import, and it needs pytest.
        if not room.name.endswith(("__main__", "pytest_plugin")):
            yield room.name
