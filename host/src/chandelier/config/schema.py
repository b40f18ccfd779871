"""How a plugin declares its config: a frozen attrs class whose every field has a type, default, help and bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, dataclass_transform, overload

import attrs

from chandelier.config.secret import Secret

__all__ = ["Facts", "Kind", "Secret", "facts", "schema", "setting"]

ClassT = TypeVar("ClassT", bound=type[Any])

Kind = Literal["channel", "role", "member"]
"""What a number that is a Discord id stands for, so that `/config` can offer the right picker."""

_FACTS = "chandelier"


@attrs.frozen(kw_only=True)
class Facts:
    """What ``setting`` says about a field besides its type and default."""

    help: str
    guild: bool = False
    ge: float | None = None
    le: float | None = None
    choices: tuple[Any, ...] | None = None
    kind: Kind | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None


def setting(
    default: Any = attrs.NOTHING,
    *,
    factory: Callable[[], Any] | None = None,
    help: str,  # noqa: A002  # the word that click and argparse use for this
    guild: bool = False,
    ge: float | None = None,
    le: float | None = None,
    choices: Sequence[Any] | None = None,
    kind: Kind | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
) -> Any:
    """One field of a schema.

    ``help`` is a sentence for operators. ``guild=True`` lets a guild's admins change it for their guild.
    ``ge`` and ``le`` bound numbers (inclusive), and the elements of a list of numbers; ``choices`` names
    the allowed values; ``min_length`` and ``max_length`` count characters of text or elements of a list;
    ``pattern`` is a regular expression that the whole text must match. ``kind`` says which Discord object
    an id stands for.
    """
    said = Facts(
        help=help,
        guild=guild,
        ge=ge,
        le=le,
        choices=None if choices is None else tuple(choices),
        kind=kind,
        min_length=min_length,
        max_length=max_length,
        pattern=pattern,
    )
    if pattern is not None:
        re.compile(pattern)
    if factory is not None:
        if default is not attrs.NOTHING:
            raise TypeError("a setting has a default or a factory, not both")
        default = attrs.Factory(factory)
    return attrs.field(default=default, metadata={_FACTS: said})


def facts(attribute: attrs.Attribute[Any]) -> Facts | None:
    """What ``setting`` said about this field; None when the field was made without it."""
    return attribute.metadata.get(_FACTS)


@overload
def schema(cls: ClassT, /) -> ClassT: ...
@overload
def schema(*, version: int) -> Callable[[ClassT], ClassT]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting,))
def schema(cls: Any = None, /, *, version: int | None = None) -> Any:
    """Make a class the schema of a config section: frozen, keyword-only attrs.

    ``@schema(version=2)`` is for a plugin's whole section; the version rises by one with every change
    that needs a migration. Plain ``@schema`` is for a part of it, used as the type of a field.
    """

    def build(cls: Any) -> Any:
        made = attrs.frozen(kw_only=True)(cls)
        if version is not None:
            if version < 1:
                raise TypeError(f"{cls.__name__}: versions of a schema start at 1")
            made.__config_version__ = version
        for attribute in attrs.fields(made):
            if facts(attribute) is None:
                raise TypeError(f"{cls.__name__}.{attribute.name}: declare it with setting(…, help=…)")
        return made

    return build if cls is None else build(cls)
