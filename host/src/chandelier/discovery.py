"""From entry points to candidates: which plugins are installed, judged from package metadata alone.

Nothing of a plugin is imported here. What cannot run is refused with one clear line, before any of its
code has run.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from importlib import metadata

import attrs
from loguru import logger
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

__all__ = ["PLUGIN_GROUP", "SCHEMA_GROUP", "Candidate", "candidates", "unmet_by", "versions_of"]

PLUGIN_GROUP = "chandelier.plugins"
"""The entry-point group in which a distribution names its plugin classes."""
SCHEMA_GROUP = "chandelier.schema"
"""The group that states schema versions: ``NAME.config = "v2"``, ``NAME.storage = "r0002"``."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}\Z")


@attrs.frozen(kw_only=True)
class Candidate:
    """An installed plugin as its package metadata describes it."""

    name: str
    distribution: str
    version: str
    target: str
    """The entry point's value, ``package.module:Class``."""
    config_version: int | None = None
    storage_revision: str | None = None
    verdict: str | None = None
    """Why it is refused; None when it may be loaded."""
    shipped: tuple[str, ...] = ()
    """Packages and modules in the distribution's list of files; an editable installation lists none."""

    @property
    def package(self) -> str:
        """The top-level package that holds the plugin's code."""
        return self.target.partition(":")[0].partition(".")[0]

    @property
    def packages(self) -> tuple[str, ...]:
        """Every package or module that holds the plugin's code, as dotted names.

        Of a namespace package, which others share, only the plugin's own part.
        """
        return tuple(dict.fromkeys((*self.shipped, self.target.partition(":")[0])))


def candidates() -> list[Candidate]:
    """Every plugin installed now, ordered by name; the refused ones say why in ``verdict``."""
    found: dict[str, Candidate] = {}
    points = _entry_points()
    facts = {entry.name: entry.value for entry in points if entry.group == SCHEMA_GROUP}
    for entry in points:
        if entry.group != PLUGIN_GROUP:
            continue
        candidate = _judge(entry, facts)
        twin = found.get(candidate.name)
        if twin is not None and twin.distribution != candidate.distribution:
            both = f"{twin.distribution} and {candidate.distribution}"
            found[candidate.name] = attrs.evolve(
                twin, verdict=f"two distributions ship a plugin of this name ({both}); uninstall one"
            )
        elif twin is None:
            found[candidate.name] = candidate
    return [_alone(found[name], found.values()) for name in sorted(found)]


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """The installed versions of distributions, for diagnostics; those not installed are left out."""
    versions: dict[str, str] = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def unmet_by(distribution: str) -> str | None:
    """What an installed distribution needs and does not find, in words; None when all is there."""
    try:
        return _unmet(metadata.distribution(distribution))
    except metadata.PackageNotFoundError:
        return f"it is not installed: pip install {distribution}"


def _entry_points() -> list[metadata.EntryPoint]:
    """The entry points of both groups; one distribution's unreadable file costs only its own."""
    try:
        groups = (metadata.entry_points(group=group) for group in (PLUGIN_GROUP, SCHEMA_GROUP))
        return [entry for group in groups for entry in group]
    except Exception:  # noqa: BLE001 - whatever the reader of a broken file raises
        points: dict[str, Sequence[metadata.EntryPoint]] = {}
        for distribution in metadata.distributions():
            try:
                points.setdefault(canonicalize_name(distribution.name), tuple(distribution.entry_points))
            except Exception as error:  # noqa: BLE001 - the same
                logger.warning("the entry points of an installed distribution cannot be read: {}", error)
        return [entry for each in points.values() for entry in each]


def _judge(entry: metadata.EntryPoint, facts: dict[str, str]) -> Candidate:
    distribution = entry.dist
    name, version = _stated(distribution)
    config = facts.get(f"{entry.name}.config", "")
    storage = facts.get(f"{entry.name}.storage", "")
    verdict = _malformed(entry.name, config, storage)
    if not name or not version:
        verdict = verdict or "its metadata is not complete; uninstall it and install it again"
    elif verdict is None and distribution is not None:
        verdict = _wrong_python(distribution) or _unmet(distribution)
    return Candidate(
        name=entry.name,
        distribution=name or "unknown",
        version=version or "0",
        target=entry.value,
        config_version=int(config[1:]) if re.fullmatch(r"v\d+", config) else None,
        storage_revision=storage[1:] if re.fullmatch(r"r\d+", storage) else None,
        verdict=verdict,
        shipped=_shipped(distribution),
    )


