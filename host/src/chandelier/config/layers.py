"""From layers to one typed section: defaults, ``config.toml``, environment, a guild's own settings.

Each layer is checked by itself, so that a wrong value is reported where it stands even when another layer
would have hidden it; the highest layer that has a value wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import attrs

from chandelier.config import positions
from chandelier.config.bounds import Misfit
from chandelier.config.environment import FILE_SUFFIX, HOST, read_secret_file, variable
from chandelier.config.file import ConfigFile
from chandelier.config.problems import ConfigError, Problem, nearest, show_path
from chandelier.config.schema import Setting, settings
from chandelier.config.values import field_types, is_part, misfits, parse_text, plain
from chandelier.languages import Messages

__all__ = [
    "Layer",
    "Loaded",
    "Row",
    "Section",
    "explain",
    "load_section",
    "read_section",
    "section_path",
    "section_table",
]

_ = Messages(__package__)

T = TypeVar("T")
Keys = tuple[str, ...]


class Layer(StrEnum):
    """Where a value came from, lowest first."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    GUILD = "guild"


@attrs.frozen
class Place:
    """Where in a layer a value stands, for problems and for people who ask."""

    layer: Layer
    file: str
    line: int | None
    path: str

    def problem(self, message: str, *, found: Any = None, allowed: str | None = None) -> Problem:
        """A problem with what stands here."""
        return Problem(
            file=self.file, line=self.line, path=self.path, message=message, found=found, allowed=allowed
        )

    def __str__(self) -> str:
        if self.layer is Layer.FILE:
            return self.file if self.line is None else f"{self.file}:{self.line}"
        return self.path if self.layer is Layer.ENVIRONMENT else self.file


@attrs.frozen
class Section(Generic[T]):
    """A section ready for use: its typed value, and for every setting the layer it came from."""

    name: str
    schema: type[T]
    value: T
    origins: Mapping[Keys, Layer]
    places: Mapping[Keys, str] = attrs.field(repr=False)
    """``config.toml:12`` or the name of a variable; settings left at their default are not in it."""


@attrs.frozen
class Loaded(Generic[T]):
    """What became of a section: the section, or every problem with it."""

    section: Section[T] | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@attrs.frozen
class Row:
    """One line of `config show`: a setting, its value (secrets redacted) and where it came from."""

    path: str
    value: Any
    layer: Layer
    place: str
    help: str
    allowed: str
    default: Any
    guild: bool
    secret: bool

    def to_json(self) -> dict[str, Any]:
        """The same as JSON-ready data."""
        return attrs.asdict(self)


_Locate = Callable[[positions.Path], Place]
"""From a path inside a setting's value to its place; the empty path is the setting itself."""


@attrs.define
class _Collector:
    """What the layers of one section say, on the way to a section."""

    name: str
    values: dict[Keys, tuple[Any, Place]] = attrs.Factory(dict)
    problems: list[Problem] = attrs.Factory(list[Problem])

    def offer(self, setting: Setting, raw: Any, locate: _Locate) -> None:
        """Take a layer's raw value for a setting, or note every reason why it does not fit."""
        value, found = setting.take(raw)
        for misfit in found:
            shown = None if setting.secret else plain(misfit.found)
            problem = locate(misfit.path).problem(misfit.message, found=shown, allowed=misfit.allowed)
            self.problems.append(problem)
        if not found:
            self.values[setting.path] = (value, locate(()))


def section_path(name: str) -> Keys:
    """Where a section stands in the document: ``("plugins", "moderation")``, ``("chandelier",)``."""
    return (HOST,) if name == HOST else ("plugins", name)


def section_table(file: ConfigFile, name: str) -> Mapping[str, Any] | Problem:
    """A section's raw data, empty when the file has none; the problem when something else has its name."""
    root = section_path(name)
    table: Any = file.data
    for depth, step in enumerate(root, start=1):
        table = cast("Mapping[str, Any]", table).get(step, {})
        if not isinstance(table, Mapping):
            place = Place(Layer.FILE, file.path.name, file.line(root[:depth]), show_path("", root[:depth]))
            return place.problem(_("is not a table"), found=table, allowed=_("a table"))
    return cast("Mapping[str, Any]", table)


def load_section(
    schema: type[T],
    name: str,
    *,
    file: ConfigFile | None = None,
    environ: Mapping[str, str] | None = None,
    guild_values: Mapping[str, Any] | None = None,
) -> Section[T]:
    """A typed section from its layers; ConfigError with every problem when one does not fit."""
    loaded = read_section(schema, name, file=file, environ=environ, guild_values=guild_values)
    if loaded.section is None:
        raise ConfigError(loaded.problems)
    return loaded.section


