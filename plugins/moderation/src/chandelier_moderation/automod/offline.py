"""`chandelier moderation match`: the engine on messages from standard input, without Discord."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from chandelier_moderation.automod.content import content_of
from chandelier_moderation.automod.domains import domains_of
from chandelier_moderation.automod.engine import Engine, Hit
from chandelier_moderation.automod.plain import read_toml
from chandelier_moderation.automod.presets import PRESETS, preset
from chandelier_moderation.automod.problems import BadRules
from chandelier_moderation.automod.rules import RuleSet
from chandelier_moderation.automod.triggers import ScamLinks

__all__ = ["add_commands"]


def add_commands(group: click.Group) -> None:
    """Add ``moderation`` and what is below it to the command line."""

    @group.group("moderation")
    def moderation() -> None:
        """Try automod's rules without a bot."""

    @moderation.command("match")
    @click.option(
        "--rules",
        "file",
        required=True,
        metavar="FILE",
        help=f"A file of rules (TOML), as /automod export writes it, or a preset: {', '.join(PRESETS)}.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Each line is a Discord message as JSON, not text.")
    @click.option("--only-hits", is_flag=True, help="Leave out messages that no rule hits.")
    @click.argument("source", type=click.File("rb"), default="-")
    def match(file: str, *, as_json: bool, only_hits: bool, source: Iterable[bytes]) -> None:
        """Read messages, a line each, from SOURCE or standard input, and print what rules hit them.

        A line that begins with { is taken for a Discord message in JSON. Prints a JSON line for each message:
        its number (and id, when it has one), the rules that hit with what they found, and the microseconds it
        took. Rules that need to know what came before, such as a rate, are named once on standard error.
        """
        engine = _engine(file)
        for result in _results(engine, source, as_json=as_json):
            if result["hits"] or not only_hits or "error" in result:
                click.echo(json.dumps(result, ensure_ascii=False))


def _engine(file: str) -> Engine:
    try:
        rules = _read(file)
    except BadRules as bad:
        problems = "\n".join(f"  {problem}" for problem in bad.problems)
        raise click.ClickException(f"{file} cannot be used:\n{problems}") from bad
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} cannot be read: {error}") from error
    engine = Engine(rules.rules, _lists(rules, Path(file).parent))
    for rule in engine.stateful:
        click.echo(f"rule {rule.name!r} ({rule.trigger.kind}) needs a running bot; it is left out", err=True)
    return engine


def _read(file: str) -> RuleSet:
    path = Path(file)
    if file in PRESETS and not path.exists():
        return preset(file)
    return read_toml(path.read_text(encoding="utf-8"))


def _lists(rules: RuleSet, folder: Path) -> dict[str, frozenset[str]]:
    """The lists of domains that are files beside the rules; others are not fetched."""
    lists: dict[str, frozenset[str]] = {}
    for rule in rules.rules:
        if isinstance(rule.trigger, ScamLinks):
            for name in rule.trigger.lists:
                try:
                    lists[name] = domains_of((folder / name).read_text(encoding="utf-8", errors="replace"))
                except OSError:
                    click.echo(f"list {name} is not read here: it is no file beside the rules", err=True)
    return lists


def _results(engine: Engine, lines: Iterable[bytes], *, as_json: bool) -> Iterator[dict[str, Any]]:
    for number, raw in enumerate(lines, 1):
        line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
        if not line:
            continue
        result: dict[str, Any] = {"line": number}
        try:
            message = _message(line, as_json=as_json)
        except ValueError as error:
            yield {**result, "hits": [], "error": f"is no message in JSON: {error}"}
            continue
        if "id" in message:
            result["id"] = message["id"]
        began = time.perf_counter_ns()
        hits = engine.match(content_of(message))
        took = (time.perf_counter_ns() - began) / 1_000
        yield {**result, "hits": [_plain(hit) for hit in hits], "microseconds": round(took, 1)}


def _message(line: str, *, as_json: bool) -> Mapping[str, Any]:
    if not as_json and not line.lstrip().startswith("{"):
        return {"content": line}
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        if as_json:
            raise ValueError(str(error)) from error
        return {"content": line}  # text that happens to begin with a brace
    if not isinstance(message, dict):
        raise ValueError("it must be an object")
    return message


def _plain(hit: Hit) -> dict[str, Any]:
    return {
        "rule": hit.rule.name,
        "severity": hit.rule.severity,
        "found": [*hit.found],
        "part": hit.part,
        "excerpt": hit.excerpt,
        "actions": [action.do for action in hit.rule.actions],
    }