def _shipped(distribution: metadata.Distribution | None) -> tuple[str, ...]:
    """The outermost packages with an ``__init__``, and the modules that are in none."""
    files = (distribution.files if distribution is not None else None) or ()
    code = [file.parts for file in files if file.suffix in {".py", ".pyc", ".so", ".pyd"}]
    marked = {parts[:-1] for parts in code if parts[-1].partition(".")[0] == "__init__" and parts[:-1]}
    found: set[str] = set()
    for *folders, name in code:
        if any(part in {"..", "__pycache__"} or part.endswith((".data", ".dist-info")) for part in folders):
            continue
        outermost = next(
            (folders[: end + 1] for end in range(len(folders)) if tuple(folders[: end + 1]) in marked), None
        )
        module = name.partition(".")[0]
        if outermost is None and not module.startswith("__"):
            outermost = [*folders, module]
        if outermost is not None:
            found.add(".".join(outermost))
    return tuple(sorted(found))


def _alone(candidate: Candidate, found: Iterable[Candidate]) -> Candidate:
    """Without the packages of another plugin in the same distribution: each is reloaded by itself."""
    others = [
        each.target.partition(":")[0]
        for each in found
        if each is not candidate and each.distribution == candidate.distribution
    ]
    mine = tuple(
        name
        for name in candidate.shipped
        if not any(other == name or other.startswith(f"{name}.") for other in others)
    )
    return attrs.evolve(candidate, shipped=mine)


def _stated(distribution: metadata.Distribution | None) -> tuple[str | None, str | None]:
    """Name and version; without METADATA, as after an interrupted installation, there is neither."""
    if distribution is None:
        return "unknown", "0"
    try:
        facts = distribution.metadata
    except FileNotFoundError:  # what the backport `importlib_metadata`, once imported, finds says it so
        return None, None
    if not facts or "Name" not in facts or "Version" not in facts:
        return None, None
    return facts["Name"], facts["Version"]


def _malformed(name: str, config: str, storage: str) -> str | None:
    if _NAME.match(name) is None:
        return f"its name {name!r} is not a plugin name: lower-case letters, digits, underscores, at most 30"
    if config and not re.fullmatch(r"v\d+", config):
        return f"its metadata states the config version as {config!r}; expected the form 'v2'"
    if storage and not re.fullmatch(r"r\d+", storage):
        return f"its metadata states the storage revision as {storage!r}; expected the form 'r0002'"
    return None


def _wrong_python(distribution: metadata.Distribution) -> str | None:
    facts = distribution.metadata
    if "Requires-Python" not in facts:
        return None
    wanted = facts["Requires-Python"]
    try:
        fits = SpecifierSet(wanted).contains(platform.python_version(), prereleases=True)
    except InvalidSpecifier:
        return f"its metadata states an unreadable Python range {wanted!r}"
    return None if fits else f"it needs Python {wanted}, this is Python {platform.python_version()}"


def _unmet(distribution: metadata.Distribution) -> str | None:
    """The first requirement that is not installed as asked; the host's own range is one of them."""
    for line in distribution.requires or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            return f"its metadata states an unreadable requirement {line!r}"
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        problem = _missing(requirement)
        if problem is not None:
            return problem
    return None


def _missing(requirement: Requirement) -> str | None:
    try:
        present = metadata.version(requirement.name)
    except (metadata.PackageNotFoundError, FileNotFoundError):  # FileNotFoundError as in `_stated`
        present = None
    if not present:
        return f"it needs {requirement}, which is not installed: pip install '{requirement}'"
    if requirement.specifier.contains(present, prereleases=True):
        return None
    if canonicalize_name(requirement.name) == "chandelier":
        return f"it is made for chandelier {requirement.specifier}, this is chandelier {present}"
    return f"it needs {requirement}, but {present} is installed: pip install '{requirement}'"