def read_section(
    schema: type[T],
    name: str,
    *,
    file: ConfigFile | None = None,
    environ: Mapping[str, str] | None = None,
    guild_values: Mapping[str, Any] | None = None,
) -> Loaded[T]:
    """The same, with the problems handed back instead of raised. Versions are not looked at."""
    seen = _Collector(name)
    if file is not None:
        _from_file(seen, schema, file)
    _from_environment(seen, schema, environ or {})
    if guild_values is not None:
        _from_guild(seen, schema, guild_values)
    if seen.problems:
        return Loaded(None, tuple(seen.problems))
    try:
        value = _with_values(schema(), (), {path: value for path, (value, _) in seen.values.items()})
    except _BrokenRule as broken:
        return Loaded(None, tuple(_of_rule(misfit, seen, file, guild_values) for misfit in broken.misfits))
    origins = {one.path: Layer.DEFAULT for one in settings(schema)}
    origins |= {path: place.layer for path, (_, place) in seen.values.items()}
    places = {path: str(place) for path, (_, place) in seen.values.items()}
    return Loaded(Section(name, schema, value, origins, places))


def explain(section: Section[Any]) -> list[Row]:
    """Every setting of a section with its value and where it came from, as `config show` prints it."""
    rows: list[Row] = []
    for one in settings(section.schema):
        value = section.value
        for step in one.path:
            value = getattr(value, step)
        rows.append(
            Row(
                path=one.name,
                value=plain(value),
                layer=section.origins[one.path],
                place=section.places.get(one.path, Layer.DEFAULT.value),
                help=one.help,
                allowed=one.allowed,
                default=plain(one.default),
                guild=one.guild,
                secret=one.secret,
            )
        )
    return rows


def _from_file(seen: _Collector, schema: type[Any], file: ConfigFile) -> None:
    table = section_table(file, seen.name)
    if isinstance(table, Problem):
        seen.problems.append(table)
        return
    known = {one.path: one for one in settings(schema)}
    parts = _parts(schema, ())

    locate = partial(_file_place, file, seen.name)

    def walk(table: Mapping[str, Any], above: Keys) -> None:
        for key, raw in table.items():
            path = (*above, key)
            of_file = known.get((*above, key.removesuffix("_file")))
            if path == ("version",):
                continue
            if path in parts:
                if isinstance(raw, Mapping):
                    walk(cast("Mapping[str, Any]", raw), path)
                else:
                    place = locate(path)
                    seen.problems.append(place.problem(_("is not a table"), found=raw, allowed=_("a table")))
            elif path not in known and of_file is not None and of_file.secret:
                _secret_from_file(seen, of_file, raw, partial(locate, path), file.path.parent)
            elif path not in known:
                seen.problems.append(_unknown(locate(path), path, [*known, *parts]))
            elif known[path].secret:
                seen.problems.append(locate(path).problem(_misplaced_secret(seen.name, path)))
            else:
                seen.offer(known[path], raw, partial(locate, path))

    walk(table, ())


def _from_environment(seen: _Collector, schema: type[Any], environ: Mapping[str, str]) -> None:
    for one in settings(schema):
        name = variable(seen.name, one.path)
        locate = partial(_variable_place, name)
        text = environ.get(name)
        if not one.secret:
            if text is not None:
                seen.offer(one, parse_text(one.type, text, one.facts), locate)
            continue
        # `FOO=` is how a compose file says that a secret was not given.
        file = environ.get(name + FILE_SUFFIX)
        if text and file:
            message = f"{name} and {name}{FILE_SUFFIX} are both set: choose one"
            seen.problems.append(locate(()).problem(message))
        elif file:
            _secret_from_file(seen, one, file, partial(_variable_place, name + FILE_SUFFIX), Path())
        elif text:
            seen.offer(one, text, locate)


def _from_guild(seen: _Collector, schema: type[Any], values: Mapping[str, Any]) -> None:
    known = {one.path: one for one in settings(schema)}
    parts = _parts(schema, ())

    def walk(values: Mapping[str, Any], above: Keys) -> None:
        for key, raw in values.items():
            path = (*above, *key.split("."))
            locate = partial(_guild_place, path)
            if path in parts and isinstance(raw, Mapping):
                walk(cast("Mapping[str, Any]", raw), path)
            elif path not in known:
                changeable = [path for path, one in known.items() if one.guild]
                seen.problems.append(_unknown(locate(()), path, changeable))
            elif not known[path].guild:
                name = ".".join(path)
                message = _("only the owner of the bot can set this, as {name} in config.toml", name=name)
                seen.problems.append(locate(()).problem(message))
            else:
                seen.offer(known[path], raw, locate)

    walk(values, ())


