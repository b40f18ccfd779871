"""Turns the model's classes into dictionaries and back, and what goes wrong with that into problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

import attrs
from cattrs import BaseValidationError, Converter, IterableValidationError
from cattrs.errors import AttributeValidationNote, ForbiddenExtraKeysError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from chandelier_moderation.automod.actions import ACTIONS, Action, Id
from chandelier_moderation.automod.problems import BadRules, Path, Problem, unknown
from chandelier_moderation.automod.spans import read_span, write_span
from chandelier_moderation.automod.triggers import TRIGGERS, Trigger

__all__ = ["structure", "unstructure"]

_T = TypeVar("_T")

_errors: Callable[[str, Sequence[Exception], Any], Exception] = cast("Any", IterableValidationError)
_note: Callable[[str, int, Any], Any] = cast(
    "Any", IterableValidationNote
)  # its types tell another signature

_NAMES: dict[type[Any], str] = {str: "text", int: "a whole number", bool: "true or false"}


def unstructure(thing: Any) -> dict[str, Any]:
    """A part of the model as JSON-ready data: defaults are left out, ids and durations are text."""
    return _converter().unstructure(thing)


def structure(data: object, kind: type[_T], path: Path = ()) -> _T:
    """The part of the model that such data says. Raises BadRules with everything that is wrong."""
    try:
        return _converter().structure(data, kind)
    except Exception as error:  # what cattrs raises for data that is of another shape altogether
        raise BadRules([*_problems(error, kind, path)]) from error


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, omit_if_default=True)
    for kind in _NAMES:
        converter.register_structure_hook(kind, _strict)
    converter.register_structure_hook_func(lambda type_: type_ == Id, lambda value, _: _id(value))
    converter.register_unstructure_hook_func(lambda type_: type_ == Id, str)
    converter.register_structure_hook(timedelta, lambda value, _: _span(value))
    converter.register_unstructure_hook(timedelta, write_span)
    converter.register_structure_hook_func(lambda type_: get_origin(type_) is Literal, _choice)

    def table(kind: Any) -> Callable[[Any, Any], Any]:
        read = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)
        return lambda value, _: read(_mapping(value), kind)

    converter.register_structure_hook_factory(attrs.has, table)

    def entries(value: Any, kind: Any) -> tuple[Any, ...]:
        return _entries(converter, value, get_args(kind)[0])

    def writer(kind: Any) -> Callable[[tuple[Any, ...]], list[Any]]:
        of = get_args(kind)[0]
        return lambda values: [converter.unstructure(value, unstructure_as=of) for value in values]

    converter.register_structure_hook_func(lambda type_: get_origin(type_) is tuple, entries)
    converter.register_unstructure_hook_factory(lambda type_: get_origin(type_) is tuple, writer)
    _register_union(converter, Trigger, "kind", TRIGGERS)
    _register_union(converter, Action, "do", ACTIONS)
    return converter


def _register_union(converter: Converter, union: Any, key: str, kinds: Sequence[type[Any]]) -> None:
    """Have one of several classes told by the name that a key has."""
    by_name = {getattr(kind, key): kind for kind in kinds}
    read = {kind: make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True) for kind in kinds}
    write = {kind: make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True) for kind in kinds}

    def structure_one(value: Any, _: Any) -> Any:
        name = _mapping(value).get(key)
        if name is None:
            raise ValueError(f"has no {key!r}; there are {', '.join(by_name)}")
        if not isinstance(name, str) or name not in by_name:
            raise ValueError(unknown(str(name), by_name))
        kind = by_name[name]
        return read[kind]({name: item for name, item in value.items() if name != key}, kind)

    def unstructure_one(value: Any) -> dict[str, Any]:
        return {key: getattr(value, key), **write[type(value)](value)}

    converter.register_structure_hook(union, structure_one)
    converter.register_unstructure_hook(union, unstructure_one)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a table")
    return value


def _strict(value: Any, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise ValueError(f"must be {_NAMES[kind]}, not {value!r}")
    return value


def _id(value: Any) -> int:
    written = type(value) is int or (isinstance(value, str) and value.isascii() and value.isdigit())
    if not written or not 0 < int(value) < 1 << 63:
        raise ValueError(f"must be an id of Discord, not {value!r}")
    return int(value)


def _span(value: Any) -> timedelta:
    if not isinstance(value, str):
        raise ValueError(f'must be a duration in quotes, such as "1h30m", not {value!r}')
    return read_span(value)


def _choice(value: Any, kind: Any) -> Any:
    if value not in get_args(kind):
        raise ValueError(unknown(str(value), get_args(kind)))
    return value


def _entries(converter: Converter, value: Any, kind: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a list, not {value!r}")
    found: list[Any] = []
    errors: list[Exception] = []
    for number, entry in enumerate(value):
        try:
            found.append(converter.structure(entry, kind))
        except (ValueError, BaseValidationError) as error:
            error.__notes__ = [*getattr(error, "__notes__", ()), _note("", number, kind)]
            errors.append(error)
    if errors:
        raise _errors("entries", errors, kind)
    return tuple(found)


def _problems(error: BaseException, kind: Any, path: Path) -> Iterator[Problem]:
    """The errors inside of one, each with its place."""
    if isinstance(error, ForbiddenExtraKeysError):
        names = [field.name for field in attrs.fields(error.cl or kind)]
        for name in sorted(error.extra_fields):
            yield Problem((*path, name), unknown(name, names))
    elif isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from _problems(inner, error.cl, (*path, *_place(inner)))
    elif isinstance(error, KeyError):
        yield Problem(path, "is missing")
    elif isinstance(error, ValueError):
        yield Problem(path, str(error))
    else:
        yield Problem(path, "must be a table")


def _place(error: BaseException) -> Path:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return (note.name,)
        if isinstance(note, IterableValidationNote):
            return (int(note.index),)
    return ()
