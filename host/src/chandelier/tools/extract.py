"""Which texts of a package people read, found in its source: messages, commands' texts, settings' helps.

Nothing is imported; the source is parsed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from chandelier.routing.localisation import LONGEST_TEXT

__all__ = ["Found", "Source", "Text", "extract"]

_COMMANDS = frozenset({"SlashCommand", "UserCommand", "MessageCommand"})
_OPTIONS = frozenset(
    {"string", "integer", "number", "boolean", "user", "channel", "role", "mentionable", "attachment"}
)
_ERRORS = frozenset({"InvalidRequest", "NotAllowed", "ServiceUnavailable"})
_LABEL = 80
"""Characters of a button's label. https://discord.com/developers/docs/components/reference#button"""
_WORD = re.compile(r"(?![A-Z]{2})[^\W\d_]{2,}")
"""Not a name all in capitals, as of a shop."""
_NO_WORDS = re.compile(r"<[^>]*>|`[^`]*`|https?://\S+|\{[^}]*\}|:\w+:")


@attrs.frozen(kw_only=True)
class Text:
    """A text as it has to be translated."""

    msgid: str
    plural: str | None = None
    context: str | None = None
    room: str
    """The module it was found in first, as a path in the package."""
    limit: int | None = None
    """Characters that Discord takes."""
    optional: bool = False
    """Whether it stays as it is where there is no translation: the name of a command or an option."""

    @property
    def key(self) -> tuple[str | None, str]:
        """What a catalogue knows it by."""
        return self.context, self.msgid


@attrs.define
class Found:
    """All texts of a package, and what stands in its source that cannot be translated."""

    texts: dict[tuple[str | None, str], Text] = attrs.Factory(dict)
    complaints: list[str] = attrs.Factory(list[str])

    def add(self, text: Text) -> None:
        """Take a text in; of two with different limits the stricter one counts."""
        known = self.texts.get(text.key)
        if known is None:
            self.texts[text.key] = text
            return
        limits = [limit for limit in (known.limit, text.limit) if limit is not None]
        self.texts[text.key] = attrs.evolve(
            known, limit=min(limits, default=None), plural=known.plural or text.plural
        )


@attrs.frozen
class Source:
    """Where a package's source is, and in which of its rooms every literal that people read is a message."""

    folder: Path
    rooms: tuple[str, ...] = ("",)
    """Beginnings of paths inside the package; the empty one is all of them."""


def extract(source: Source) -> Found:
    """Read every module of a package. Raises SyntaxError when one is not Python."""
    found = Found()
    for path in sorted(source.folder.rglob("*.py")):
        room = path.relative_to(source.folder).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        strict = any(room.startswith(beginning) for beginning in source.rooms)
        _Reader(found, room, tree, strict=strict).read()
    return found


class _Reader:
    """Reads one module."""

    def __init__(self, found: Found, room: str, tree: ast.Module, *, strict: bool) -> None:
        self._found = found
        self._room = room
        self._tree = tree
        self._strict = strict
        self._makers = frozenset(_makers(tree))

    def read(self) -> None:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ClassDef):
                self._command(node)
            elif isinstance(node, ast.Call):
                self._call(node)

    def _command(self, node: ast.ClassDef) -> None:
        if not any(_last(base) in _COMMANDS for base in node.bases):
            return
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        self._named(given.get("name"), given.get("description"))

    def _call(self, node: ast.Call) -> None:
        name = _last(node.func)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        first = node.args[0] if node.args else None
        if self._is_maker(node.func):
            self._message(node)
        elif isinstance(node.func, ast.Attribute) and self._is_maker(node.func.value):
            if name == "count":
                self._count(node)
        elif name in {"Group", "subgroup"} or (name in _OPTIONS and _owner(node.func) == "lightbulb"):
            second = node.args[1] if len(node.args) > 1 else None
            self._named(first or given.get("name"), second or given.get("description"))
        elif name == "Choice":
            self._take(first or given.get("name"), limit=LONGEST_TEXT)
        elif name == "Manifest":
            self._take(given.get("summary"))
        elif name == "PersonalData":
            for part in ("what", "why", "kept", "on_erasure"):
                self._take(given.get(part))
        elif name == "setting" and _is_true(given.get("guild")):
            self._take(given.get("help"))
        if self._strict:
            self._bare(node, name, first, given)

    def _is_maker(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self._makers

    def _message(self, node: ast.Call) -> None:
        text = _literal(node.args[0]) if node.args else None
        if text is None:
            self._complain(node, "a message is not one literal, so nobody can translate it")
        else:
            self._found.add(Text(msgid=text, room=self._room, limit=None))

    def _count(self, node: ast.Call) -> None:
        forms = [_literal(argument) for argument in node.args[:2]]
        if len(forms) < 2 or forms[0] is None or forms[1] is None:
            self._complain(node, "a message with a number is not two literals, so nobody can translate it")
        else:
            self._found.add(Text(msgid=forms[0], plural=forms[1], room=self._room))

    def _named(self, name: ast.expr | None, description: ast.expr | None) -> None:
        said = _literal(name)
        if said is not None:
            self._found.add(Text(msgid=said, context="name", room=self._room, limit=32, optional=True))
        self._take(description, limit=LONGEST_TEXT)

    def _take(self, node: ast.expr | None, *, limit: int | None = None) -> None:
        text = _literal(node)
        if text:
            self._found.add(Text(msgid=text, room=self._room, limit=limit))

    def _bare(
        self, node: ast.Call, name: str, first: ast.expr | None, given: dict[str | None, ast.expr]
    ) -> None:
        """Literals where a message belongs: what people read would stay English."""
        read: list[ast.expr | None] = []
        if name in _ERRORS or name in {"respond", "set_footer", "StatusSection"}:
            read = [first]
        elif name == "add_field":
            read = [*node.args[:2], given.get("name"), given.get("value")]
        elif name == "Embed":
            read = [given.get("title"), given.get("description")]
        elif name in {"set_label", "set_placeholder"}:
            read = [first]
        read += [given.get("label"), given.get("placeholder")]
        for part in read:
            if part is not None and _has_words(part):
                self._complain(part, "a literal that people read is no message: put it into _(…)")
        label = given.get("label")
        if isinstance(label, ast.Call) and self._is_maker(label.func):
            self._take(label.args[0], limit=_LABEL)

    def _complain(self, node: ast.expr, what: str) -> None:
        self._found.complaints.append(f"{self._room}:{node.lineno}: {what}")


def _makers(tree: ast.Module) -> Iterator[str]:
    """The names that ``Messages(…)`` is bound to in a module."""
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if _last(node.value.func) == "Messages":
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _owner(node: ast.expr) -> str:
    return _last(node.value) if isinstance(node, ast.Attribute) else ""


def _literal(node: ast.expr | None) -> str | None:
    """A literal, also one in several pieces or joined with ``+``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left), _literal(node.right)
        return None if left is None or right is None else left + right
    return None


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _has_words(node: ast.expr) -> bool:
    """Whether a literal, or the fixed part of an f-string, has a word in it that a translator would want."""
    return any(_WORD.search(_NO_WORDS.sub("", text)) for text in _pieces(node))


def _pieces(node: ast.expr) -> Iterable[str]:
    parts: Sequence[ast.expr] = node.values if isinstance(node, ast.JoinedStr) else [node]
    whole = "".join(text if (text := _literal(part)) is not None else "{}" for part in parts)
    return [whole] if isinstance(node, ast.JoinedStr | ast.Constant) else []
