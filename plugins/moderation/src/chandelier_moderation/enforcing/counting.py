"""Rules that count a member's messages: too many in a time, or the same ones again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chandelier_moderation.automod.content import Content
from chandelier_moderation.automod.engine import Hit
from chandelier_moderation.automod.normalise import look, skeleton
from chandelier_moderation.automod.rules import Place, Rule
from chandelier_moderation.automod.triggers import Rate, Repeated
from chandelier_moderation.enforcing.guilds import Guarded
from chandelier_moderation.enforcing.judge import Found
from chandelier_moderation.enforcing.memory import Counts, Seen

__all__ = ["Counting", "moment_of"]

_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""https://discord.com/developers/docs/reference#snowflakes"""


def moment_of(snowflake: int) -> datetime:
    """When Discord made something with this id: exact, however late its event came."""
    return _EPOCH + timedelta(milliseconds=snowflake >> 22)


class Counting:
    """Counts messages for every rule that does, where it holds."""

    def __init__(self, place: Callable[[int], Place | None]) -> None:
        """``place`` knows where a channel is, or does not."""
        self._counts = Counts()
        self._place = place

    def found(self, guarded: Guarded, message: Mapping[str, Any], content: Content) -> tuple[Found, ...]:
        """Count a new message; returns what it is the last straw for, with the messages before it."""
        author, seen = message["author"]["id"], None
        found: list[Found] = []
        for rule in guarded.counting:
            trigger = rule.trigger
            if rule.scope.somewhere and not self._covered(rule, int(message["channel_id"])):
                continue  # what is written elsewhere neither counts nor is swept away
            key: tuple[Any, ...] = (guarded.guild_id, rule.name, author)
            if isinstance(trigger, Repeated):
                if not content:
                    continue
                key = (*key, _gist(content))
            elif not isinstance(trigger, Rate):
                continue
            if seen is None:
                number = int(message["id"])
                seen = Seen(moment_of(number), int(message["channel_id"]), number)
            together = self._counts.add(
                key,
                seen,
                within=trigger.within.total_seconds(),
                most=trigger.most,
                channels=trigger.channels if isinstance(trigger, Repeated) else 1,
            )
            if together:
                found.append(_found(rule, together, content))
        return tuple(found)

    def _covered(self, rule: Rule, channel_id: int) -> bool:
        return rule.scope.covers_place(self._place(channel_id) or Place(channel=channel_id))


def _gist(content: Content) -> str:
    """The same for what says the same, however it is written; the content's digest when it says nothing."""
    said = "\n".join(skeleton(look(text.text).plain) for text in content.texts)
    files = [file.name for file in content.attachments]
    return f"{said}\0{files}" if said.strip() else content.digest


def _found(rule: Rule, together: tuple[Seen, ...], content: Content) -> Found:
    text = content.texts[0].text if content.texts else ""
    hit = Hit(rule=rule, found=(str(len(together)),), part="content", excerpt=text)
    return Found(hit, tuple((seen.channel_id, seen.id) for seen in together[:-1]))
