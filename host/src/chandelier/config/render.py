"""The commented ``config.toml`` that `chandelier init` writes: every setting, its help, bounds and default.

Settings are commented out (``#name = value``, without a blank), so that a later version's better default
reaches those who never chose another; explanations have a blank after the ``#``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal, cast, get_args, get_origin

import attrs
import tomlkit

from chandelier.config.bounds import Facts
from chandelier.config.environment import HOST, variable
from chandelier.config.layers import section_path
from chandelier.config.schema import Setting, config_version, facts, settings
from chandelier.config.values import field_types, is_part, optional, plain

__all__ = ["render_default"]

_WIDTH = 100
_EXAMPLE_ID = 123456789012345678
_INTRODUCTION = (
    "The configuration of this bot. Every setting is here, commented out, with its default: remove the # in "
    "front of those that you change. `chandelier config check` says what is wrong and where; `chandelier "
    "config show` says which value is in force and where it comes from. Each setting can also be an "
    "environment variable, as in CHANDELIER_LOG_LEVEL or CHANDELIER_PLUGINS__MODERATION__LOG_CHANNEL. "
    "`version` says for which version of the settings a section is written: leave it to `chandelier config "
    "migrate`."
)
_SAID_BY_THE_VALUE = ("text", "true or false")


def render_default(schemas: Mapping[str, type[Any]]) -> str:
    """A config file with every setting of ``schemas`` (by section name), ``chandelier`` first.

    With the ``#`` of every setting that has a default removed, it still means the defaults.
    """
    lines = [*_comment(_INTRODUCTION)]
    for name in sorted(schemas, key=lambda name: (name != HOST, name)):
        lines += ["", *_section(name, schemas[name])]
    return "\n".join(lines) + "\n"


def _section(name: str, schema: type[Any]) -> Iterator[str]:
    root = ".".join(section_path(name))
    yield f"[{root}]"
    yield f"version = {config_version(schema)}"
    yield from _settings(name, root, {one.path: one for one in settings(schema)}, schema, ())


def _settings(
    name: str,
    root: str,
    known: Mapping[tuple[str, ...], Setting],
    cls: type[Any],
    above: tuple[str, ...],
) -> Iterator[str]:
    hints = field_types(cls)
    for key in hints:
        if (*above, key) in known:
            yield ""
            yield from _setting(name, known[*above, key])
    # Tables come after the plain keys: what follows a header belongs to it.
    helps = {attribute.name: facts(attribute).help for attribute in attrs.fields(cls)}
    for key, hint in hints.items():
        if is_part(hint):
            yield ""
            yield from _comment(helps[key])
            yield f"[{root}.{key}]"
            yield from _settings(name, f"{root}.{key}", known, hint, (*above, key))


def _setting(name: str, one: Setting) -> Iterator[str]:
    yield from _comment(one.help)
    key = one.path[-1]
    if one.secret:
        yield from _comment(
            f"A secret, never written here: set {variable(name, one.path)}, or name a file that holds it."
        )
        yield f'#{key}_file = "{key}.secret"'
        return
    notes = [] if one.allowed in _SAID_BY_THE_VALUE else [one.allowed]
    if one.default is None:
        notes.append("not set by default")
    if one.guild:
        notes.append("each server can choose its own")
    if notes:
        yield from _comment(f"({'; '.join(notes)})")
    value = _example(one.type, one.facts) if one.default is None else plain(one.default)
    yield f"#{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    """A value on one line (tomlkit would write a list of tables under headers of their own)."""
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in cast("list[Any]", value)) + "]"
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value).items()
        written = [
            f"{tomlkit.key(key).as_string()} = {_toml(one)}" for key, one in entries if one is not None
        ]
        return "{" + ", ".join(written) + "}"
    return tomlkit.item(value).as_string()


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False))


def _example(kind: Any, said: Facts) -> Any:
    """A value to start from where the default is to have none."""
    kind, _ = optional(kind)
    if said.kind is not None:
        return _EXAMPLE_ID
    if said.choices:
        return plain(said.choices[0])
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return plain(next(iter(kind)))
    if kind in (int, float):
        return kind(said.ge if said.ge is not None else said.le if said.le is not None else 1)
    if kind is bool:
        return True
    if get_origin(kind) in (tuple, frozenset):
        return []
    return {} if is_part(kind) or get_origin(kind) is not None else ""
