"""What the pages of this folder take from the code: excerpts, hooks, the command line, loopcord's parity.

Each function returns Markdown; the pages call them in blocks that cog runs. ``nox -s docs`` writes the pages
anew, and a test fails when a page does not say what the code says.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from chandelier import hookspecs
from chandelier.cli import main
from loopcord.conformance.shapes import EVENTS
from loopcord.parity import MISSING_EVENTS, MISSING_ROUTES, corrections, modelled

__all__ = [
    "command_line",
    "excerpt",
    "file",
    "hook",
    "hooks_of_host",
    "hooks_of_plugins",
    "parity",
    "signature",
    "tests",
]

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "chandelier-greeter"


def file(path: str, *, language: str = "python") -> str:
    """A whole file of the example."""
    return _fenced((EXAMPLE / path).read_text(encoding="utf-8"), language)


def excerpt(path: str, *names: str) -> str:
    """Parts of a module of the example: functions, classes, ``Class.method``, assignments."""
    return _cut(EXAMPLE / "src" / "chandelier_greeter" / path, *names)


def tests(*names: str) -> str:
    """Parts of the example's tests."""
    return _cut(EXAMPLE / "tests" / "test_greeter.py", *names)


def _cut(path: Path, *names: str) -> str:
    source = path.read_text(encoding="utf-8")
    known = dict(_parts(ast.parse(source), ""))
    lines = source.splitlines()
    chosen = [inspect.cleandoc("\n" + "\n".join(lines[slice(*known[name])])) for name in names]
    return _fenced("\n\n\n".join(chosen), "python")


def hooks_of_host() -> dict[str, Any]:
    """The host's hooks by name."""
    return {name: hook for name, hook in vars(hookspecs).items() if name.startswith("chandelier_")}


def hooks_of_plugins() -> dict[str, dict[str, Any]]:
    """The hooks that the plugins of this repository publish, by plugin and name."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entry_points(group="chandelier.plugins"):
        if not (ROOT / "plugins" / entry.name).is_dir():
            continue
        publish = getattr(entry.load()(), "chandelier_hookspecs", None)
        for place in publish() if publish is not None else ():
            for name, value in inspect.getmembers(place, inspect.isfunction):
                if hasattr(value, "chandelier_spec"):
                    found.setdefault(entry.name, {})[name] = value
    return found


def signature(name: str, function: Any) -> str:
    """``async def name(argument: type) -> type``, as an implementation has to look like."""
    # Annotations are kept as text, which inspect puts in quotes.
    kind = "async def" if inspect.iscoroutinefunction(function) else "def"
    return f"{kind} {name}{str(inspect.signature(function)).replace(chr(39), '')}"


def hook(name: str) -> str:
    """A hook's signature and what it is for."""
    every = {
        **hooks_of_host(),
        **{key: one for some in hooks_of_plugins().values() for key, one in some.items()},
    }
    return _fenced(signature(name, every[name]), "python") + "\n" + (inspect.getdoc(every[name]) or "") + "\n"


def command_line() -> str:
    """Every command of the host's own, with its arguments and options."""
    return "\n".join(_commands(main, "chandelier"))


def _commands(command: click.Command, path: str) -> Iterator[str]:
    # Written out here and not by click's formatter, which words things differently from version to version.
    arguments = [
        f"[{one.name.upper()}]" if not one.required else one.name.upper()
        for one in command.params
        if isinstance(one, click.Argument) and one.name
    ]
    options = [one for one in command.params if isinstance(one, click.Option)]
    group = isinstance(command, click.Group)
    words = [path, *(["[OPTIONS]"] if options else []), *arguments, *(["COMMAND"] if group else [])]
    if path != "chandelier":
        yield f"{'#' * (path.count(' ') + 1)} {path}\n"
    yield _fenced(" ".join(words), "text")
    yield inspect.cleandoc(command.help or "") + "\n"
    if options:
        yield "| option | |\n|---|---|"
        yield from (f"| `{_option(one)}` | {_words(one)} |" for one in options)
        yield ""
    if isinstance(command, click.Group):
        context = click.Context(command, obj=_Nothing())
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _commands(child, f"{path} {name}")


class _Nothing:
    """Stands for the installed plugins: their commands are described by themselves."""

    def commands(self) -> tuple[dict[str, click.Command], list[str]]:
        return {}, []


def _option(option: click.Option) -> str:
    names = ", ".join(option.opts)
    return names if option.is_flag else f"{names} {option.metavar or option.opts[-1].strip('-').upper()}"


def _words(option: click.Option) -> str:
    default = f" Default: `{option.default}`." if option.show_default else ""
    return f"{option.help or ''}{default}"


def _parts(tree: Any, above: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The names that a module or class defines, with the lines of each, decorators and remarks included."""
    for node in tree.body:
        names: list[str] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        for name in names:
            yield above + name, (first - 1, node.end_lineno)
        if isinstance(node, ast.ClassDef):
            yield from _parts(node, f"{above}{node.name}.")


def parity() -> str:
    """What loopcord models, corrects and lacks."""
    lines = ["## Modelled", "", "Routes:", ""]
    lines += [f"- `{route}`" for route in modelled()]
    lines += ["", "Events:", ""]
    lines += [f"- `{event}`" for event in sorted(set(EVENTS) - set(MISSING_EVENTS))]
    lines += ["", "## Corrected", "", "Where simcord does otherwise:", ""]
    lines += ["| where | simcord | loopcord, as Discord |", "|---|---|---|"]
    for each in corrections():
        was, now = (text.replace("|", "\\|") for text in (each.was, each.now))
        lines.append(f"| `{each.where}` | {was} | {now} ([source]({each.source})) |")
    lines += ["", "## Missing", "", "Routes that answer 501 with their name:", ""]
    for about, routes in MISSING_ROUTES:
        lines.append(f"- {about}: " + ", ".join(f"`{route}`" for route in routes))
    lines += ["", "Events that are never sent: " + ", ".join(f"`{event}`" for event in MISSING_EVENTS) + "."]
    return "\n".join(["", *lines, "", ""])


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"
