"""The plan for Discord's list of commands: which commands are asked for, which are left out, and why.

One bad command costs itself and nothing else: a bulk overwrite with it in would be refused whole. Nothing
here talks to Discord, so ``chandelier check`` makes the same plan offline.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import hikari
import lightbulb

from chandelier.barrier import held
from chandelier.languages import Languages
from chandelier.routing.loader import Loader
from chandelier.routing.localisation import localisations
from chandelier.routing.rules import MOST, faults

__all__ = ["GLOBAL", "Key", "LeftOut", "Plan", "Wanted", "fingerprint", "make_plan", "plan_of", "wanted_by"]

GLOBAL = 0
"""The scope of commands that are there in every guild; other scopes are ids of guilds."""
FIRST = "core"
"""The plugin whose commands are served before all others: without them nobody could see what is wrong."""

Key = tuple[str, str]
"""Kind (slash, user, message) and name: what is unique within a scope."""


@attrs.frozen(eq=False)
class Wanted:
    """One command that a plugin asks for."""

    owner: str
    kind: str
    name: str
    scopes: frozenset[int]
    command: Any
    """lightbulb's class or group; whatever identifies the command to the caller."""
    builder: hikari.api.CommandBuilder | None
    problem: str = ""
    """Why there is no builder."""

    @property
    def key(self) -> Key:
        """What is unique within a scope."""
        return (self.kind, self.name)


@attrs.frozen
class LeftOut:
    """A command that Discord is not asked for, and why."""

    owner: str
    kind: str
    name: str
    scope: int
    reason: str

    @property
    def shown(self) -> str:
        """The command as people know it."""
        return f"/{self.name}" if self.kind == "slash" else f"the {self.kind} command {self.name!r}"

    def __str__(self) -> str:
        where = "" if self.scope == GLOBAL else f" in guild {self.scope}"
        return f"{self.shown} is left out{where}: {self.reason}"


@attrs.frozen
class Plan:
    """What Discord is asked for, by scope and in order, and what it is not asked for."""

    scopes: Mapping[int, tuple[Wanted, ...]]
    left_out: tuple[LeftOut, ...]

    def by_owner(self) -> dict[str, tuple[str, ...]]:
        """What is left out, in words, by plugin."""
        lines: dict[str, list[str]] = defaultdict(list)
        for each in self.left_out:
            if str(each) not in lines[each.owner]:
                lines[each.owner].append(str(each))
        return {owner: tuple(found) for owner, found in lines.items()}


def make_plan(wanted: Iterable[Wanted], refused: Mapping[Any, str] | None = None) -> Plan:
    """Decide on every command; the same commands give the same plan, in whatever order they come.

    The host's own plugin comes first, then plugins by name, each with its commands in the order in which it
    declares them. A name belongs to the first that asks for it. Over Discord's limit the plugins take turns,
    so that one with very many commands leaves the others theirs. ``refused`` has the commands (those of
    ``Wanted.command``) that Discord itself said no to, with its words.
    """
    scopes: dict[int, list[Wanted]] = defaultdict(list)
    left: list[LeftOut] = []
    taken: dict[tuple[int, Key], str] = {}
    for each in sorted(wanted, key=lambda each: (each.owner != FIRST, each.owner)):
        problem = each.problem or "; ".join(_faults(each)) or (refused or {}).get(each.command, "")
        for scope in sorted(each.scopes):
            if problem:
                left.append(LeftOut(each.owner, each.kind, each.name, scope, problem))
            elif (holder := taken.get((scope, each.key))) is not None:
                reason = (
                    f"plugin {holder} already provides it; disable one of the two"
                    if holder != each.owner
                    else "the plugin declares it twice"
                )
                left.append(LeftOut(each.owner, each.kind, each.name, scope, reason))
            else:
                taken[scope, each.key] = each.owner
                scopes[scope].append(each)
    kept: dict[int, tuple[Wanted, ...]] = {}
    for scope in sorted(scopes):
        fitting = _fitting(scopes[scope])
        kept[scope] = tuple(each for each in scopes[scope] if each in fitting)
        left += [_over(each, scope, scopes[scope]) for each in scopes[scope] if each not in fitting]
    return Plan(kept, tuple(left))


async def wanted_by(
    owner: str,
    command: Any,
    scopes: Iterable[int],
    locale: hikari.Locale,
    localization: Any,
) -> Wanted:
    """Build one lightbulb command or group; what its code raises becomes the reason to leave it out."""
    if isinstance(command, lightbulb.Group):
        kind, name = "slash", command.name
    else:
        kind, name = hikari.CommandType(command._command_data.type).name.lower(), command._command_data.name
    found = frozenset(int(scope) for scope in scopes)
    problem = ""
    if isinstance(command, lightbulb.Group) and not command.subcommands:
        problem = "it is a group without subcommands"
    elif not found:
        problem = "it names no guild that it is for"
    try:
        builder = await held(command.as_command_builder(locale, localization))
    except Exception as error:  # noqa: BLE001 - one plugin's mistake must not cost the others' commands
        problem = problem or f"it cannot be built: {type(error).__name__}: {error}"
        return Wanted(owner, kind, str(name), found or frozenset({GLOBAL}), command, None, problem)
    return Wanted(owner, kind, builder.name, found or frozenset({GLOBAL}), command, builder, problem)


