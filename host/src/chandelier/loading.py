"""Bringing a plugin's code in and out: import, what it declares about itself, and forgetting its modules."""

from __future__ import annotations

import contextlib
import importlib
import linecache
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

import attrs

from chandelier.barrier import holding
from chandelier.config.migrations import ConfigMigration
from chandelier.discovery import Candidate
from chandelier.errors import PluginError
from chandelier.hooks import Hooks
from chandelier.plugin import Manifest, Plugin
from chandelier.routing.loader import Loader
from chandelier.services.capabilities import check_capabilities
from chandelier.storage.history import StorageHistory

__all__ = ["Description", "describe", "forget_modules", "import_plugin", "required_by", "restore_modules"]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Description:
    """What a plugin says about itself through its synchronous hooks."""

    manifest: Manifest
    schema: type[Any] | None
    config_migrations: tuple[ConfigMigration, ...]
    history: StorageHistory | None
    loaders: tuple[Loader, ...]


def import_plugin(candidate: Candidate) -> Plugin[Any]:
    """Import the entry point's class and make its one instance.

    Raises PluginError with what went wrong and where; the cause is chained.
    """
    module_name, _, attribute = candidate.target.partition(":")
    try:
        with holding():
            module = importlib.import_module(module_name)
            made: Any = getattr(module, attribute)()
    except Exception as error:
        raise PluginError(
            f"plugin {candidate.name} ({candidate.distribution} {candidate.version}) failed to import "
            f"{candidate.target}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(made, Plugin):
        raise PluginError(f"{candidate.target} of {candidate.distribution} is not a chandelier.Plugin")
    required_by(made)
    return cast("Plugin[Any]", made)


def required_by(plugin: Plugin[Any], /) -> tuple[str, ...]:
    """The names of the plugins that one needs. Raises PluginError when it does not say it as it should."""
    with holding():
        stated: Any = plugin.requires
    if not isinstance(stated, tuple | list) or not all(isinstance(name, str) for name in stated):
        raise PluginError(f"its requires is {stated!r}; it has to be a tuple of names of plugins")
    return tuple(stated)


def describe(hooks: Hooks, candidate: Candidate) -> Description:
    """Ask a registered plugin's describing hooks. Raises PluginError when an answer is missing or wrong."""
    name = candidate.name
    manifest = _ask(hooks, name, "chandelier_manifest")
    if not isinstance(manifest, Manifest):
        raise PluginError(f"plugin {name} gives no manifest: implement the hook chandelier_manifest")
    schema: Any = _ask(hooks, name, "chandelier_config_schema")
    if schema is not None and not (isinstance(schema, type) and hasattr(schema, "__config_version__")):
        raise PluginError(
            f"plugin {name}: {schema!r} is no config schema; make it with @chandelier.schema(version=1)"
        )
    stated = candidate.config_version
    if schema is not None and stated is not None and schema.__config_version__ != stated:
        raise PluginError(
            f"plugin {name}: its metadata states config version {stated}, "
            f"its schema is version {schema.__config_version__}; reinstall {candidate.distribution}"
        )
    history = _ask(hooks, name, "chandelier_storage")
    if history is not None and not isinstance(history, StorageHistory):
        raise _wrong(name, "chandelier_storage", history, "a StorageHistory")
    description = Description(
        manifest=manifest,
        schema=schema,
        config_migrations=_several(hooks, name, "chandelier_config_migrations", ConfigMigration),
        history=history,
        loaders=_several(hooks, name, "chandelier_loaders", Loader),
    )
    check_capabilities(name, manifest, description.loaders)
    for specifications in _several(hooks, name, "chandelier_hookspecs", object):
        try:
            with holding():
                hooks.publish(cast("Any", specifications))
        except PluginError:
            raise
        except Exception as error:
            raise PluginError(
                f"plugin {name} publishes {specifications!r} as hooks, which cannot be read: {error}"
            ) from error
    return description


def forget_modules(*packages: str) -> dict[str, ModuleType]:
    """Take packages and all their submodules out of the interpreter, so that the next import is fresh.

    Packages are dotted names. Of a module that is in an ordinary package the whole package is taken, of a
    namespace package, which several distributions share, only the part named. Returns what was taken, for
    ``restore_modules``. The host's own package is never taken.
    """
    taken: dict[str, ModuleType] = {}
    for root in {_own_root(package) for package in packages} - {"chandelier"}:
        for name, module in list(sys.modules.items()):
            if name == root or name.startswith(f"{root}."):
                taken[name] = sys.modules.pop(name)
                _unlink(name, module)
                _drop_bytecode(module)
    importlib.invalidate_caches()
    linecache.checkcache()  # tracebacks quote what is there now
    return taken


def restore_modules(packages: Iterable[str], taken: Mapping[str, ModuleType]) -> None:
    """Put back what ``forget_modules`` took, dropping what was imported since."""
    if taken:
        forget_modules(*packages)
        sys.modules.update(taken)
        for name, module in taken.items():
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                setattr(sys.modules[parent], child, module)


def _own_root(name: str) -> str:
    """The outermost package around a module that is no namespace package."""
    parts = name.split(".")
    for end in range(1, len(parts)):
        outer = ".".join(parts[:end])
        module = sys.modules.get(outer)
        if outer == "chandelier" or (module is not None and getattr(module, "__file__", None) is not None):
            return outer
    return name


def _unlink(name: str, module: ModuleType) -> None:
    """``from parent import child`` takes the parent's attribute before it looks for a module."""
    parent, _, child = name.rpartition(".")
    if parent in sys.modules and getattr(sys.modules[parent], child, None) is module:
        delattr(sys.modules[parent], child)


def _drop_bytecode(module: ModuleType) -> None:
    """Python takes bytecode for current when size and second of the source fit, which may be chance."""
    source = getattr(module, "__file__", None)
    cached = getattr(module, "__cached__", None)
    if source and cached and source.endswith(".py") and Path(source).exists():
        with contextlib.suppress(OSError):  # not ours to write: then it is the installer's to keep current
            Path(cached).unlink(missing_ok=True)


def _several(hooks: Hooks, name: str, hook: str, kind: type[T]) -> tuple[T, ...]:
    """What a hook that gives several things gives, every one of its kind."""
    answer = _ask(hooks, name, hook)
    if answer is None:
        return ()
    if not isinstance(answer, list | tuple) or not all(isinstance(one, kind) for one in answer):
        raise _wrong(name, hook, answer, f"a list of {kind.__name__}")
    return tuple(cast("Sequence[T]", answer))


def _wrong(name: str, hook: str, answer: object, wanted: str) -> PluginError:
    return PluginError(f"hook {hook} of plugin {name} gave {_short(answer)}; expected is {wanted}")


def _short(answer: object) -> str:
    try:
        with holding():
            said = repr(answer)
    except Exception:  # noqa: BLE001 - a plugin's class may fail here too
        said = f"an object of {type(answer).__name__}"
    return said if len(said) <= 80 else said[:79] + "…"


def _ask(hooks: Hooks, name: str, hook: str) -> Any:
    try:
        return hooks.call_now(name, hook)
    except Exception as error:
        raise PluginError(f"hook {hook} of plugin {name} failed: {type(error).__name__}: {error}") from error