def _secret_from_file(seen: _Collector, one: Setting, raw: Any, locate: _Locate, base: Path) -> None:
    """Read a secret from the file that ``raw`` names; a relative path counts from ``base``."""
    if not isinstance(raw, str) or not raw:
        message = "is not the path of a file"
        seen.problems.append(locate(()).problem(message, found=plain(raw), allowed="a path"))
        return
    try:
        seen.offer(one, read_secret_file(base / Path(raw).expanduser()), locate)
    except ValueError as error:
        seen.problems.append(locate(()).problem(str(error)))


def _misplaced_secret(name: str, path: Keys) -> str:
    return (
        f"a secret may not be in the config file, which gets copied and shared: set the environment variable "
        f"{variable(name, path)}, or write it to a file of its own and name that here as "
        f'{path[-1]}_file = "path"; if others could read this file, make a new secret'
    )


def _unknown(place: Place, path: Keys, known: Iterable[Keys]) -> Problem:
    beside = [one[-1] for one in known if one[:-1] == path[:-1]]
    guess = nearest(path[-1], beside)
    message = (
        _("there is no such setting; did you mean {guess}?", guess=guess)
        if guess
        else _("there is no such setting")
    )
    return place.problem(message, found=path[-1], allowed=", ".join(beside) or None)


def _parts(schema: type[Any], above: Keys) -> set[Keys]:
    """The paths of the nested tables of a schema."""
    found: set[Keys] = set()
    for name, hint in field_types(schema).items():
        if is_part(hint):
            found |= {(*above, name), *_parts(hint, (*above, name))}
    return found


class _BrokenRule(Exception):  # never leaves this room
    """A class refused its values: a rule of its own, perhaps over several settings."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        super().__init__("; ".join(map(str, misfits)))
        self.misfits = misfits


def _of_rule(
    misfit: Misfit, seen: _Collector, file: ConfigFile | None, guild_values: Mapping[str, Any] | None
) -> Problem:
    """A broken rule where its setting was given; a rule that names none stands at the whole section."""
    given = next((path for path in seen.values if path == misfit.path[: len(path)]), None)
    layers = {place.layer for _, place in seen.values.values()}
    if given is not None:
        inner = misfit.path[len(given) :]
        place = seen.values[given][1]
        if place.layer is Layer.FILE:
            place = _file_place(file, seen.name, given, inner)
        elif inner:
            place = attrs.evolve(place, path=show_path("", (place.path, *inner)))
    elif guild_values:
        place = Place(Layer.GUILD, "guild settings", None, seen.name)
    elif layers == {Layer.ENVIRONMENT}:
        root = ".".join(section_path(seen.name))
        place = Place(Layer.ENVIRONMENT, "environment", None, f"[{root}]")
    else:
        place = _file_place(file, seen.name, misfit.path)
    return place.problem(misfit.message, found=plain(misfit.found), allowed=misfit.allowed)


def _with_values(whole: T, above: Keys, values: Mapping[Keys, Any]) -> T:
    """A copy of an instance with the typed values that were given, by path."""
    given: dict[str, Any] = {}
    for name, hint in field_types(type(whole)).items():
        path = (*above, name)
        if path in values:
            given[name] = values[path]
        elif is_part(hint) and any(one[: len(path)] == path for one in values):
            given[name] = _with_values(getattr(whole, name), path, values)
    try:
        return attrs.evolve(whole, **given)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, ExceptionGroup) as error:
        raise _BrokenRule(list(misfits(error, above))) from error


def _file_place(
    file: ConfigFile | None, name: str, path: positions.Path, inner: positions.Path = ()
) -> Place:
    root, path = section_path(name), (*path, *inner)
    shown = show_path(".".join(root), path)
    if file is None:
        return Place(Layer.FILE, "config", None, shown)
    return Place(Layer.FILE, file.path.name, file.line((*root, *path)), shown)


def _variable_place(name: str, inner: positions.Path) -> Place:
    return Place(Layer.ENVIRONMENT, "environment", None, show_path("", (name, *inner)))


def _guild_place(path: Keys, inner: positions.Path) -> Place:
    return Place(Layer.GUILD, "guild settings", None, show_path("", (*path, *inner)))
