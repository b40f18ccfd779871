"""One command explained: its options, examples, and what one needs to use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hikari

from chandelier.builtin.catalog import Entry
from chandelier.languages import Messages
from chandelier.services.access import permission_names
from chandelier.services.capabilities import full_name

__all__ = ["examples_of", "explanation", "needs"]

_ = Messages(__package__)

_TYPED = {
    hikari.OptionType.USER: "@alice",
    hikari.OptionType.ROLE: "@Helpers",
    hikari.OptionType.MENTIONABLE: "@Helpers",
    hikari.OptionType.CHANNEL: "#general",
    hikari.OptionType.BOOLEAN: "True",
    hikari.OptionType.FLOAT: "1.5",
    hikari.OptionType.ATTACHMENT: "file.png",
}


def examples_of(entry: Entry) -> tuple[str, ...]:
    """What a member could type: the command's own ``examples``, or one made from its options."""
    own: Sequence[str] = getattr(entry.command, "examples", ())
    if own:
        return tuple(own)
    if entry.kind != "slash":
        return ()
    required = [each for each in _options(entry) if each.default is hikari.UNDEFINED]
    return (" ".join([f"/{entry.path}", *(f"{each.name}:{_typed(each)}" for each in required)]),)


def needs(entry: Entry) -> list[str]:
    """What one needs to use it, and where it works."""
    found: list[str] = []
    if entry.for_owner:
        found.append(_("Only the bot's owner may use it."))
    if entry.needed is not None:
        if entry.needed == hikari.Permissions.NONE:
            found.append(_("Discord shows it to administrators, unless an admin changes that."))
        else:
            names = permission_names(entry.needed)
            found.append(
                _(
                    "Discord shows it to members with {permissions}, unless an admin changes that.",
                    permissions=names,
                )
            )
    if entry.capability is not None:
        name = full_name(entry.owner, entry.capability)
        found.append(_("A server's own rules for `{capability}` decide (`/access`).", capability=name))
    guild, dm = hikari.ApplicationContextType.GUILD, hikari.ApplicationContextType.BOT_DM
    if entry.contexts is not None and guild not in entry.contexts:
        found.append(_("Only in direct messages."))
    elif entry.contexts is not None and dm not in entry.contexts:
        found.append(_("Only in servers."))
    if entry.nsfw:
        found.append(_("Only in age-restricted channels."))
    return found


def explanation(entry: Entry) -> list[tuple[str, list[str]]]:
    """The parts of the explanation: a heading and its lines each."""
    options: list[str] = [
        _.join("", (f"`{each.name}` ", each.description, _bounds(each)))
        if each.default is hikari.UNDEFINED
        else _.join("", (f"`[{each.name}]` ", each.description, _bounds(each)))
        for each in _options(entry)
    ]
    parts = [
        (_("Options ([ ]: may be left out)"), options),
        (_("Examples"), [f"`{example}`" for example in examples_of(entry)]),
        (_("What it needs"), needs(entry)),
    ]
    return [(heading, lines) for heading, lines in parts if lines]


def _options(entry: Entry) -> list[Any]:
    return list(entry.command._command_data.options.values())


def _bounds(option: Any) -> str:
    if option.choices is not hikari.UNDEFINED and option.choices:
        return _.join("", (" (", _.join(", ", (choice.name for choice in option.choices)), ")"))
    low, high = option.min_value, option.max_value
    if low is hikari.UNDEFINED and high is hikari.UNDEFINED:
        return ""
    return f" ({'' if low is hikari.UNDEFINED else low}–{'' if high is hikari.UNDEFINED else high})"


def _typed(option: Any) -> str:
    if option.choices is not hikari.UNDEFINED and option.choices:
        return str(option.choices[0].name)
    if option.type is hikari.OptionType.INTEGER:
        return "3" if option.min_value is hikari.UNDEFINED else str(int(option.min_value))
    return _TYPED.get(option.type, "…")
