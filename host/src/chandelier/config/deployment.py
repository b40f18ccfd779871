"""One deployment's config as the host uses it: the file, the environment, and what can be done with them.

Everything that writes works on a copy, checks the result, keeps a backup and then replaces the file in
one step: whatever fails, the file is what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import attrs

from chandelier.clock import Clock, SystemClock
from chandelier.config.bounds import shown
from chandelier.config.environment import FILE_SUFFIX, HOST, unknown_variables, variable
from chandelier.config.file import Backups, ConfigFile, write_atomically
from chandelier.config.layers import Loaded, Section, load_section, read_section, section_path, section_table
from chandelier.config.migrations import ConfigMigration, Stride, plan
from chandelier.config.problems import ConfigError, Problem, nearest, show_path
from chandelier.config.schema import config_version
from chandelier.errors import PluginError

__all__ = ["Change", "Checked", "Deployment", "Undone"]

T = TypeVar("T")
_DATA_DIR = re.compile(r"""^\s*data_dir\s*=\s*["']([^"'\n]+)["']""", re.MULTILINE)
"""Finds the setting in a file that is too broken to be read."""
Versioned = Mapping[str, tuple[type[Any], Sequence[ConfigMigration]]]
"""Schemas with their migrations by section name; ``chandelier`` is the host's own section."""


@attrs.frozen
class Change:
    """A section that was migrated, or would be."""

    section: str
    before: int
    after: int
    file: str

    def __str__(self) -> str:
        verb = "upgraded" if self.before < self.after else "downgraded"
        root = ".".join(section_path(self.section))
        return f"{self.file}: [{root}] {verb} from version {self.before} to {self.after}"

    def to_json(self) -> dict[str, Any]:
        """The same as JSON-ready data."""
        return attrs.asdict(self)


class Checked(NamedTuple):
    """What `check` found: the sections that are good, what is wrong, and what is only odd."""

    sections: dict[str, Section[Any]]
    problems: list[Problem]
    warnings: list[Problem]


class Undone(NamedTuple):
    """What a rollback did: the backup that is the config again, and where the undone text is kept."""

    restored: Path
    kept: Path | None


