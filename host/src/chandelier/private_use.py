"""Which private names of the host a plugin uses, read in its source before any of it runs.

Only what is in ``chandelier.__all__`` stays as it is from release to release. A plugin that reaches further
works today and may break with any update of the host, so the owner is told; it is not refused, since nothing
is broken yet.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from chandelier.discovery import Candidate

__all__ = ["private_use", "private_use_of", "used_names"]

_MENTION = re.compile(rb"\bchandelier\s*(?:\.|import\b)|\bimport\s+chandelier\s+as\b")
"""Files without this use nothing of the host; reading them is enough, parsing them would take long."""


def private_use_of(candidate: Candidate) -> str | None:
    """One line about a plugin that uses private names of the host; None when it does not.

    Nothing of it is imported. What cannot be read is not judged.
    """
    found = [(path, line, name) for path in _sources(candidate.package) for line, name in private_use(path)]
    if not found:
        return None
    path, line, name = found[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return (
        f"it uses {name}, which is private to the host, in {path.name}:{line}{more}; it may break with any "
        f"update of chandelier, so ask the author of {candidate.distribution} for a version that does not"
    )


def private_use(path: Path) -> list[tuple[int, str]]:
    """(line, name) of each use of something private of the host in a file."""
    import chandelier

    public = {*chandelier.__all__, "testing"}
    return [(line, name) for line, name in used_names(path) if name.removeprefix("chandelier.") not in public]


def used_names(path: Path) -> Iterator[tuple[int, str]]:
    """(line, name) of all that a file uses of the host, as in ``chandelier.Plugin``."""
    try:
        yield from _used_in(path.read_bytes())
    except OSError:
        return


@lru_cache(maxsize=1024)  # a reload looks again at what mostly has not changed
def _used_in(source: bytes) -> tuple[tuple[int, str], ...]:
    return tuple(_walk(source))


def _walk(source: bytes) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(source) if _MENTION.search(source) else ast.Module([], [])
    except (SyntaxError, ValueError, RecursionError):
        return
    aliases = {"chandelier"}
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == "chandelier":
            yield from ((node.lineno, f"chandelier.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and _inside(node.module or ""):
            yield node.lineno, node.module or ""
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if _inside(alias.name))
            aliases |= {alias.asname for alias in node.names if alias.name == "chandelier" and alias.asname}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield node.lineno, f"chandelier.{node.attr}"


def _inside(module: str) -> bool:
    return module.startswith("chandelier.")


def _sources(package: str) -> Iterator[Path]:
    """A package's files, found without importing it."""
    if package == "chandelier":
        return
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        yield from [Path(spec.origin)] if spec.origin is not None else []
        return
    for folder in spec.submodule_search_locations:
        yield from sorted(Path(folder).rglob("*.py"))
