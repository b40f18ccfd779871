"""What is wrong in a config: problems with file, line, path, what was found and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import attrs

from chandelier.config.secret import hide
from chandelier.errors import ChandelierError
from chandelier.languages import Messages

__all__ = ["ConfigError", "Problem", "nearest", "show_path"]

_ = Messages(__package__)
_SETTINGS = {"guild settings": _("guild settings")}


def _without_secrets(found: Any) -> Any:
    match found:
        case str():
            return hide(found)
        case Mapping():
            items = cast("Mapping[str, Any]", found).items()
            return {hide(key): _without_secrets(value) for key, value in items}
        case list() | tuple():
            return [_without_secrets(one) for one in cast("Sequence[Any]", found)]
        case _:
            return found


@attrs.frozen(kw_only=True)
class Problem:
    """One thing that is wrong: where, what was found there, and what is allowed instead.

    ``str(problem)`` is one line: ``config.toml:12: [plugins.moderation].interval: 5 is too small, allowed:
    10 to 86400``.
    """

    file: str
    """A file's name, ``environment`` or ``guild settings``."""
    line: int | None = None
    """Counted from 1; None outside files."""
    path: str = ""
    message: str
    found: Any = attrs.field(default=None, converter=_without_secrets)
    """The value found, as JSON-ready data; never that of a secret."""
    allowed: str | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        path = f"{self.path}: " if self.path else ""
        allowed = f", allowed: {self.allowed}" if self.allowed else ""
        return f"{where}: {path}{self.message}{allowed}"

    @property
    def told(self) -> str:
        """What ``str(problem)`` says, as a message for people who read other languages."""
        where = _SETTINGS.get(self.file, self.file) if self.line is None else f"{self.file}:{self.line}"
        said = _.join(": ", [part for part in (where, self.path, self.message) if part])
        return (
            _("{problem}, allowed: {allowed}", problem=said, allowed=self.allowed) if self.allowed else said
        )

    def to_json(self) -> dict[str, Any]:
        """The same as JSON-ready data."""
        return attrs.asdict(self)


class ConfigError(ChandelierError):
    """A config is refused as a whole; ``problems`` has everything that is wrong with it.

    ``str(error)`` lists every problem, one per line.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        if not self.problems:
            raise ValueError("a ConfigError names at least one problem")
        super().__init__("\n".join(str(problem) for problem in self.problems))


def show_path(root: str, path: Sequence[str | int]) -> str:
    """A path for people: ``[plugins.moderation].rules[2].pattern`` (elements are counted from 1)."""
    shown = f"[{root}]" if root else ""
    for step in path:
        if isinstance(step, int):
            shown += f"[{step + 1}]"
        else:
            shown += f".{step}" if shown else step
    return shown


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if there is one."""
    by_folded = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None
