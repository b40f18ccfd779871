"""How a plugin declares its config: a frozen attrs class, every field with type, default, help and bounds.

``schema`` checks the declaration itself when the class is made, so that a wrong default or an unknown
type shows at the author's desk and not in an operator's log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast, dataclass_transform, overload

import attrs
import cattrs

from chandelier.config.bounds import Facts, Kind, Misfit, breaches
from chandelier.config.secret import Secret
from chandelier.config.units import Unit
from chandelier.config.values import (
    allowed_for,
    check_type,
    field_types,
    is_part,
    make_converter,
    misfits,
    optional,
    plain,
)

__all__ = [
    "Facts",
    "Kind",
    "Secret",
    "Setting",
    "config_version",
    "default_of",
    "facts",
    "schema",
    "setting",
    "settings",
]

ClassT = TypeVar("ClassT", bound=type[Any])

_FACTS = "chandelier"
_SETTINGS = "__config_settings__"


@attrs.frozen(kw_only=True)
class Setting:
    """One setting of a schema, flattened: ``limits.warns`` is a field of the part that ``limits`` names."""

    path: tuple[str, ...]
    type: Any
    default: Any
    facts: Facts
    structure: Callable[[Any, Any], Any] = attrs.field(repr=False, eq=False)
    """The strict converter of the type alone; ``take`` also checks the bounds."""

    @property
    def name(self) -> str:
        """The path as people write it: ``limits.warns``."""
        return ".".join(self.path)

    @property
    def help(self) -> str:
        """What the setting is for, for operators."""
        return self.facts.help

    @property
    def guild(self) -> bool:
        """Whether a guild's admins may change it for their guild."""
        return self.facts.guild

    @property
    def kind(self) -> Kind | None:
        """What Discord object an id stands for."""
        return self.facts.kind

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown."""
        return optional(self.type)[0] is Secret

    @property
    def allowed(self) -> str:
        """What it takes, in words: ``a whole number, 10 to 86400``."""
        return allowed_for(self.type, self.facts)

    def take(self, raw: Any) -> tuple[Any, list[Misfit]]:
        """The typed value of raw data (TOML, JSON), or every reason why it does not fit."""
        try:
            value = self.structure(raw, self.type)
        except Exception as error:  # noqa: BLE001  # cattrs wraps whatever a hook raised
            found = list(misfits(error))
            for misfit in found:
                misfit.allowed = misfit.allowed if misfit.path else self.allowed
            return None, found
        return value, list(breaches(value, self.facts))


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
    unit: Unit | None = None,
) -> Any:
    """One field of a schema.

    ``help`` is a sentence for operators. ``guild=True`` lets a guild's admins change it for their guild.
    ``ge`` and ``le`` bound numbers (inclusive), and the elements of a list of numbers; ``choices`` names
    the allowed values; ``min_length`` and ``max_length`` count characters of text or elements of a list;
    ``pattern`` is a regular expression that the whole text must match. ``kind`` says which Discord object
    an id stands for, ``unit`` what a number counts, so that `/config` can say it as a duration.

    A field without default must be given; only elements of lists and tables may have one.
    """
    if factory is not None:
        if default is not attrs.NOTHING:
            raise TypeError("a setting has a default or a factory, not both")
        default = attrs.Factory(factory)
    if pattern is not None:
        re.compile(pattern)
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
        unit=unit,
    )
    return attrs.field(default=default, metadata={_FACTS: said}, validator=_obeys)


def _obeys(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Bounds hold for instances made in code too."""
    for misfit in breaches(value, facts(attribute)):
        raise ValueError(f"{attribute.name}: {misfit}")


def facts(attribute: attrs.Attribute[Any]) -> Facts:
    """What ``setting`` said about a field; TypeError when the field was made without it."""
    said = attribute.metadata.get(_FACTS)
    if said is None:
        raise TypeError("declare it with setting(…, help=…)")
    return cast("Facts", said)


