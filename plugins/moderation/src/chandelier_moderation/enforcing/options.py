"""From the options of a command to a rule: what was typed is put upon what there is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import chandelier
from chandelier_moderation.automod.plain import from_plain, to_plain
from chandelier_moderation.automod.problems import BadRules
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing import typed
from chandelier_moderation.enforcing.naming import resolve_channels, resolve_roles
from chandelier_moderation.enforcing.store import refusal

__all__ = ["rule_of"]

_ = chandelier.Messages("chandelier_moderation")

_PLAIN = ("severity", "dry_run", "enabled", "description", "at_least")
_SCOPE = ("bots", "webhooks")
_NOTHING = frozenset({"none", "-", "all"})
_ANY = ("links", "attachments")
"""Triggers that hit all there is when nothing is named."""
_NEEDED = {
    "words": ("free nitro, steam gift", ("words",)),
    "expressions": ("fr[e3]+ nitro", ("expressions",)),
    "scam_links": ("https://lists.example/domains.txt", ("lists", "domains")),
}
"""Triggers that hit nothing when nothing is named: an example, and where it is kept."""
_ALWAYS = ("kind", "match")


async def rule_of(
    ctx: chandelier.PluginContext[ModerationConfig],
    guild_id: int,
    base: Rule | Mapping[str, Any],
    options: Any,
    *,
    draft: bool = False,
) -> Rule:
    """The rule that a command's options make of a rule, or of the beginnings of one.

    Raises InvalidRequest with everything that is wrong. A ``draft`` needs no actions.
    """
    data = to_plain(base) if isinstance(base, Rule) else dict(base)
    _trigger(data, options)
    for name in _PLAIN:
        value = getattr(options, name, None)
        if value is not None:
            data[name] = value
    if getattr(options, "rename", None) is not None:
        data["name"] = options.rename
    if getattr(options, "actions", None) is not None:
        data["actions"] = typed.actions_of(options.actions)
    for name, read in (("conditions", typed.conditions_of), ("parts", typed.parts_of)):
        text = getattr(options, name, None)
        if text is not None:
            data.pop(name, None)
            if text.strip().casefold() not in _NOTHING:
                data[name] = read(text)
    if draft:
        data["actions"] = [{"do": "delete"}]
    await _scope(ctx, guild_id, data, options)
    try:
        return await asyncio.to_thread(from_plain, data)
    except BadRules as error:
        raise refusal(error.problems) from None


def _trigger(data: dict[str, Any], options: Any) -> None:
    given = {name: getattr(options, name, None) for name in ("trigger", "what", "match", "allow")}
    if all(value is None for value in given.values()):
        return
    before = dict(data.get("trigger") or {})
    kind = given["trigger"] or before.get("kind")
    # A list that was given is taken away again; every link, or file, is meant then.
    for name, clears in (("what", kind in _ANY), ("allow", True)):
        if clears and (given[name] or "").strip().casefold() in _NOTHING:
            given[name] = None
            kept = [key for key in before if key in _ALWAYS or key.startswith("allow") != (name == "allow")]
            before = {key: before[key] for key in kept}
    read = typed.trigger_of(str(kind), given["what"] or "", given["allow"] or "", given["match"])
    data["trigger"] = made = {**(before if kind == before.get("kind") else {}), **read}
    example, keys = _NEEDED.get(str(kind), ("", ()))
    if example and not any(made.get(key) for key in keys):
        raise chandelier.InvalidRequest(
            _("`{kind}` needs `what`, such as `{example}`.", kind=kind, example=example)
        )


async def _scope(
    ctx: chandelier.PluginContext[ModerationConfig], guild_id: int, data: dict[str, Any], options: Any
) -> None:
    scope = {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in data.get("scope", {}).items()
    }
    for name in ("channels", "categories", "roles"):
        resolve = resolve_roles if name == "roles" else resolve_channels
        for option, field in ((name, "only"), (f"exempt_{name}", "exempt")):
            text = getattr(options, option, None)
            if text is None or (option == "channels" and hasattr(options, "last")):
                continue
            ids = [] if text.strip().casefold() in _NOTHING else await resolve(ctx, guild_id, text)
            part = scope.setdefault(name, {})
            part[field] = ids
    for name in _SCOPE:
        value = getattr(options, name, None)
        if value is not None:
            scope[name] = value
    staff = getattr(options, "staff", None)
    if staff is not None:
        scope["staff"] = "include" if staff else "exempt"
    if scope:
        data["scope"] = scope
