"""Who is acting right now: the person whose command, press or form is being handled, for the audit log."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import attrs

__all__ = ["Actor", "ActorKind", "acting", "current_actor"]

ActorKind = Literal["person", "command line", "bot", "erased"]


@attrs.frozen
class Actor:
    """Who did something: a person on Discord, the owner at the command line, or the bot by itself."""

    kind: ActorKind
    user_id: int | None = None

    @classmethod
    def person(cls, user_id: int) -> Actor:
        """A person on Discord."""
        return cls("person", int(user_id))

    @classmethod
    def command_line(cls) -> Actor:
        """The owner, at the command line of the machine."""
        return cls("command line")

    @classmethod
    def bot(cls) -> Actor:
        """The bot by itself: a task, a timer, a start."""
        return cls("bot")


@attrs.define
class _Turn:
    actor: Actor
    over: bool = False


# A context variable is each task's own. It holds a turn, not an actor: tasks that a handler starts inherit
# the variable, and what they do long after the handler's end is no longer that person's doing.
_turn: ContextVar[_Turn | None] = ContextVar("chandelier_acting", default=None)


@contextmanager
def acting(actor: Actor) -> Generator[None]:
    """What happens inside, also in tasks started inside and until its end, is this actor's doing."""
    turn = _Turn(actor)
    token = _turn.set(turn)
    try:
        yield
    finally:
        turn.over = True
        _turn.reset(token)


def current_actor() -> Actor:
    """Who is acting; the bot by itself when nobody is."""
    turn = _turn.get()
    return Actor.bot() if turn is None or turn.over else turn.actor
