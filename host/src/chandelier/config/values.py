"""From raw values (TOML, JSON, text of the environment) to typed ones and back, strictly, through cattrs.

Strictly: ``"5"`` is no number, ``1`` is no truth value, a text is no list; and every misfit is reported,
not only the first.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, cast, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory, override

from chandelier.config.bounds import Facts, Misfit, between, breaches, id_of, of_length, shown
from chandelier.config.problems import nearest
from chandelier.config.secret import REDACTED, Secret
from chandelier.config.units import Unit, read_duration
from chandelier.languages import Messages

__all__ = [
    "allowed_for",
    "check_type",
    "field_types",
    "is_part",
    "make_converter",
    "misfits",
    "optional",
    "parse_text",
    "plain",
]  # fmt: skip

_ = Messages(__package__)

_SCALARS: Mapping[type, str] = {
    bool: _("true or false"),
    int: _("a whole number"),
    float: _("a number"),
    str: _("text"),
    Path: _("a path"),
    Secret: _("a secret"),
}


def is_part(kind: Any) -> bool:
    """Whether a type is a class made with ``schema``."""
    return isinstance(kind, type) and attrs.has(kind)


def optional(kind: Any) -> tuple[Any, bool]:
    """``T | None`` as (T, True), any other type as (itself, False)."""
    if get_origin(kind) in (Union, types.UnionType):
        rest = [one for one in get_args(kind) if one is not type(None)]
        if len(rest) == 1 and len(get_args(kind)) == 2:
            return rest[0], True
    return kind, False


def field_types(cls: type[Any]) -> Mapping[str, Any]:
    """The types of a schema's fields, annotations resolved."""
    try:
        return typing.get_type_hints(cls)
    except NameError as error:
        raise TypeError(
            f"{cls.__name__}: the type {error.name!r} is not known at run time: import it outside of "
            "`if TYPE_CHECKING:` and define it before the schema, at the top level of its module"
        ) from error


def check_type(kind: Any, *, nested: bool = False) -> None:
    """Raise TypeError unless settings can have this type; ``nested`` is for elements of lists and tables."""
    kind, may_be_none = optional(kind)
    origin = get_origin(kind)
    if kind is Secret:
        if nested:
            raise TypeError("a secret stands alone: Secret or Secret | None, not inside a list or table")
    elif kind in _SCALARS:
        return
    elif is_part(kind):
        if nested or may_be_none:
            for inner in field_types(kind).values():
                check_type(inner, nested=True)
    elif isinstance(kind, type) and issubclass(kind, Enum) and origin is None:
        if not all(type(member.value) in (int, str) for member in kind):
            raise TypeError(f"the values of {kind.__name__} must be all text or whole numbers")
    elif origin is Literal:
        if not all(type(choice) in (int, str) for choice in get_args(kind)):
            raise TypeError("a Literal in a schema has text or whole numbers")
    elif origin in (tuple, frozenset):
        arguments = get_args(kind)
        if origin is tuple and (len(arguments) != 2 or arguments[1] is not ...):
            raise TypeError("a list of settings is a tuple[T, ...]")
        check_type(arguments[0], nested=True)
    elif origin in (Mapping, dict) and get_args(kind)[0] is str:
        check_type(get_args(kind)[1], nested=True)
    else:
        raise TypeError(
            f"{kind!r} is not a type for settings: use bool, int, float, str, Path, Secret, an Enum, "
            "Literal, tuple[T, ...], frozenset[T], Mapping[str, T], a class made with schema, or one of "
            "them | None"
        )


def allowed_for(kind: Any, facts: Facts) -> str:
    """What a setting takes, in words: ``10 to 86400``, ``one of "a", "b"``, ``a list of text``."""
    kind, _may_be_none = optional(kind)
    if facts.choices is not None and kind in _SCALARS:
        return _one_of(facts.choices)
    if facts.kind is not None and kind is int:
        return id_of(facts.kind)
    origin = get_origin(kind)
    if kind in (int, float):
        bounds = between(facts)
        counted = _counted_in(kind, facts.unit) if facts.unit else _SCALARS[kind]
        return _("{kind}, {bounds}", kind=counted, bounds=bounds) if bounds else counted
    if kind is str:
        length = of_length(facts, "characters")
        text = _("text, {length}", length=length) if length else _SCALARS[str]
        return _("{text}, matching {pattern}", text=text, pattern=facts.pattern) if facts.pattern else text
    if kind in _SCALARS:
        return _SCALARS[kind]
    if origin is Literal:
        return _one_of(get_args(kind))
    if is_part(kind):
        return _a_table_with(kind)
    if isinstance(kind, type) and origin is None:
        return _one_of(cast("tuple[Enum, ...]", facts.choices or tuple(cast("type[Enum]", kind))))
    inner = attrs.evolve(facts, min_length=None, max_length=None)
    length = of_length(facts, "elements" if origin in (tuple, frozenset) else "entries")
    if origin in (tuple, frozenset):
        whole = _("a list: {element}", element=allowed_for(get_args(kind)[0], inner))
    else:
        whole = _("a table of names: {element}", element=allowed_for(get_args(kind)[1], inner))
    return _("{whole}; {length}", whole=whole, length=length) if length else whole


