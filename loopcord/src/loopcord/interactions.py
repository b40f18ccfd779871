"""Interactions as a client builds them: checked against what the client would show, then dispatched.

Commands must be registered and visible, options declared and valid, components present and enabled,
forms filled within their bounds. What fails is an :class:`ActError`, because a person could not do it.
Source: https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._simcord import (
    SELECT_TYPES,
    AppCommandType,
    ComponentType,
    InteractionType,
    MessageModel,
    OptionError,
    OptionType,
    SetupError,
    base_payload,
    channel_accessible,
    command_access,
    message_accessible,
    nest_options,
    serializers,
    store_interaction_attachment,
    validate_option_value,
    walk_components,
    walk_to_subcommand,
)
from .errors import ActError
from .guilds import Channel, Role
from .messages import Message, Reply
from .users import User

__all__ = [
    "autocomplete",
    "choose",
    "dispatch_modal",
    "menu",
    "press",
    "selected_values",
    "slash",
    "visible_commands",
    "visible_message",
]

_ENTITIES: dict[int, tuple[type, ...]] = {
    OptionType.USER: (User,),
    OptionType.CHANNEL: (Channel,),
    OptionType.ROLE: (Role,),
    OptionType.MENTIONABLE: (User, Role),
}
_ENTITY_SELECTS: dict[int, tuple[type, ...]] = {
    ComponentType.USER_SELECT: (User,),
    ComponentType.ROLE_SELECT: (Role,),
    ComponentType.MENTIONABLE_SELECT: (User, Role),
    ComponentType.CHANNEL_SELECT: (Channel,),
}
_LINK, _PREMIUM = 5, 6


# ------------------------------------------------------------------ commands


def visible_commands(user: User, channel: Channel, kind: int = 1) -> list[dict[str, Any]]:
    """The commands that a client would offer here, sorted by name."""
    return user.discord.backend.visible_commands(user_id=user.id, channel_id=channel.id, type=kind)


def slash(user: User, channel: Channel, name: str, options: Mapping[str, Any]) -> Reply:
    """Use a slash command; ``name`` is the whole path, such as ``"case view"``."""
    words = name.split()
    root = _command(user, channel, words[0], AppCommandType.CHAT_INPUT)
    leaf, nesting = _leaf(root, words)
    given, resolved = _options(user, channel, name, leaf, options, partial=False)
    data = _command_data(root, nest_options(root, nesting, given))
    if resolved:
        data["resolved"] = resolved
    reply = _dispatch(user, channel, InteractionType.APPLICATION_COMMAND, data)
    reply.record.command_name = " ".join(words)  # messages name a command with its sub command
    return reply


def autocomplete(
    user: User, channel: Channel, name: str, option: str, value: Any, filled: Mapping[str, Any]
) -> Reply:
    """Type ``value`` into an option of a command whose other options are ``filled``."""
    words = name.split()
    root = _command(user, channel, words[0], AppCommandType.CHAT_INPUT)
    leaf, nesting = _leaf(root, words)
    declared = {item["name"]: item for item in leaf.get("options") or []}
    if option not in declared:
        raise ActError(f"/{name} has no option {option!r}; it has {sorted(declared)}")
    if not declared[option].get("autocomplete"):
        raise ActError(f"option {option!r} of /{name} does not autocomplete")
    given, _ = _options(user, channel, name, leaf, filled, partial=True)
    given.append({"name": option, "type": declared[option]["type"], "value": value, "focused": True})
    data = _command_data(root, nest_options(root, nesting, given))
    return _dispatch(user, channel, InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE, data)


def menu(user: User, channel: Channel, name: str, target: User | Message) -> Reply:
    """Use a user or message command from the context menu of ``target``."""
    backend = user.discord.backend
    resolved: dict[str, Any] = {}
    if isinstance(target, User):
        kind = AppCommandType.USER
        _resolve(user, channel, target, resolved)
    else:
        kind = AppCommandType.MESSAGE
        stored = visible_message(user, target)
        if stored.channel_id != channel.id:
            raise ActError("the message is in another channel; open its menu there")
        resolved["messages"] = {
            str(stored.id): dict(serializers.message_payload(backend, stored, for_user=backend.bot_user.id))
        }
    root = _command(user, channel, name, kind)
    data = {**_command_data(root, None), "target_id": str(target.id), "resolved": resolved}
    return _dispatch(user, channel, InteractionType.APPLICATION_COMMAND, data)


def _command(user: User, channel: Channel, name: str, kind: AppCommandType) -> dict[str, Any]:
    backend = user.discord.backend
    guild_id = channel.model.guild_id
    root = backend.find_command(name, guild_id, type=kind)
    label = f"/{name}" if kind == AppCommandType.CHAT_INPUT else f"menu {name!r}"
    if root is None:
        known = sorted(
            c["name"] for scope in (guild_id, None) for c in backend.commands.get(scope, {}).values()
        )
        raise ActError(f"{label} is not registered here; the bot registered {known}")
    access = command_access(backend, root, user_id=user.id, channel_id=channel.id)
    if not access.allowed:
        raise ActError(f"{label} is hidden from {user.name} in #{channel.name}: {access.reason}")
    return root


def _leaf(root: dict[str, Any], words: list[str]) -> tuple[dict[str, Any], list[str]]:
    try:
        return walk_to_subcommand(root, words[1:])
    except SetupError as error:
        raise ActError(f"{error} {' '.join(getattr(error, '__notes__', []))}".strip()) from error


def _command_data(root: dict[str, Any], options: list[dict[str, Any]] | None) -> dict[str, Any]:
    data: dict[str, Any] = {"id": root["id"], "name": root["name"], "type": root["type"]}
    if options is not None:
        data["options"] = options
    if root.get("guild_id"):
        data["guild_id"] = root["guild_id"]
    return data


def _options(
    user: User, channel: Channel, name: str, leaf: dict[str, Any], given: Mapping[str, Any], *, partial: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    declared = {option["name"]: option for option in leaf.get("options") or []}
    if any(option["type"] in (1, 2) for option in declared.values()):
        raise ActError(f"/{name} needs one of its sub commands: {sorted(declared)}")
    if unknown := sorted(given.keys() - declared.keys()):
        raise ActError(f"/{name} has no option {unknown[0]!r}; it has {sorted(declared)}")
    missing = [option for option in declared if declared[option].get("required") and option not in given]
    if missing and not partial:
        raise ActError(f"/{name} requires option {missing[0]!r}")
    built: list[dict[str, Any]] = []
    resolved: dict[str, Any] = {}
    for key, option in declared.items():
        if key not in given:
            continue
        value = _option_value(user, channel, name, option, given[key], resolved)
        built.append({"name": key, "type": option["type"], "value": value})
    return built, resolved


def _option_value(
    user: User, channel: Channel, name: str, option: dict[str, Any], value: Any, resolved: dict[str, Any]
) -> Any:
    kind = option["type"]
    entities = _ENTITIES.get(kind)
    if entities is not None:
        if not isinstance(value, entities):
            wanted = " or ".join(entity.__name__ for entity in entities)
            raise ActError(
                f"option {option['name']!r} of /{name} takes a {wanted}, not {type(value).__name__}"
            )
        types = option.get("channel_types")
        if isinstance(value, Channel) and types and value.model.type not in types:
            raise ActError(
                f"option {option['name']!r} of /{name} does not offer #{value.name} (channel type)"
            )
        _resolve(user, channel, value, resolved)
        return str(value.id)
    try:
        value = validate_option_value(name, option, value)
    except OptionError as error:
        raise ActError(str(error)) from error
    if kind == OptionType.ATTACHMENT:
        filename, blob = value
        return store_interaction_attachment(user.discord.backend, channel.id, filename, blob, resolved)
    return value


def _resolve(user: User, channel: Channel, value: Any, resolved: dict[str, Any]) -> None:
    """Add a chosen person, role or channel to ``resolved``, as Discord does."""
    backend = user.discord.backend
    key = str(value.id)
    guild = backend.guilds.get(channel.model.guild_id or 0)
    if isinstance(value, User):
        resolved.setdefault("users", {})[key] = dict(serializers.user_payload(backend.get_user(value.id)))
        if guild is not None and value.id in guild.members:
            member = dict(
                serializers.member_payload(backend, guild, guild.members[value.id], with_user=False)
            )
            member["permissions"] = str(backend.compute_permissions(guild.id, value.id, channel.id))
            resolved.setdefault("members", {})[key] = member
    elif isinstance(value, Role):
        resolved.setdefault("roles", {})[key] = dict(serializers.role_payload(value.model))
    else:
        if not channel_accessible(backend, value.id, user.id):
            raise ActError(f"{user.name} cannot see #{value.name}")
        payload = dict(serializers.channel_payload(backend, value.model))
        if value.model.guild_id is not None:
            payload["permissions"] = str(backend.compute_permissions(value.model.guild_id, user.id, value.id))
        resolved.setdefault("channels", {})[key] = payload


# ------------------------------------------------------------------ components


def press(
    user: User, message: Message | Reply, *, label: str | None = None, custom_id: str | None = None
) -> Reply:
    """Press a button, found by its label or custom id (both unnecessary when there is only one)."""
    stored = visible_message(user, message)
    button = _component(stored, (ComponentType.BUTTON,), label=label, custom_id=custom_id)
    if button.get("style") in (_LINK, _PREMIUM) or not button.get("custom_id"):
        raise ActError(f"button {button.get('label')!r} is a link; it tells the bot nothing")
    return _use(user, stored, button, {})


def choose(
    user: User, message: Message | Reply, values: Sequence[Any], *, custom_id: str | None = None
) -> Reply:
    """Choose in a select menu: strings, or people, roles and channels."""
    stored = visible_message(user, message)
    select = _component(stored, SELECT_TYPES, label=None, custom_id=custom_id)
    channel = Channel(user.discord, user.discord.backend.get_channel(stored.channel_id))
    resolved: dict[str, Any] = {}
    chosen = selected_values(user, channel, select, values, resolved)
    extra: dict[str, Any] = {"values": chosen}
    if select["type"] != ComponentType.STRING_SELECT:
        extra["resolved"] = resolved
    return _use(user, stored, select, extra)


def selected_values(
    user: User, channel: Channel, select: Mapping[str, Any], values: Sequence[Any], resolved: dict[str, Any]
) -> list[str]:
    """Check a choice against its menu and turn it into wire values, filling ``resolved``."""
    if isinstance(values, str) or len(set(values)) != len(values):
        raise ActError("a choice is a list of different values")
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not low <= len(values) <= high:
        raise ActError(f"the menu takes {low} to {high} values, not {len(values)}")
    entities = _ENTITY_SELECTS.get(select["type"])
    if entities is None:
        offered = [option["value"] for option in select.get("options") or []]
        for value in values:
            if value not in offered:
                raise ActError(f"the menu does not offer {value!r}; it offers {offered}")
        return list(values)
    for value in values:
        if not isinstance(value, entities):
            raise ActError(
                f"the menu takes {' or '.join(e.__name__ for e in entities)}, not {type(value).__name__}"
            )
        _resolve(user, channel, value, resolved)
    return [str(value.id) for value in values]


def visible_message(user: User, message: Message | Reply) -> MessageModel:
    """The stored message, if ``user`` can see it now.

    Raises:
        ActError: when it is gone, out of sight, or the reply has no message.
    """
    shown = message.message if isinstance(message, Reply) else message
    if shown is None:
        raise ActError("there is no message to act on: the bot has not answered with one")
    backend = user.discord.backend
    stored = backend.messages.get(shown.channel_id, {}).get(shown.id)
    if stored is None:
        raise ActError("the message is gone", code=10008)
    if not message_accessible(backend, shown.channel_id, stored, user.id):
        raise ActError(f"{user.name} cannot see that message", code=50001)
    return stored


def _component(
    stored: MessageModel, types: Iterable[int], *, label: str | None, custom_id: str | None
) -> dict[str, Any]:
    known = [c for c in walk_components(stored.components) if c.get("type") in tuple(types)]
    found = [
        c
        for c in known
        if (label is None or c.get("label") == label)
        and (custom_id is None or c.get("custom_id") == custom_id)
    ]
    offered = [c.get("label") or c.get("custom_id") for c in known]
    if len(found) != 1:
        problem = "no such component" if not found else f"{len(found)} components match"
        raise ActError(f"{problem} (label={label!r}, custom_id={custom_id!r}); the message offers {offered}")
    if found[0].get("disabled"):
        raise ActError(f"{found[0].get('label') or found[0].get('custom_id')!r} is disabled")
    return found[0]


def _use(user: User, stored: MessageModel, component: Mapping[str, Any], extra: Mapping[str, Any]) -> Reply:
    backend = user.discord.backend
    data = {"custom_id": component["custom_id"], "component_type": int(component["type"]), **extra}
    data["id"] = component.get("id") or 0
    message = dict(serializers.message_payload(backend, stored, for_user=backend.bot_user.id))
    channel = Channel(user.discord, backend.get_channel(stored.channel_id))
    return _dispatch(
        user, channel, InteractionType.MESSAGE_COMPONENT, data, message=message, source=stored.id
    )


# ------------------------------------------------------------------ to the bot


def _dispatch(
    user: User,
    channel: Channel,
    kind: InteractionType,
    data: dict[str, Any],
    *,
    message: dict[str, Any] | None = None,
    source: int | None = None,
    opener: int | None = None,
) -> Reply:
    backend = user.discord.backend
    if not channel_accessible(backend, channel.id, user.id):
        raise ActError(f"{user.name} cannot see #{channel.name}", code=50001)
    record, payload = base_payload(
        backend, type=kind, channel_id=channel.id, guild_id=channel.model.guild_id, user_id=user.id, data=data
    )
    guild_id = channel.model.guild_id
    payload["locale"] = user.locale
    payload["authorizing_integration_owners"] = {"0": str(guild_id) if guild_id is not None else "0"}
    if guild_id is not None:
        locale = backend.get_guild(guild_id).preferred_locale
        payload["guild_locale"] = locale
        payload["guild"] = {"id": str(guild_id), "locale": locale, "features": []}
        payload["channel"]["permissions"] = payload["member"]["permissions"]
    if message is not None:
        payload["message"] = message
    record.source_message_id = source
    if opener is not None:
        backend.form_openers[record.id] = opener
    backend.emit("INTERACTION_CREATE", payload)
    return Reply(user.discord, record)


def dispatch_modal(user: User, shown: Reply, data: dict[str, Any], message: dict[str, Any] | None) -> Reply:
    """Submit a filled form; ``data`` is complete."""
    backend = user.discord.backend
    channel = Channel(user.discord, backend.get_channel(shown.record.channel_id))
    return _dispatch(
        user,
        channel,
        InteractionType.MODAL_SUBMIT,
        data,
        message=message,
        source=shown.record.source_message_id,
        opener=shown.record.id,
    )