@overload
def schema(cls: ClassT, /) -> ClassT: ...
@overload
def schema(*, version: int) -> Callable[[ClassT], ClassT]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting,))
def schema(cls: Any = None, /, *, version: int | None = None) -> Any:
    """Make a class the schema of a config section: frozen, keyword-only attrs.

    ``@schema(version=2)`` is for a plugin's whole section; the version rises by one with every change
    that needs a migration. Plain ``@schema`` is for a part: the type of a field, or of the elements of a
    list or table.

    Raises TypeError when the declaration is wrong: an unknown type, a default that does not fit, a secret
    that guilds could change.
    """

    def build(cls: Any) -> Any:
        made = attrs.frozen(kw_only=True)(cls)
        hints = field_types(made)
        converter = make_converter(facts)
        names = {attribute.name for attribute in attrs.fields(made)}
        for attribute in attrs.fields(made):
            try:
                _check(attribute, hints[attribute.name], names)
                if not is_part(hints[attribute.name]) and attribute.default is not attrs.NOTHING:
                    _one_setting(
                        converter, (attribute.name,), attribute, hints[attribute.name], default_of(attribute)
                    )
            except TypeError as error:
                raise TypeError(f"{cls.__name__}.{attribute.name}: {error}") from None
        if version is not None:
            if version < 1:
                raise TypeError(f"{cls.__name__}: versions of a schema start at 1")
            made.__config_version__ = version
            settings(made)
            try:
                made()
            except ValueError as error:
                raise TypeError(f"{cls.__name__}: the defaults break its own rule: {error}") from error
        return made

    return build if cls is None else build(cls)


def _check(attribute: attrs.Attribute[Any], hint: Any, names: set[str]) -> None:
    said = facts(attribute)
    if attribute.name == "version":
        raise TypeError("the key `version` is the host's own: choose another name")
    check_type(hint)
    if optional(hint)[0] is Secret:
        if said.guild:
            raise TypeError("a secret cannot be a guild's setting")
        if f"{attribute.name}_file" in names:
            raise TypeError(f"{attribute.name}_file names the file of this secret: choose another name")


def config_version(cls: type[Any]) -> int:
    """The version of a schema made with ``@schema(version=…)``."""
    version = getattr(cls, "__config_version__", None)
    if version is None:
        raise TypeError(f"{cls.__name__} is a part of a schema: give it a version, @schema(version=1)")
    return version


def settings(cls: type[Any]) -> tuple[Setting, ...]:
    """Every setting of a schema in order, those of its parts included."""
    # Kept on the class and not in a cache: when a plugin is reloaded, its old classes must be able to go.
    known = cls.__dict__.get(_SETTINGS)
    if known is None:
        known = tuple(_flatten(make_converter(facts), cls, (), None))
        setattr(cls, _SETTINGS, known)
    return known


def _flatten(
    converter: cattrs.Converter, cls: type[Any], path: tuple[str, ...], whole: Any
) -> Iterator[Setting]:
    hints = field_types(cls)
    for attribute in attrs.fields(cls):
        where, hint = (*path, attribute.name), hints[attribute.name]
        default = default_of(attribute) if whole is None else getattr(whole, attribute.name)
        try:
            if default is attrs.NOTHING:
                raise TypeError("a setting needs a default")
            if is_part(hint):
                if not isinstance(default, hint):
                    raise TypeError(f"its default must be a {hint.__name__}")
                yield from _flatten(converter, hint, where, default)
            else:
                yield _one_setting(converter, where, attribute, hint, default)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{attribute.name}: {error}") from None


def _one_setting(
    converter: cattrs.Converter,
    path: tuple[str, ...],
    attribute: attrs.Attribute[Any],
    hint: Any,
    default: Any,
) -> Setting:
    one = Setting(
        path=path,
        type=hint,
        default=default,
        facts=facts(attribute),
        structure=converter.get_structure_hook(hint),
    )
    # Taking the default as if it came from a file checks its type and its bounds.
    value, found = one.take(default if one.secret else plain(default))
    if found:
        raise TypeError(f"the default does not fit: {found[0]}")
    # A whole number is a good default for a float; else the types must be the same too.
    same = value == default and (type(value) is type(default) or type(value) is float)
    if not same:
        raise TypeError(f"the default is {default!r}, but the same in a file is read as {value!r}")
    return one


def default_of(attribute: attrs.Attribute[Any]) -> Any:
    """The default of a field, made anew when it has a factory; ``attrs.NOTHING`` when it has none."""
    default: Any = attribute.default
    return default.factory() if isinstance(default, attrs.Factory) else default  # pyright: ignore