def _one_of(choices: Iterable[Any]) -> str:
    return _("one of {choices}", choices=", ".join(shown(choice) for choice in choices))


def _a_table_with(cls: Any) -> str:
    return _("a table with {names}", names=", ".join(attribute.name for attribute in attrs.fields(cls)))


def _counted_in(kind: Any, unit: Unit) -> str:
    """A number of units; `/config` takes durations such as `2h 30m` too."""
    whole = {
        "seconds": _("a whole number of seconds"),
        "minutes": _("a whole number of minutes"),
        "hours": _("a whole number of hours"),
        "days": _("a whole number of days"),
    }
    any_number = {
        "seconds": _("a number of seconds"),
        "minutes": _("a number of minutes"),
        "hours": _("a number of hours"),
        "days": _("a number of days"),
    }
    return (whole if kind is int else any_number)[unit]


def parse_text(kind: Any, text: str, facts: Facts | None = None) -> Any:
    """The raw value that a text from the environment or from a slash command means for a setting.

    Lists are comma-separated, one a line, or JSON; tables are JSON; empty text is None for an optional
    setting. Text that means nothing for the type is handed back as it is, to be refused with the setting's
    own words.
    """
    kind, may_be_none = optional(kind)
    stripped = text.strip()
    if not stripped and may_be_none:
        return None
    origin = get_origin(kind)
    if kind is bool:
        words = {"true": True, "yes": True, "on": True, "1": True}
        words |= {"false": False, "no": False, "off": False, "0": False}
        return words.get(stripped.casefold(), text)
    if kind in (int, float):
        try:
            return kind(stripped)
        except ValueError:
            duration = None if facts is None or facts.unit is None else read_duration(stripped, facts.unit)
            return text if duration is None else duration
    if origin is Literal:
        return next((choice for choice in get_args(kind) if str(choice) == stripped), text)
    if origin is None and isinstance(kind, type) and issubclass(kind, Enum):
        return next((member.value for member in kind if str(member.value) == stripped), text)
    if origin in (tuple, frozenset) and not stripped.startswith("["):
        element = get_args(kind)[0]
        if is_part(element):
            return text
        if "\n" in stripped:
            return [parse_text(element, one.strip(), facts) for one in stripped.splitlines() if one.strip()]
        return [parse_text(element, one.strip(), facts) for one in stripped.split(",") if one.strip()]
    if origin is not None or is_part(kind):
        try:
            return json.loads(stripped)
        except ValueError:
            return text
    # Blanks around a text may be meant; around a path or one of several choices they are not.
    return stripped if kind is Path or (facts is not None and facts.choices is not None) else text


def plain(value: Any) -> Any:
    """A typed value as JSON- and TOML-ready data; secrets are redacted, None stays None."""
    match value:
        case Secret():
            return REDACTED
        case Enum():
            return value.value
        case Path():
            return str(value)
        case Mapping():
            return {str(key): plain(value[key]) for key in value}
        case frozenset() | set():
            return sorted(
                (plain(one) for one in cast("frozenset[Any]", value)), key=lambda one: (str(type(one)), one)
            )
        case list() | tuple():
            return [plain(one) for one in cast("tuple[Any, ...]", value)]
        case _ if attrs.has(type(value)):
            return {
                attribute.name: plain(getattr(value, attribute.name))
                for attribute in attrs.fields(type(value))
            }
        case _:
            return value


