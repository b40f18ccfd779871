"""Bodies and queries checked as Discord checks them: every problem at once, as a tree by path and index.

A *kind* says what a value may be; it returns the value to go on with (a text trimmed, a number read) and
notes problems on a :class:`Form`.
Source: https://discord.com/developers/docs/reference#error-messages
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from loopcord._simcord import BackendError

from . import limits

__all__ = [
    "Anything",
    "Boolean",
    "Choice",
    "Form",
    "Integer",
    "Items",
    "Kind",
    "Moment",
    "OneOf",
    "Path",
    "Record",
    "Snowflake",
    "Text",
    "Url",
    "check_length",
    "describe",
    "moment",
    "needed",
]

Path = tuple[str | int, ...]

#: The highest snowflake: Discord keeps them as signed 64-bit integers.
_HIGHEST_SNOWFLAKE = (1 << 63) - 1


class Form:
    """The problems of one request."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}
        #: How many problems there are.
        self.count = 0

    def add(self, path: Path, code: str, message: str) -> None:
        """Note one problem; Discord's ``code`` is stable, its ``message`` is for people."""
        node = self._tree
        for part in path:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})
        self.count += 1

    def require(self, path: Path) -> None:
        """Note that something is missing."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def refuse(self) -> None:
        """Answer with the problems, if there are any.

        Raises:
            BackendError: 400 with code 50035 and the tree.
        """
        if self._tree:
            raise BackendError(400, 50035, "Invalid Form Body", errors=self._tree)


def describe(errors: Mapping[str, Any], path: str = "") -> list[str]:
    """The tree as sentences, ``"content: Must be 2000 or fewer in length."``, for people who act."""
    found: list[str] = []
    for key, value in errors.items():
        if key == "_errors":
            found += [f"{path}: {item['message']}" if path else str(item["message"]) for item in value]
        else:
            found += describe(value, f"{path}.{key}" if path else key)
    return found


class Kind(Protocol):
    """What a value may be."""

    def check(self, value: Any, path: Path, form: Form) -> Any:
        """The value to go on with; problems go to ``form``."""
        ...


def check_length(length: int, low: int, high: int | None, path: Path, form: Form) -> None:
    """Note when something, of which ``length`` counts the parts, is too short or too long."""
    if high is not None and low and not low <= length <= high:
        form.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
    elif high is not None and length > high:
        form.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
    elif length < low:
        form.add(path, "BASE_TYPE_MIN_LENGTH", f"Must be {low} or more in length.")


@dataclass(frozen=True, slots=True)
class Text:
    """A string of ``low`` to ``high`` code points, trimmed before counting with ``strip``."""

    low: int = 0
    high: int | None = None
    strip: bool = False

    def check(self, value: Any, path: Path, form: Form) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            form.add(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return value
        if self.strip:
            value = value.strip()
        check_length(len(value), self.low, self.high, path, form)
        return value


def _whole(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if isinstance(value, float) and not value.is_integer() else number


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number, also one written as a string."""

    low: int | None = None
    high: int | None = None

    def check(self, value: Any, path: Path, form: Form) -> Any:
        number = _whole(value)
        if number is None:
            form.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return value
        if self.low is not None and number < self.low:
            form.add(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {self.low}.")
        if self.high is not None and number > self.high:
            form.add(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {self.high}.")
        return number


@dataclass(frozen=True, slots=True)
class Snowflake:
    """An id, as a string or a number."""

    def check(self, value: Any, path: Path, form: Form) -> Any:
        text = str(value)
        if isinstance(value, bool) or not (text.isascii() and text.isdecimal()):
            form.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        elif int(text) > _HIGHEST_SNOWFLAKE:
            limit = f"snowflake value should be less than or equal to {_HIGHEST_SNOWFLAKE}."
            form.add(path, "NUMBER_TYPE_MAX", limit)
        return value


@dataclass(frozen=True, slots=True)
class Anything:
    """Whatever it is; with :func:`needed`, only that it is there."""

    def check(self, value: Any, path: Path, form: Form) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    def check(self, value: Any, path: Path, form: Form) -> Any:
        if not isinstance(value, bool):
            form.add(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values; a number may also be written as a string."""

    values: tuple[Any, ...]

    def check(self, value: Any, path: Path, form: Form) -> Any:
        for known in self.values:
            if not isinstance(value, bool) and str(value) == str(known):
                return known
        shown = ", ".join(repr(known) for known in self.values)
        form.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{shown}}}.")
        return value


def moment(value: Any) -> datetime | None:
    """The instant that an ISO 8601 text means, or None when it is none; without an offset it is UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else datetime.fromisoformat(f"{found.isoformat()}+00:00")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and time in ISO 8601."""

    def check(self, value: Any, path: Path, form: Form) -> Any:
        if moment(value) is None:
            form.add(path, "DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601.")
        return value


@dataclass(frozen=True, slots=True)
class Url:
    """An address that a client may open or show."""

    schemes: tuple[str, ...] = ("http", "https")
    high: int = limits.URL

    def check(self, value: Any, path: Path, form: Form) -> Any:
        if not isinstance(value, str):
            return Text().check(value, path, form)
        value = value.strip()
        check_length(len(value), 0, self.high, path, form)
        try:
            parts = urlsplit(value)
        except ValueError:
            form.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
            return value
        if parts.scheme and parts.scheme.lower() not in self.schemes:
            wrong = f'Scheme "{parts.scheme}" is not supported. Scheme must be one of {self.schemes!r}.'
            form.add(path, "URL_TYPE_INVALID_SCHEME", wrong)
        elif not parts.scheme or not parts.netloc:
            form.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return value


@dataclass(frozen=True, slots=True)
class Items:
    """A list of ``low`` to ``high`` items, all different with ``unique``."""

    kind: Kind
    low: int = 0
    high: int | None = None
    unique: bool = False

    def check(self, value: Any, path: Path, form: Form) -> Any:
        if not isinstance(value, list):
            form.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return value
        check_length(len(value), self.low, self.high, path, form)
        checked = [self.kind.check(item, (*path, index), form) for index, item in enumerate(value)]
        if self.unique:
            seen: set[str] = set()
            for index, item in enumerate(value):
                if str(item) in seen:
                    again = "The set already contains this value"
                    form.add((*path, index), "SET_TYPE_ALREADY_CONTAINS_VALUE", again)
                seen.add(str(item))
        return checked


@dataclass(frozen=True, slots=True)
class _Needed:
    kind: Kind


def needed(kind: Kind) -> Any:
    """Mark a field of a :class:`Record` that must be there, neither null nor empty."""
    return _Needed(kind)


@dataclass(frozen=True, slots=True)
class Record:
    """An object; fields that are not listed pass as they are, null ones too."""

    fields: Mapping[str, Any]
    #: What is to be said of several fields together, after each of them.
    rule: Callable[[dict[str, Any], Path, Form], None] | None = field(default=None)

    def check(self, value: Any, path: Path, form: Form) -> Any:
        if not isinstance(value, Mapping):
            form.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            return value
        checked: dict[str, Any] = dict(value)
        for name, kind in self.fields.items():
            if isinstance(kind, _Needed):
                if not _is_there(checked.get(name), kind.kind):
                    form.require((*path, name))
                    continue
                kind = kind.kind
            if checked.get(name) is not None:
                checked[name] = kind.check(checked[name], (*path, name), form)
        if self.rule is not None:
            self.rule(checked, path, form)
        return checked


@dataclass(frozen=True, slots=True)
class OneOf:
    """An object of one of several kinds, told apart by its ``type``."""

    kinds: Mapping[int, Kind]

    def check(self, value: Any, path: Path, form: Form) -> Any:
        if not isinstance(value, Mapping):
            return Record({}).check(value, path, form)
        kind = value.get("type")
        if kind is None:
            missing = 'Field "type" is required to determine the model type.'
            form.add(path, "UNION_TYPE_CHOICES", missing)
        elif isinstance(kind, bool) or not isinstance(kind, int) or kind not in self.kinds:
            choices = f'Value of field "type" must be one of {tuple(self.kinds)!r}.'
            form.add(path, "UNION_TYPE_CHOICES", choices)
        else:
            return self.kinds[kind].check(value, path, form)
        return value


def _is_there(value: Any, kind: Kind) -> bool:
    if isinstance(value, str) and isinstance(kind, Text) and kind.strip:
        value = value.strip()
    return value is not None and (not isinstance(value, str | Sequence) or len(value) > 0)
