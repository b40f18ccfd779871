"""The shipped schema, and a compiled validator for each type that somebody asks about.

The schema is read when the first type is asked for, and each type is compiled once in a process: a
validator is immutable and depends on nothing but the file beside this module, so every local Discord of
the process can share it, while compiling costs milliseconds.
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from .deviations import ACCEPTED, DEVIATIONS, OWN, amend

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator, Registry

__all__ = ["document", "validator"]

_FILE = "discord-api-types.json"
_ADDRESS = "urn:loopcord:discord"


def document() -> dict[str, Any]:
    """The schema as it is shipped, read anew: ``version`` of discord-api-types and ``definitions``."""
    text = resources.files("loopcord.conformance").joinpath(_FILE).read_text(encoding="utf-8")
    return json.loads(text)


@functools.cache
def _registry(sent: bool) -> Registry:
    import jsonschema_rs

    schema = document()
    for deviation in DEVIATIONS:
        if sent or not deviation.sent:
            amend(schema["definitions"], deviation)
    schema["definitions"].update(OWN)
    if sent:
        schema["definitions"].update(ACCEPTED)
    return jsonschema_rs.Registry([(_ADDRESS, schema)], draft=jsonschema_rs.Draft7)


@functools.cache
def validator(name: str, *, sent: bool = False) -> Draft7Validator:
    """The validator of a type such as ``GatewayMessageCreateDispatchData`` or ``APIUser``.

    With ``sent`` it takes what Discord takes from a client, which is a little more than what it says.

    Raises:
        ValueError: when the schema has no such type.
    """
    import jsonschema_rs

    reference = {"$ref": f"{_ADDRESS}#/definitions/{name}"}
    return jsonschema_rs.Draft7Validator(reference, registry=_registry(sent), validate_formats=True)