@attrs.define(kw_only=True)
class Deployment:
    """The config file and the environment of one bot.

    It holds the file as it was read; ``migrate`` and ``rollback`` replace it on disk and here. To pick up
    what someone else wrote, read a new deployment: if that is refused, the old one is still good.
    """

    file: ConfigFile
    environ: Mapping[str, str] = attrs.field(repr=False)
    backups: Backups
    clock: Clock = attrs.field(factory=SystemClock)

    @classmethod
    def read(
        cls,
        path: Path,
        environ: Mapping[str, str],
        *,
        data_dir: Path | None = None,
        clock: Clock | None = None,
    ) -> Deployment:
        """Read a deployment; a file that does not exist is empty, for everything has a default.

        Backups go to ``backups/config`` in ``data_dir``, which is found in the config itself when it is
        not given. Raises ConfigError with the line when the file is not valid TOML.
        """
        return cls._of(ConfigFile.read(path), environ, data_dir, clock)

    @classmethod
    def read_for_rollback(
        cls,
        path: Path,
        environ: Mapping[str, str],
        *,
        data_dir: Path | None = None,
        clock: Clock | None = None,
    ) -> Deployment:
        """The same for a file that may be too broken to be read: good for ``rollback`` and nothing else."""
        return cls._of(ConfigFile.read(path, broken=True), environ, data_dir, clock)

    @classmethod
    def _of(
        cls, file: ConfigFile, environ: Mapping[str, str], data_dir: Path | None, clock: Clock | None
    ) -> Deployment:
        folder = data_dir or file.path.parent / _data_dir(file, environ)
        return cls(
            file=file,
            environ=dict(environ),
            backups=Backups(folder / "backups" / "config"),
            clock=clock or SystemClock(),
        )

    @property
    def path(self) -> Path:
        """The config file."""
        return self.file.path

    @property
    def base(self) -> Path:
        """The folder of the config file, from which relative paths in it count."""
        return self.file.path.parent

    @property
    def data_dir(self) -> Path:
        """The data folder, as far as it can be known without the rest of the config being right."""
        return self.base / _data_dir(self.file, self.environ)

    def secret_file(self, name: str) -> Path | None:
        """The file that one of the host's own secrets is read from; None when it comes from no file."""
        if file := self.environ.get(variable(HOST, (name,)) + FILE_SUFFIX):
            return Path(file).expanduser()
        stated = self._table(HOST).get(f"{name}_file")
        return self.base / Path(stated).expanduser() if isinstance(stated, str) and stated else None

    def host(self, schema: type[T]) -> T:
        """The host's own section, typed. Raises ConfigError with every problem."""
        return self.section(HOST, schema)

    def section(self, name: str, schema: type[T]) -> T:
        """A section, typed: defaults, file, environment. Raises ConfigError with every problem."""
        return self.load(name, schema).value

    def load(self, name: str, schema: type[T]) -> Section[T]:
        """The same with the origin of every value. Raises ConfigError with every problem."""
        loaded = self._read(name, schema)
        if loaded.section is None:
            raise ConfigError(loaded.problems)
        return loaded.section

    def for_guild(self, name: str, schema: type[T], values: Mapping[str, Any]) -> T:
        """The config in force in a guild: ``values`` are its own settings, nested or with dotted keys.

        Raises ConfigError with every problem.
        """
        return self.load_for_guild(name, schema, values).value

    def load_for_guild(self, name: str, schema: type[T], values: Mapping[str, Any]) -> Section[T]:
        """The same with the origin of every value, for `/config show`."""
        return load_section(schema, name, file=self.file, environ=self.environ, guild_values=values)

    def check(self, schemas: Mapping[str, type[Any]], *, also: Iterable[str] = ()) -> Checked:
        """Check the sections of ``schemas`` and everything else in the file and the environment.

        ``also`` names plugins that are installed but whose schema is not known (disabled, refused). The
        host's section is checked when ``schemas`` has ``chandelier``.
        """
        found = Checked({}, [], [])
        for name, schema in schemas.items():
            loaded = self._read(name, schema)
            if loaded.section is not None:
                found.sections[name] = loaded.section
            found.problems.extend(problem for problem in loaded.problems if problem not in found.problems)
            found.warnings.extend(loaded.warnings)
        self._check_outside(found, schemas, frozenset(also))
        if self.file.exists and not self.file.text.strip():
            # As a full disk leaves it; whoever wants only defaults has no file, or one with a line in it.
            undo = "`chandelier config rollback` puts back the newest backup" if self.backups.newest() else ""
            message = "is empty, so everything has its default"
            found.warnings.append(
                Problem(file=self.path.name, message=f"{message}: {undo}" if undo else message)
            )
        found.problems.sort(key=lambda problem: (problem.line is None, problem.line or 0))
        return found

    def pending(self, schemas: Versioned, *, targets: Mapping[str, int] | None = None) -> list[Change]:
        """What is due, without trying the steps; raises like ``migrate`` for a newer section."""
        return [change for change, _ in self._strides(schemas, targets or {})]

    def migrate(
        self, schemas: Versioned, *, dry_run: bool = False, targets: Mapping[str, int] | None = None
    ) -> list[Change]:
        """Bring sections to the versions of their schemas, or to ``targets`` (also older ones).

        The file is written once, after a backup, when every step has succeeded. A section without
        ``version`` is taken to be current. Raises ConfigError for a section from a newer version and when
        the file cannot be written, PluginError when a step is missing or fails.
        """
        changes, text = self.preview(schemas, targets=targets)
        if changes and not dry_run:
            self.file, _ = self.file.write(text, backups=self.backups, now=self.clock.now())
        return changes

    def put_back(self, text: str) -> None:
        """Make an earlier text the config again, after a backup. Raises ConfigError as ``migrate``."""
        self.file, _ = self.file.write(text, backups=self.backups, now=self.clock.now())

    def preview(
        self, schemas: Versioned, *, targets: Mapping[str, int] | None = None
    ) -> tuple[list[Change], str]:
        """What ``migrate`` would do, and the text that it would write; raises what it would raise."""
        due = self._strides(schemas, targets or {})
        text = self.file.text
        for change, strides in due:
            text = _migrate_text(self.path, text, change.section, strides)
        return [change for change, _ in due], text

    def rollback(self) -> Undone:
        """Make the newest backup the config again; repeating it goes further back.

        The text that was undone is kept beside the backups. Raises ConfigError when there is no backup or
        it cannot be restored.
        """
        backup = self.backups.newest()
        if backup is None:
            message = f"there is no backup to go back to in {self.backups.folder}"
            raise ConfigError([Problem(file=str(self.path), message=message)])
        restored = attrs.evolve(ConfigFile.read(backup), path=self.path)
        kept = None
        if self.file.exists:
            self.file.ensure_unchanged()
            kept = self.backups.save(self.file.text, self.clock.now(), name="undone")
        try:
            write_atomically(self.path, restored.text)
            backup.unlink()
        except OSError as error:
            message = f"cannot be written ({error.strerror}): check its permissions"
            raise ConfigError([Problem(file=str(self.path), message=message)]) from error
        self.file = restored
        return Undone(backup, kept)

    def _read(self, name: str, schema: type[T]) -> Loaded[T]:
        stated = self._stated_version(name)
        problem = self._version_problem(name, stated, config_version(schema))
        if problem is not None:
            # Keys of another version would only be reported as unknown.
            return Loaded(None, (problem,))
        loaded = read_section(schema, name, file=self.file, environ=self.environ)
        if stated is None and self._table(name):
            current = config_version(schema)
            warning = self._problem(
                name,
                (),
                f"has no version and is read as {current}: add `version = {current}`, for later upgrades",
            )
            return attrs.evolve(loaded, warnings=(*loaded.warnings, warning))
        return loaded

    def _table(self, name: str) -> Mapping[str, Any]:
        """A section's raw data; empty when it is missing or not a table."""
        found = section_table(self.file, name)
        return {} if isinstance(found, Problem) else found

    def _stated_version(self, name: str) -> Any:
        return self._table(name).get("version")

    def _version_problem(self, name: str, stated: Any, current: int) -> Problem | None:
        if stated is None or (type(stated) is int and stated == current):
            return None
        if type(stated) is not int or stated < 1:
            message = f"{shown(stated)} is not a version"
            return self._problem(name, ("version",), message, found=stated, allowed=f"1 to {current}")
        if stated < current:
            message = (
                f"{stated} is older than the installed {_what(name)}, which reads {current}: "
                "run `chandelier config migrate`"
            )
            return self._problem(name, ("version",), message, found=stated)
        backup = self._backup_with(name, current)
        undo = (
            f"put back the backup {backup} (`chandelier config rollback` restores the newest)"
            if backup is not None
            else f"put back a backup of your own (none in {self.backups.folder} is old enough)"
        )
        message = (
            f"version {stated} of this section was written by a newer {_what(name)} than the installed one, "
            f"which reads up to version {current}: install the newer one again, or {undo}"
        )
        return self._problem(name, ("version",), message, found=stated)

    def _backup_with(self, name: str, version: int) -> Path | None:
        """The newest backup in which a section has at most this version."""
        for backup in reversed(self.backups.all()):
            try:
                stated = attrs.evolve(self, file=ConfigFile.read(backup))._stated_version(name)
            except ConfigError:
                continue
            if type(stated) is int and stated <= version:
                return backup
        return None

    def _check_outside(self, found: Checked, schemas: Mapping[str, type[Any]], also: frozenset[str]) -> None:
        """What belongs to no schema: other tables of the file, other variables of the environment."""
        for key in self.file.data:
            if key not in (HOST, "plugins"):
                guess = nearest(key, (HOST, "plugins", *(f"plugins.{name}" for name in schemas)))
                hint = f"; did you mean [{guess}]?" if guess else ""
                found.problems.append(self._outside((key,), f"there is no such section{hint}"))
        plugins = self.file.data.get("plugins", {})
        installed = {*schemas, *also} - {HOST}
        if isinstance(plugins, Mapping):
            for name in cast("Mapping[str, Any]", plugins):
                if name not in installed:
                    guess = nearest(name, installed)
                    hint = f"did you mean [plugins.{guess}]?" if guess else "its section is ignored"
                    message = f"no plugin of this name is installed: {hint}"
                    found.warnings.append(self._outside(("plugins", name), message))
        elif schemas.keys() <= {HOST}:  # else the first plugin's section has said so
            found.problems.append(self._outside(("plugins",), "is not a table"))
        prefixes = tuple(variable(name, ("",)) for name in also - schemas.keys())
        for warning in unknown_variables(self.environ, schemas):
            if not (prefixes and warning.path.startswith(prefixes)):
                found.warnings.append(warning)

    def _strides(
        self, schemas: Versioned, targets: Mapping[str, int]
    ) -> list[tuple[Change, Sequence[Stride]]]:
        due: list[tuple[Change, Sequence[Stride]]] = []
        problems: list[Problem] = []
        for name, (schema, migrations) in schemas.items():
            stated, current = self._stated_version(name), config_version(schema)
            if stated is None:
                found = section_table(self.file, name)
                if isinstance(found, Problem) and found not in problems:
                    problems.append(found)
                continue
            problem = self._version_problem(name, stated, current)
            if problem is not None and not (type(stated) is int and 1 <= stated < current):
                problems.append(problem)
                continue
            target = targets.get(name, current)
            try:
                strides = plan(stated, target, migrations)
            except PluginError as error:
                raise PluginError(f"{_what(name)}: {error}") from error
            if strides:
                due.append((Change(name, stated, target, self.path.name), strides))
        if problems:
            raise ConfigError(problems)
        return due

    def _problem(self, name: str, keys: tuple[str, ...], message: str, **more: Any) -> Problem:
        root = section_path(name)
        return Problem(
            file=self.path.name,
            line=self.file.line((*root, *keys)),
            path=show_path(".".join(root), keys),
            message=message,
            **more,
        )

    def _outside(self, keys: tuple[str, ...], message: str) -> Problem:
        path = show_path(".".join(keys), ())
        return Problem(file=self.path.name, line=self.file.line(keys), path=path, message=message)