def make_converter(facts_of: Callable[[attrs.Attribute[Any]], Facts | None]) -> cattrs.Converter:
    """A strict converter; ``facts_of`` finds the bounds of the fields of nested classes."""
    converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)

    def scalar(kind: type, takes: tuple[type, ...]) -> None:
        def structure(raw: Any, wanted: Any) -> Any:
            if wanted is not kind and issubclass(wanted, Enum):
                return _enum(raw, wanted)  # cattrs finds the hook of str for a StrEnum
            if type(raw) not in takes:
                said = _("{value} is not {kind}", value=shown(raw), kind=_SCALARS[kind])
                raise Misfit(said, found=raw, allowed=_SCALARS[kind])
            return raw if type(raw) is kind else kind(raw)

        converter.register_structure_hook(kind, structure)

    scalar(bool, (bool,))
    scalar(int, (int,))
    scalar(float, (float, int))
    scalar(str, (str,))
    converter.register_structure_hook(Path, lambda raw, _: _path(raw))
    converter.register_structure_hook(Secret, lambda raw, _: _secret(raw))
    converter.register_structure_hook_func(lambda kind: get_origin(kind) is Literal, _literal)
    converter.register_structure_hook(Enum, _enum)

    def sequence(raw: Any, kind: Any) -> Any:
        if not isinstance(raw, list | tuple):
            raise Misfit(_("{value} is not a list", value=shown(raw)), found=raw, allowed=_("a list"))
        elements = converter.structure(raw, list[get_args(kind)[0]])
        if get_origin(kind) is tuple:
            return tuple(elements)
        twice = [
            Misfit(
                _("{value} is there twice", value=shown(one)),
                found=raw[index],
                allowed=_("each only once"),
                path=(index,),
            )
            for index, one in enumerate(elements)
            if one in elements[:index]
        ]
        if twice:
            raise ExceptionGroup("not a set", twice)
        return frozenset(elements)

    converter.register_structure_hook_func(lambda kind: get_origin(kind) in (tuple, frozenset), sequence)

    def table(kind: Any) -> Callable[[Any, Any], Any]:
        structure = mapping_structure_factory(
            dict[str, get_args(kind)[1]], converter, dict, detailed_validation=True
        )

        def checked(raw: Any, kind: Any) -> Any:
            if not isinstance(raw, Mapping):
                said = _("{value} is not a table", value=shown(raw))
                raise Misfit(said, found=raw, allowed=_("a table"))
            return structure(cast("Mapping[str, Any]", raw), kind)

        return checked

    converter.register_structure_hook_factory(lambda kind: get_origin(kind) in (Mapping, dict), table)

    def part(cls: Any) -> Callable[[Any, Any], Any]:
        hints = field_types(cls)

        def bounded(attribute: attrs.Attribute[Any]) -> Callable[[Any, Any], Any]:
            facts = facts_of(attribute)

            def structure(raw: Any, _: Any) -> Any:
                value = converter.structure(raw, hints[attribute.name])
                found = [] if facts is None else list(breaches(value, facts))
                if found:
                    raise ExceptionGroup("out of bounds", found)
                return value

            return structure

        hooks: Any = {
            attribute.name: override(struct_hook=bounded(attribute)) for attribute in attrs.fields(cls)
        }
        structure = make_dict_structure_fn(
            cls, converter, _cattrs_use_linecache=False, _cattrs_forbid_extra_keys=True, **hooks
        )

        def checked(raw: Any, kind: Any) -> Any:
            if not isinstance(raw, Mapping):
                said = _("{value} is not a table", value=shown(raw))
                raise Misfit(said, found=raw, allowed=_a_table_with(cls))
            return structure(cast("Mapping[str, Any]", raw), kind)

        return checked

    converter.register_structure_hook_factory(is_part, part)
    return converter


def _path(raw: Any) -> Path:
    if not isinstance(raw, str | Path) or not str(raw):
        said = _("{value} is not a path", value=shown(raw))
        raise Misfit(said, found=raw, allowed=_SCALARS[Path])
    return Path(raw)


def _secret(raw: Any) -> Secret:
    if isinstance(raw, Secret):
        return raw
    if not isinstance(raw, str) or not raw:
        raise Misfit("the secret is empty or not text", allowed="a secret")
    return Secret(raw)


def _literal(raw: Any, kind: Any) -> Any:
    for choice in get_args(kind):
        if type(raw) is type(choice) and raw == choice:
            return choice
    raise Misfit(_("{value} is not a choice", value=shown(raw)), found=raw, allowed=_one_of(get_args(kind)))


def _enum(raw: Any, kind: type[Enum]) -> Enum:
    for member in kind:
        if raw is member or (type(raw) is type(member.value) and raw == member.value):
            return member
    raise Misfit(_("{value} is not a choice", value=shown(raw)), found=raw, allowed=_one_of(kind))


def misfits(error: BaseException, path: tuple[str | int, ...] = ()) -> Iterator[Misfit]:
    """Every misfit inside the error that a converter raised, each with its path."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, cattrs.AttributeValidationNote):
            path = (*path, note.name)
        elif isinstance(note, cattrs.IterableValidationNote):
            path = (*path, note.index)
    match error:
        case Misfit():
            error.path = (*path, *error.path)
            yield error
        case BaseExceptionGroup():
            for inner in error.exceptions:
                yield from misfits(inner, path)
        case cattrs.ForbiddenExtraKeysError():
            known = [attribute.name for attribute in attrs.fields(error.cl)]
            for extra in sorted(error.extra_fields):
                guess = nearest(extra, known)
                message = (
                    _("there is no such setting; did you mean {guess}?", guess=guess)
                    if guess
                    else _("there is no such setting")
                )
                yield Misfit(message, found=extra, allowed=", ".join(known), path=(*path, extra))
        case KeyError():
            yield Misfit(_("is missing"), path=path)
        case _:
            yield Misfit(str(error), path=path)
