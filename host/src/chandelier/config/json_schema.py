"""JSON Schema of ``config.toml``, for editors that complete and check while one types.

Draft 7, which the editors' TOML extensions understand. What it accepts the host may still refuse: rules
over several settings are not expressed in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import attrs

from chandelier.config.bounds import Facts
from chandelier.config.environment import HOST
from chandelier.config.schema import config_version, default_of, facts
from chandelier.config.secret import Secret
from chandelier.config.values import field_types, is_part, optional, plain

__all__ = ["json_schema"]


def json_schema(schemas: Mapping[str, type[Any]]) -> dict[str, Any]:
    """The JSON Schema of a config file with the sections ``schemas``; ``chandelier`` is the host's own."""
    plugins = {name: _section(schema) for name, schema in sorted(schemas.items()) if name != HOST}
    properties: dict[str, Any] = {}
    if HOST in schemas:
        properties[HOST] = _section(schemas[HOST])
    properties["plugins"] = {"type": "object", "properties": plugins}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The configuration of a Chandelier bot",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _section(schema: type[Any]) -> dict[str, Any]:
    table = _table(schema, None)
    version = {"const": config_version(schema), "description": "The version of the settings below."}
    table["properties"] = {"version": version, **table["properties"]}
    return table


def _table(cls: type[Any], whole: Any) -> dict[str, Any]:
    """``whole`` is the instance that holds the defaults, for the parts of a section."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    hints = field_types(cls)
    for attribute in attrs.fields(cls):
        said, hint = facts(attribute), hints[attribute.name]
        default = default_of(attribute) if whole is None else getattr(whole, attribute.name)
        if optional(hint)[0] is Secret:
            note = f"A file that holds the secret. {said.help}"
            properties[f"{attribute.name}_file"] = {"type": "string", "minLength": 1, "description": note}
            continue
        described = {"description": said.help, **_type(hint, said, default)}
        if default is attrs.NOTHING:
            required.append(attribute.name)
        elif default is not None and not is_part(hint):
            described["default"] = plain(default)
        properties[attribute.name] = described
    table: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**table, "required": required} if required else table


def _type(kind: Any, said: Facts, default: Any = None) -> dict[str, Any]:
    if is_part(kind):
        return _table(kind, None if default is attrs.NOTHING else default)
    kind, _ = optional(kind)
    origin = get_origin(kind)
    inner = attrs.evolve(said, min_length=None, max_length=None)
    if is_part(kind):
        return _table(kind, None)
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin in (tuple, frozenset):
        element = get_args(kind)[0]
        once = {"uniqueItems": True} if origin is frozenset else {}
        return {"type": "array", "items": _type(element, inner), **once, **_lengths(said, "Items")}
    if origin is not None:
        element = get_args(kind)[1]
        entries = _lengths(said, "Properties")
        return {"type": "object", "additionalProperties": _type(element, inner), **entries}
    if said.choices is not None:
        return {"enum": plain(said.choices)}
    if issubclass(kind, Enum):
        return {"enum": [plain(member) for member in kind]}
    if kind is bool:
        return {"type": "boolean"}
    if kind in (int, float):
        return {"type": "integer" if kind is int else "number", **_numbers(said)}
    return {"type": "string", **_text(kind, said)}


def _numbers(said: Facts) -> dict[str, Any]:
    bounds = {"minimum": 1 if said.kind is not None else said.ge, "maximum": said.le}
    return {key: value for key, value in bounds.items() if value is not None}


def _text(kind: type[Any], said: Facts) -> dict[str, Any]:
    if kind is not str:
        return {"minLength": 1}
    bounds = _lengths(said, "Length")
    # JSON Schema searches for a pattern anywhere in the text; settings match it as a whole.
    return {**bounds, "pattern": f"^(?:{said.pattern})$"} if said.pattern is not None else bounds


def _lengths(said: Facts, what: str) -> dict[str, int]:
    bounds = {f"min{what}": said.min_length, f"max{what}": said.max_length}
    return {key: value for key, value in bounds.items() if value is not None}