def _what(name: str) -> str:
    return "chandelier" if name == HOST else f"plugin {name}"


def _data_dir(file: ConfigFile, environ: Mapping[str, str]) -> Path:
    """Where the host's own section will say that data is kept; wrong values are reported by its check."""
    host = file.data.get(HOST)
    stated = cast("Mapping[str, Any]", host).get("data_dir") if isinstance(host, Mapping) else None
    if file.broken and (line := _DATA_DIR.search(file.text)):
        stated = line.group(1)
    chosen = environ.get(variable(HOST, ("data_dir",))) or stated
    return Path(chosen if isinstance(chosen, str) and chosen else "data").expanduser()


def _migrate_text(path: Path, text: str, name: str, strides: Sequence[Stride]) -> str:
    """The text with one section migrated. Each stride is proved on plain data before its text is taken."""
    for stride in strides:
        file = ConfigFile.parse(path, text)
        document = file.editable()
        _take(stride, _descend(document, name), name)
        text = document.as_string()
        wanted = ConfigFile.parse(path, file.text).data
        _take(stride, _descend(cast("MutableMapping[str, Any]", wanted), name), name)
        if ConfigFile.parse(path, text).data != wanted:
            raise PluginError(
                f"{_what(name)}: version {stride.after} of its config section cannot be written into "
                f"{path.name} without changing something else; nothing was written. Put the section into one "
                "block of its own and try again"
            )
    return text


def _descend(document: MutableMapping[str, Any], name: str) -> MutableMapping[str, Any]:
    section = document
    for step in section_path(name):
        section = section[step]
    return section


def _take(stride: Stride, section: MutableMapping[str, Any], name: str) -> None:
    try:
        stride.take(section)
    except PluginError as error:
        raise PluginError(f"{_what(name)}: {error}") from error
    section["version"] = stride.after
