"""From what the browser asks to what a member does: one small function per act.

The browser sends names and ids; this room turns them into loopcord's handles and lets its actors judge
whether a client could do it. Commands, components and forms are answered as soon as the bot has
acknowledged them, so that a slow bot keeps nobody waiting.
"""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from loopcord import interactions, modals
from loopcord._simcord import BackendError, ComponentType, OptionType, SetupError, walk_components
from loopcord.errors import ActError, SettleError
from loopcord.guilds import Channel, Guild, Role
from loopcord.members import Member
from loopcord.messages import Message, Reply

from ._stream import Changes

if TYPE_CHECKING:
    from loopcord.local import LocalDiscord

__all__ = ["Acts"]

KEPT_FORMS = 64
"""How many forms a browser may leave open before the oldest can no longer be submitted."""

_Asked = Mapping[str, Any]
_ENTITY_SELECTS = {
    ComponentType.USER_SELECT, ComponentType.ROLE_SELECT, ComponentType.MENTIONABLE_SELECT,
    ComponentType.CHANNEL_SELECT,
}  # fmt: skip


class Acts:
    """Lets the page's members act; ``do`` is the only door."""

    def __init__(
        self,
        discord: LocalDiscord,
        guild: Guild,
        members: list[Member],
        changes: Changes,
        *,
        answer_seconds: float,
    ) -> None:
        self._discord = discord
        self._guild = guild
        self._members = members
        self._changes = changes
        self._patience = answer_seconds
        self._forms: OrderedDict[str, Reply] = OrderedDict()
        self._doors: dict[str, Callable[[Member, _Asked], Awaitable[dict[str, Any]]]] = {
            "send": self._send, "edit": self._edit, "delete": self._delete, "react": self._react,
            "unreact": self._unreact, "type": self._type, "slash": self._slash,
            "autocomplete": self._autocomplete, "menu": self._menu, "press": self._press,
            "choose": self._choose, "submit": self._submit,
            "kick": self._kick, "ban": self._ban, "time_out": self._time_out, "join": self._join,
            "rejoin": self._rejoin, "dm": self._dm,
        }  # fmt: skip

    async def do(self, asked: _Asked) -> dict[str, Any]:
        """Do what was asked and tell the outcome as JSON.

        Raises:
            ActError: when the request makes no sense or a Discord client could not do it.
        """
        door = self._doors.get(_text(asked, "what"))
        if door is None:
            raise ActError(f"this page knows no act {asked.get('what')!r}; it knows {sorted(self._doors)}")
        try:
            return await door(self._member(asked), asked)
        except SettleError:
            return {}  # the act is done; only the bot is still busy, and the stream shows what it does
        except BackendError as error:
            raise ActError(f"{error.message} ({error.code})", code=error.code) from error
        except SetupError as error:
            raise ActError(str(error)) from error

    def people(self) -> list[dict[str, str]]:
        """Whom the page can act as."""
        return [{"id": str(member.id), "name": member.nick or member.name} for member in self._members]

    # ------------------------------------------------------------------ what the browser names

    def _member(self, asked: _Asked) -> Member:
        wanted = _text(asked, "as")
        for member in self._members:
            if str(member.id) == wanted:
                return member
        raise ActError("this page acts only as the members it was given; choose one at the bottom left")

    def _channel(self, asked: _Asked, key: str = "channel") -> Channel:
        model = self._discord.backend.channels.get(_snowflake(asked, key))
        if model is None:
            raise ActError("the channel is gone", code=10003)
        return Channel(self._discord, model)

    def _message(self, asked: _Asked, key: str = "message") -> Message:
        channel = self._channel(asked)
        model = self._discord.backend.messages.get(channel.id, {}).get(_snowflake(asked, key))
        if model is None:
            raise ActError("the message is gone", code=10008)
        return Message(self._discord, model)

    def _target(self, asked: _Asked) -> Member:
        return self._person(_snowflake(asked, "member"))

    def _person(self, user_id: int) -> Member:
        member = self._guild.member(user_id)
        if member is None:
            raise ActError("that member has left the server")
        return member

    def _role(self, role_id: int) -> Role | None:
        model = self._guild.model.roles.get(role_id)
        return Role(self._guild, model) if model is not None else None

    def _entity(self, kind: int, raw: Any) -> Any:
        """A member, role or channel for an id, as an option or a select menu of ``kind`` takes it."""
        wanted = _snowflake({"id": raw}, "id")
        if kind in (OptionType.CHANNEL, ComponentType.CHANNEL_SELECT):
            return self._channel({"channel": raw})
        if kind in (OptionType.USER, ComponentType.USER_SELECT):
            return self._person(wanted)
        role = self._role(wanted)
        if role is None and kind in (OptionType.ROLE, ComponentType.ROLE_SELECT):
            raise ActError("that role is gone")
        return role if role is not None else self._person(wanted)

    # ------------------------------------------------------------------ chat

    async def _send(self, member: Member, asked: _Asked) -> dict[str, Any]:
        reply_to = self._message(asked, "reply_to") if asked.get("reply_to") else None
        files = [_file(item) for item in asked.get("files") or []]
        channel, content = self._channel(asked), _text(asked, "content")
        sent = await member.send(channel, content, reply_to=reply_to, attachments=files)
        return {"message": str(sent.id)}

    async def _edit(self, member: Member, asked: _Asked) -> dict[str, Any]:
        await member.edit(self._message(asked), _text(asked, "content"))
        return {}

    async def _delete(self, member: Member, asked: _Asked) -> dict[str, Any]:
        await member.delete(self._message(asked))
        return {}

    async def _react(self, member: Member, asked: _Asked) -> dict[str, Any]:
        await member.react(self._message(asked), _text(asked, "emoji"))
        return {}

    async def _unreact(self, member: Member, asked: _Asked) -> dict[str, Any]:
        await member.unreact(self._message(asked), _text(asked, "emoji"))
        return {}

    async def _type(self, member: Member, asked: _Asked) -> dict[str, Any]:
        await member.type(self._channel(asked))
        return {}

    async def _dm(self, member: Member, _asked: _Asked) -> dict[str, Any]:
        return {"channel": str(member.dm.id)}

    # ------------------------------------------------------------------ commands, components, forms

    async def _slash(self, member: Member, asked: _Asked) -> dict[str, Any]:
        channel, command = self._channel(asked), _text(asked, "command")
        options = self._options(member, channel, command, asked)
        return await self._answer(interactions.slash(member, channel, command, options))

    async def _autocomplete(self, member: Member, asked: _Asked) -> dict[str, Any]:
        channel, command = self._channel(asked), _text(asked, "command")
        filled = self._options(member, channel, command, asked)
        reply = interactions.autocomplete(
            member, channel, command, _text(asked, "option"), asked.get("value", ""), filled
        )
        await self._changes.until(lambda: reply.acknowledged, self._patience)
        return {"choices": reply.choices}

    async def _menu(self, member: Member, asked: _Asked) -> dict[str, Any]:
        target = self._target(asked) if asked.get("member") else self._message(asked)
        return await self._answer(
            interactions.menu(member, self._channel(asked), _text(asked, "name"), target)
        )

    async def _press(self, member: Member, asked: _Asked) -> dict[str, Any]:
        pressed = interactions.press(member, self._message(asked), custom_id=_text(asked, "custom_id"))
        return await self._answer(pressed)

    async def _choose(self, member: Member, asked: _Asked) -> dict[str, Any]:
        message, custom_id = self._message(asked), _text(asked, "custom_id")
        kind = next(
            (c["type"] for c in walk_components(message.components) if c.get("custom_id") == custom_id), 0
        )
        values = self._values(kind, asked.get("values"))
        return await self._answer(interactions.choose(member, message, values, custom_id=custom_id))

    async def _submit(self, member: Member, asked: _Asked) -> dict[str, Any]:
        shown = self._forms.get(_text(asked, "reply"))
        if shown is None:
            raise ActError("that form is no longer open; use the command or the button again")
        kinds = {c["custom_id"]: c["type"] for c in _controls((shown.modal or {}).get("components") or [])}
        given = asked.get("values")
        if not isinstance(given, dict):
            raise ActError("a form is submitted with values by custom id")
        values = {key: self._field(kinds.get(key, 0), raw) for key, raw in given.items()}
        return await self._answer(modals.submit(member, shown, values))

    async def _answer(self, reply: Reply) -> dict[str, Any]:
        await self._changes.until(lambda: reply.acknowledged, self._patience)
        form = reply.modal
        if form is not None:
            self._forms[str(reply.id)] = reply
            while len(self._forms) > KEPT_FORMS:
                self._forms.popitem(last=False)
        return {"acknowledged": reply.acknowledged, "modal": form, "reply": str(reply.id)}

    def _options(self, member: Member, channel: Channel, command: str, asked: _Asked) -> dict[str, Any]:
        given = asked.get("options")
        if not isinstance(given, dict):
            raise ActError("options are sent by name")
        if not command.strip():
            raise ActError("which command? its name is missing")
        name, *path = command.split()
        found = next((c for c in interactions.visible_commands(member, channel) if c["name"] == name), {})
        for word in path:
            found = next((o for o in found.get("options") or [] if o["name"] == word), {})
        kinds = {option["name"]: option["type"] for option in found.get("options") or []}
        return {key: self._option(kinds.get(key, 0), raw) for key, raw in given.items() if raw is not None}

    def _option(self, kind: int, raw: Any) -> Any:
        if kind in (OptionType.USER, OptionType.CHANNEL, OptionType.ROLE, OptionType.MENTIONABLE):
            return self._entity(kind, raw)
        return _file(raw) if kind == OptionType.ATTACHMENT else raw

    def _values(self, kind: int, raw: Any) -> list[Any]:
        if not isinstance(raw, list):
            raise ActError("a choice is a list of values")
        return [self._entity(kind, value) for value in raw] if kind in _ENTITY_SELECTS else list(raw)

    def _field(self, kind: int, raw: Any) -> Any:
        if kind in _ENTITY_SELECTS:
            return self._values(kind, raw)
        if kind == ComponentType.FILE_UPLOAD and isinstance(raw, list):
            return [_file(item) for item in raw]
        return raw

    # ------------------------------------------------------------------ coming, going, moderating

    async def _kick(self, member: Member, asked: _Asked) -> dict[str, Any]:
        await member.kick(self._target(asked))
        return {}

    async def _ban(self, member: Member, asked: _Asked) -> dict[str, Any]:
        await member.ban(self._target(asked))
        return {}

    async def _time_out(self, member: Member, asked: _Asked) -> dict[str, Any]:
        seconds = asked.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            raise ActError("a timeout is a whole number of seconds")
        await member.time_out(self._target(asked), seconds)
        return {}

    async def _join(self, _member: Member, asked: _Asked) -> dict[str, Any]:
        name = _text(asked, "name").strip()
        if not 1 <= len(name) <= 32:
            raise ActError("a name has 1 to 32 characters")
        newcomer = self._guild.add_member(name)
        self._members.append(newcomer)
        return {"id": str(newcomer.id), "members": self.people()}

    async def _rejoin(self, member: Member, _asked: _Asked) -> dict[str, Any]:
        if not member.present:
            await member.rejoin()
        return {}


def _text(asked: _Asked, key: str) -> str:
    value = asked.get(key, "")
    if not isinstance(value, str):
        raise ActError(f"{key!r} is a text, not {type(value).__name__}")
    return value


def _snowflake(asked: _Asked, key: str) -> int:
    value = asked.get(key)
    if not isinstance(value, str) or not (value.isascii() and value.isdecimal()) or len(value) > 20:
        raise ActError(f"{key!r} is the id of something, in digits")
    return int(value)


def _file(item: Any) -> tuple[str, bytes]:
    """A file as the browser sends it: ``{"name": …, "data": base64}``."""
    if (
        not isinstance(item, dict)
        or not isinstance(item.get("name"), str)
        or not isinstance(item.get("data"), str)
    ):
        raise ActError("a file is sent with its name and its bytes in base64")
    try:
        data = base64.b64decode(item["data"], validate=True)
    except binascii.Error as error:
        raise ActError(f"the bytes of {item['name']!r} are not base64") from error
    name = item["name"].replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in name)[:100] or "file", data


def _controls(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A form's fields, inside labels and rows alike."""
    return [c for c in walk_components(nodes) if "custom_id" in c]