async def plan_of(
    loaders: Mapping[str, Iterable[Loader]],
    locale: hikari.Locale = hikari.Locale.EN_US,
    languages: Languages | None = None,
) -> Plan:
    """The plan for plugins that are not running: their loaders, by plugin. For ``chandelier check``."""
    localization = functools.partial(localisations, languages or Languages())
    return make_plan(
        [
            await wanted_by(owner, command, scopes, locale, localization)
            for owner, theirs in loaders.items()
            for loader in theirs
            for command, scopes in zip(loader.declared.commands, loader.declared.scopes, strict=True)
        ]
    )


def fingerprint(
    command: hikari.api.CommandBuilder | hikari.PartialCommand,
    scope: int,
    installs: Sequence[hikari.ApplicationIntegrationType],
) -> dict[str, Any]:
    """Everything about a command that a member could notice: equal when Discord need not be told.

    lightbulb's own comparison leaves out the default permissions and the translations of descriptions and
    choices. ``installs`` are the application's own ways of installation, which are Discord's default.
    """
    permissions = command.default_member_permissions
    found: dict[str, Any] = {
        **_texts(command),
        # hikari sends neither undefined nor none, so to Discord they are one.
        "permissions": 0 if permissions is hikari.UNDEFINED else int(permissions),
        "nsfw": bool(command.is_nsfw) if command.is_nsfw is not hikari.UNDEFINED else False,
        "options": [_option(option) for option in getattr(command, "options", None) or ()],
    }
    if scope == GLOBAL:  # elsewhere they mean nothing
        found["installs"] = _numbers(command.integration_types, installs)
        found["contexts"] = _numbers(command.context_types, list(hikari.ApplicationContextType))
    return found


def _faults(wanted: Wanted) -> list[str]:
    return [] if wanted.builder is None else faults(wanted.builder)


def _fitting(wanted: Sequence[Wanted]) -> set[Wanted]:
    """Those within Discord's limits: the host's own, then one of each plugin in turn until all is full."""
    fitting: set[Wanted] = set()
    for kind, most in MOST.items():
        queues: dict[str, list[Wanted]] = defaultdict(list)
        for each in wanted:
            if each.kind == kind:
                queues[each.owner].append(each)
        chosen = queues.pop(FIRST, [])[:most]
        while queues and len(chosen) < most:
            for owner in list(queues):
                if len(chosen) == most:
                    break
                chosen.append(queues[owner].pop(0))
                if not queues[owner]:
                    del queues[owner]
        fitting.update(chosen)
    return fitting


def _over(wanted: Wanted, scope: int, all_here: Sequence[Wanted]) -> LeftOut:
    counts = Counter(each.owner for each in all_here if each.kind == wanted.kind)
    largest, number = max(sorted(counts.items()), key=lambda item: item[1])
    reason = (
        f"Discord takes {MOST[wanted.kind]} {wanted.kind} commands and the plugins ask for {counts.total()} "
        f"(most of them {largest}: {number}); disable a plugin that you need less"
    )
    return LeftOut(wanted.owner, wanted.kind, wanted.name, scope, reason)


def _texts(thing: Any) -> dict[str, Any]:
    # Discord trims texts; comparing them trimmed spares a call that would never end the difference.
    return {
        "name": thing.name.strip(),
        "names": _translations(getattr(thing, "name_localizations", None)),
        "description": (getattr(thing, "description", None) or "").strip(),
        "descriptions": _translations(getattr(thing, "description_localizations", None)),
    }


def _translations(texts: Mapping[Any, str] | None) -> dict[str, str]:
    return {str(getattr(key, "value", key)): text.strip() for key, text in (texts or {}).items()}


def _option(option: hikari.CommandOption) -> dict[str, Any]:
    return {
        **_texts(option),
        "type": int(option.type),
        "required": bool(option.is_required),
        "autocomplete": bool(option.autocomplete),
        "choices": [{**_texts(choice), "value": choice.value} for choice in option.choices or ()],
        "options": [_option(inner) for inner in option.options or ()],
        "channels": sorted(int(kind) for kind in option.channel_types or ()),
        "range": (option.min_value, option.max_value, option.min_length, option.max_length),
    }


def _numbers(given: Any, otherwise: Sequence[Any]) -> list[int]:
    chosen = otherwise if given is hikari.UNDEFINED or not given else given
    return sorted({int(each) for each in chosen})
