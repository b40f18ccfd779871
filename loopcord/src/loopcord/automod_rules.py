"""Auto-moderation rules by REST: what a body may say, and how many rules a guild may have.

Source: https://discord.com/developers/docs/resources/auto-moderation
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._simcord import BackendError, GuildModel, serializers
from .automod import Action, EventType, Trigger, compiled
from .errors import WorldError
from .parity import Correction
from .permissions import BITS
from .problems import Problems
from .routes import Call, Handler, Routes

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["CORRECTIONS", "MOST_RULES", "ROUTES", "arrange_rule", "checked_rule"]

_DOCS = "https://discord.com/developers/docs/resources/auto-moderation"

CORRECTIONS = (
    Correction(
        "POST /guilds/{guild_id}/auto-moderation/rules",
        "stores any body, and enables the rule unless told otherwise",
        "checks names, triggers, actions and their limits, and leaves the rule disabled by default",
        f"{_DOCS}#create-auto-moderation-rule",
    ),
    Correction(
        "POST /guilds/{guild_id}/auto-moderation/rules",
        "has no bound on the number of rules",
        "takes six rules with keywords, and one of every other kind",
        f"{_DOCS}#auto-moderation-rule-object-trigger-types",
    ),
    Correction(
        "GET /guilds/{guild_id}/auto-moderation/rules",
        "gives back only the trigger metadata that was sent",
        "gives every field of the trigger's metadata, and an action's metadata even when it is empty",
        f"{_DOCS}#auto-moderation-rule-object-trigger-metadata",
    ),
)

#: Rules per guild, by trigger.
MOST_RULES = {trigger: 6 if trigger == Trigger.KEYWORD else 1 for trigger in Trigger}
NAME_LENGTH = 100
KEYWORDS, KEYWORD_LENGTH = 1000, 60
PATTERNS, PATTERN_LENGTH = 10, 260
#: Entries of an allow list, for presets and for everything else.
ALLOWED_FOR_PRESETS, ALLOWED = 1000, 100
MOST_MENTIONS = 50
#: Seconds of a timeout: four weeks.
LONGEST_TIMEOUT = 2_419_200
CUSTOM_MESSAGE_LENGTH = 150
EXEMPT_ROLES, EXEMPT_CHANNELS = 20, 50

_ACTIONS: dict[int, tuple[int, ...]] = {
    Trigger.KEYWORD: (1, 2, 3),
    Trigger.SPAM: (1, 2),
    Trigger.KEYWORD_PRESET: (1, 2),
    Trigger.MENTION_SPAM: (1, 2, 3),
    Trigger.MEMBER_PROFILE: (2, 4),
}
_FIELDS = (
    "name",
    "event_type",
    "trigger_type",
    "trigger_metadata",
    "actions",
    "enabled",
    "exempt_roles",
    "exempt_channels",
)

ROUTES: Routes[Handler] = Routes()
_route = ROUTES.add


@_route("POST", "/guilds/{guild_id}/auto-moderation/rules")
def _create(call: Call) -> Any:
    backend, guild = call.backend, call.backend.get_guild(call.id("guild_id"))
    call.context.require_guild_permissions(guild.id, "manage_guild")
    body = checked_rule(backend, guild, call.context.fields(*_FIELDS), by=backend.bot_user.id)
    _require_for_actions(call, guild, body)
    rule = backend.create_auto_mod_rule(guild.id, backend.bot_user.id, body)
    return serializers.auto_mod_rule_payload(backend, rule)


@_route("PATCH", "/guilds/{guild_id}/auto-moderation/rules/{rule_id}")
def _edit(call: Call) -> Any:
    backend, guild = call.backend, call.backend.get_guild(call.id("guild_id"))
    call.context.require_guild_permissions(guild.id, "manage_guild")
    rule = backend.get_auto_mod_rule(guild.id, call.id("rule_id"))
    given = call.context.fields(*(each for each in _FIELDS if each != "trigger_type"))
    known = serializers.auto_mod_rule_payload(backend, rule)
    whole = {**{key: known[key] for key in _FIELDS}, **given}
    body = checked_rule(backend, guild, whole, by=backend.bot_user.id, known=rule)
    _require_for_actions(call, guild, body)
    changes = {key: body[key] for key in given}
    for key in ("exempt_roles", "exempt_channels"):
        if key in changes:
            changes[key] = [int(each) for each in changes[key]]
    rule = backend.edit_auto_mod_rule(guild.id, rule.id, changes)
    return serializers.auto_mod_rule_payload(backend, rule)


def _require_for_actions(call: Call, guild: GuildModel, body: Mapping[str, Any]) -> None:
    """Timeouts and quarantines need Moderate Members besides."""
    if any(action["type"] in (Action.TIMEOUT, Action.BLOCK_MEMBER_INTERACTION) for action in body["actions"]):
        call.context.require_guild_permissions(guild.id, "moderate_members")


# ------------------------------------------------------------------ a rule's body


def checked_rule(
    backend: LocalBackend, guild: GuildModel, body: Mapping[str, Any], *, by: int, known: Any = None
) -> dict[str, Any]:
    """A rule's whole body with every field, as user ``by`` makes it; ``known`` is the rule that it changes.

    Raises:
        BackendError: 400/50035 with what is wrong.
    """
    problems = Problems()
    name = body.get("name")
    if not isinstance(name, str):
        problems.required("name")
    else:
        problems.length("name", name, 1, NAME_LENGTH)
    trigger = body.get("trigger_type")
    if trigger not in _ACTIONS:
        problems.choice("trigger_type", trigger, tuple(int(each) for each in _ACTIONS))
        problems.check()
        raise AssertionError("unreachable: check() has raised")
    event = EventType.MEMBER_UPDATE if trigger == Trigger.MEMBER_PROFILE else EventType.MESSAGE_SEND
    if body.get("event_type") != event:
        problems.choice("event_type", body.get("event_type"), (int(event),))
    given = body.get("trigger_metadata")
    metadata = _metadata(problems, trigger, given if isinstance(given, dict) else {})
    actions = _actions(problems, trigger, body.get("actions"))
    for index, action in enumerate(actions):
        if action["type"] == Action.SEND_ALERT_MESSAGE and not _may_alert(backend, guild, by, action):
            problems.add(
                f"actions.{index}.metadata.channel_id",
                "INVALID_AUTO_MODERATION_CHANNEL_FLAG_ACTION_ACCESS",
                "The channel is not accessible.",
            )
    exempt: dict[str, list[str]] = {}
    for key, most in (("exempt_roles", EXEMPT_ROLES), ("exempt_channels", EXEMPT_CHANNELS)):
        exempt[key] = [str(each) for each in body.get(key) or ()]
        problems.length(key, exempt[key], 0, most)
    if known is None:
        same = [rule for rule in guild.auto_mod_rules.values() if rule.trigger_type == trigger]
        if len(same) >= MOST_RULES[Trigger(trigger)]:
            # https://github.com/discordjs/discord-api-types/issues/853
            problems.add(
                "",
                "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED",
                f"Maximum number of rules with trigger type {trigger} is {MOST_RULES[Trigger(trigger)]}",
            )
    problems.check()
    return {
        "name": name,
        "event_type": int(event),
        "trigger_type": int(trigger),
        "trigger_metadata": metadata,
        "actions": actions,
        "enabled": bool(body.get("enabled", False)),
        **exempt,
    }


def _metadata(problems: Problems, trigger: int, given: Mapping[str, Any]) -> dict[str, Any]:
    where = "trigger_metadata"
    if trigger == Trigger.SPAM:
        return {}
    if trigger == Trigger.MENTION_SPAM:
        limit = given.get("mention_total_limit", MOST_MENTIONS)
        problems.number(f"{where}.mention_total_limit", limit, 0, MOST_MENTIONS)
        raids = bool(given.get("mention_raid_protection_enabled", False))
        return {"mention_total_limit": limit, "mention_raid_protection_enabled": raids}
    preset = trigger == Trigger.KEYWORD_PRESET
    allowed = _texts(
        problems,
        f"{where}.allow_list",
        given.get("allow_list"),
        ALLOWED_FOR_PRESETS if preset else ALLOWED,
        KEYWORD_LENGTH,
    )
    if preset:
        presets = list(given.get("presets") or ())
        for index, each in enumerate(presets):
            problems.choice(f"{where}.presets.{index}", each, (1, 2, 3))
        return {"presets": presets, "allow_list": allowed}
    keywords = _texts(
        problems, f"{where}.keyword_filter", given.get("keyword_filter"), KEYWORDS, KEYWORD_LENGTH
    )
    patterns = _texts(
        problems, f"{where}.regex_patterns", given.get("regex_patterns"), PATTERNS, PATTERN_LENGTH
    )
    for index, pattern in enumerate(patterns):
        try:
            compiled(pattern)
        except ValueError as error:
            # Discord says that it refuses these, but not with which code.
            problems.add(f"{where}.regex_patterns.{index}", "AUTO_MODERATION_INVALID_REGEX", str(error))
    return {"keyword_filter": keywords, "regex_patterns": patterns, "allow_list": allowed}


def _texts(problems: Problems, path: str, given: Any, most: int, longest: int) -> list[str]:
    texts = [str(each) for each in given or ()]
    problems.length(path, texts, 0, most)
    for index, text in enumerate(texts):
        problems.length(f"{path}.{index}", text, 1, longest)
    return texts


def _actions(problems: Problems, trigger: int, given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not given:
        problems.required("actions")
        return []
    actions: list[dict[str, Any]] = []
    for index, action in enumerate(given):
        where = f"actions.{index}"
        kind = action.get("type") if isinstance(action, dict) else None
        if kind not in _ACTIONS[trigger]:
            problems.choice(f"{where}.type", kind, _ACTIONS[trigger])
            continue
        metadata = dict(action.get("metadata") or {})
        if kind == Action.SEND_ALERT_MESSAGE:
            metadata["channel_id"] = str(metadata.get("channel_id"))
        elif kind == Action.TIMEOUT:
            seconds = metadata.get("duration_seconds")
            problems.number(f"{where}.metadata.duration_seconds", seconds, 1, LONGEST_TIMEOUT)
        elif kind == Action.BLOCK_MESSAGE and metadata.get("custom_message") is not None:
            text = metadata["custom_message"]
            problems.length(f"{where}.metadata.custom_message", text, 0, CUSTOM_MESSAGE_LENGTH)
        actions.append({"type": int(kind), "metadata": metadata})
    return actions


def _may_alert(backend: LocalBackend, guild: GuildModel, by: int, action: Mapping[str, Any]) -> bool:
    """Whether the alert's channel exists here and whoever makes the rule may write in it."""
    try:
        bits = backend.compute_permissions(guild.id, by, int(action["metadata"]["channel_id"]))
    except (BackendError, ValueError):
        return False
    return bool(bits & BITS["view_channel"] and bits & BITS["send_messages"])


def arrange_rule(backend: LocalBackend, guild: GuildModel, name: str, fields: Mapping[str, Any]) -> int:
    """Make a rule as the guild's owner would, enabled unless told otherwise; returns its id.

    Raises:
        WorldError: with what is wrong.
    """
    body: dict[str, Any] = {"name": name, "enabled": True, **fields}
    for key in ("exempt_roles", "exempt_channels"):
        body[key] = [getattr(each, "id", each) for each in body.get(key) or ()]
    profile = body.get("trigger_type") == Trigger.MEMBER_PROFILE
    body.setdefault("event_type", EventType.MEMBER_UPDATE if profile else EventType.MESSAGE_SEND)
    try:
        whole = checked_rule(backend, guild, body, by=guild.owner_id)
    except BackendError as error:
        raise WorldError(f"no such rule of auto-moderation: {error.errors}") from error
    return backend.create_auto_mod_rule(guild.id, guild.owner_id, whole).id
