"""Who may do what: capabilities of people, and the hierarchy between members.

A capability such as ``moderation.warn`` is decided by the bot's owners, then by a guild's own rules, then
by Discord's permissions. Actions on members check the hierarchy on top.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

import attrs
import hikari

from chandelier.errors import NotAllowed
from chandelier.languages import Messages

if TYPE_CHECKING:
    from chandelier.services.capabilities import Capabilities

__all__ = [
    "Access",
    "CapabilityRules",
    "Person",
    "Standing",
    "check_hierarchy",
    "fetch_standings",
    "permission_names",
    "permissions_of",
    "standing_of",
]

_ = Messages(__package__)

Interaction = hikari.CommandInteraction | hikari.ComponentInteraction | hikari.ModalInteraction
InteractionT = TypeVar("InteractionT", bound=Interaction, covariant=True)


class HasInteraction(Protocol[InteractionT]):
    """A lightbulb context, or what the host hands to handlers of components and forms."""

    @property
    def interaction(self) -> InteractionT:
        """What Discord sent."""
        ...


@attrs.frozen(kw_only=True)
class Person:
    """A member as access sees one. Made from an interaction by `Access`; build it for events."""

    guild_id: int
    user_id: int
    role_ids: Collection[int] = ()
    permissions: hikari.Permissions = hikari.Permissions.NONE


class CapabilityRules(Protocol):
    """A guild's own rules for capabilities; they come before Discord's permissions."""

    async def decide(self, person: Person, capability: str) -> bool | None:
        """True allows, False denies, None leaves it to Discord's permissions."""
        ...


class Access:
    """One plugin's questions about who may do what."""

    def __init__(
        self,
        plugin: str,
        *,
        owners: Collection[int],
        rules: CapabilityRules | None = None,
        capabilities: Capabilities | None = None,
    ) -> None:
        """``owners`` are the ids of the people who may do everything with the bot.

        ``capabilities`` knows the defaults of those that are declared; without it each question names them.
        """
        self._capabilities = capabilities
        self._plugin = plugin
        self._owners = frozenset(owners)
        self._rules = rules

    async def require(
        self,
        who: Interaction | HasInteraction[Interaction],
        capability: str,
        default: hikari.Permissions | None = None,
    ) -> None:
        """Let the person of an interaction pass who has ``capability``; raises NotAllowed for everyone else.

        ``who`` is a lightbulb context, a component press, a form, or the interaction itself. ``default`` are
        the Discord permissions, in the channel where it happens, that have the capability when no rule of
        the guild decides; ``Permissions.NONE`` lets everyone pass. Without it, it is what the manifest
        declares. Raises LookupError when that declares no such capability.
        """
        interaction = who if isinstance(who, Interaction) else who.interaction
        if interaction.user.id in self._owners:
            return
        if interaction.guild_id is None or interaction.member is None:
            raise NotAllowed(_("This works only in a server, not in direct messages."))
        await self.require_person(
            Person(
                guild_id=interaction.guild_id,
                user_id=interaction.user.id,
                role_ids=interaction.member.role_ids,
                permissions=interaction.member.permissions,
            ),
            capability,
            default,
        )

    async def require_person(
        self, person: Person, capability: str, default: hikari.Permissions | None = None
    ) -> None:
        """The same for a member known from an event; see `permissions_of` for the permissions."""
        name = capability if "." in capability else f"{self._plugin}.{capability}"
        default = self._default(name, default)
        if person.user_id in self._owners:
            return
        decision = await self._rules.decide(person, name) if self._rules is not None else None
        if decision is False:
            raise NotAllowed(
                _(
                    "A rule of this server does not let you do this (`{name}`); its admins can change it.",
                    name=name,
                )
            )
        if decision is True or hikari.Permissions.ADMINISTRATOR in person.permissions:
            return
        missing = default & ~person.permissions
        if missing:
            raise NotAllowed(
                _(
                    "You need {permissions} to do this (`{name}`); the server's admins can grant it.",
                    permissions=permission_names(missing),
                    name=name,
                )
            )

    async def allows(
        self, person: Person, capability: str, default: hikari.Permissions | None = None
    ) -> bool:
        """Whether a member known from an event has ``capability``."""
        try:
            await self.require_person(person, capability, default)
        except NotAllowed:
            return False
        return True

    def _default(self, name: str, given: hikari.Permissions | None) -> hikari.Permissions:
        if self._capabilities is not None:
            return self._capabilities.default(name, given)
        if given is None:
            raise LookupError(f"no default permissions are known for the capability {name!r}")
        return given


@attrs.frozen
class Standing:
    """Where a user stands in a guild's hierarchy."""

    user_id: int
    top_role_position: int = 0
    """Position of the highest role; 0, that of @everyone, also for a user who is not a member."""
    is_owner: bool = False
    top_role_id: int = 0
    """Decides between roles at the same position: the lower id is the higher role."""

    def is_above(self, other: Standing) -> bool:
        """Whether this user outranks the other.

        Roles at one position are sorted by id (https://discord.com/developers/docs/topics/permissions,
        "Role Object": "roles with the same position are sorted by id").
        """
        if self.is_owner or other.is_owner:
            return self.is_owner and not other.is_owner
        if self.top_role_position != other.top_role_position:
            return self.top_role_position > other.top_role_position
        return self.top_role_position > 0 and 0 < self.top_role_id < other.top_role_id


def check_hierarchy(
    *, actor: Standing, target: Standing, bot: Standing, guild: str = _("this server")
) -> None:
    """Let an action on a member pass that the hierarchy allows; raises NotAllowed naming the rule otherwise.

    Actor over target, bot over target, never the guild's owner, nobody on themselves. It holds for the
    bot's owners too. ``guild`` is how the message calls the guild.
    """
    if actor.user_id == target.user_id:
        raise NotAllowed(_("You cannot do this to yourself."))
    if bot.user_id == target.user_id:
        raise NotAllowed(_("I cannot do this to myself; ask the server's admins to do it."))
    if target.is_owner:
        raise NotAllowed(_("They own {guild}: nobody can do this to them.", guild=guild))
    if not actor.is_above(target):
        raise NotAllowed(
            _("Your highest role is not above theirs; someone with a higher role has to do this.")
        )
    if not bot.is_above(target):
        raise NotAllowed(
            _(
                "My highest role is not above theirs, so Discord does not let me; "
                "an admin can move my role up in the server settings."
            )
        )


def standing_of(
    user: hikari.Member | hikari.Snowflakeish,
    *,
    roles: Mapping[hikari.Snowflake, hikari.Role],
    owner_id: hikari.Snowflakeish,
) -> Standing:
    """The standing of a member; of a user who is not in the guild when only an id is given.

    ``roles`` are the guild's: ``RESTGuild.roles`` or ``GatewayGuild.get_roles()``.
    """
    if not isinstance(user, hikari.Member):
        return Standing(int(user), is_owner=int(user) == int(owner_id))
    held = (roles[role_id] for role_id in user.role_ids if role_id in roles)
    top = max(held, key=lambda role: (role.position, -role.id), default=None)
    return Standing(
        int(user.id),
        top_role_position=top.position if top is not None else 0,
        is_owner=user.id == int(owner_id),
        top_role_id=int(top.id) if top is not None else 0,
    )


async def fetch_standings(
    rest: hikari.api.RESTClient,
    guild_id: hikari.Snowflakeish,
    *users: hikari.Member | hikari.Snowflakeish,
) -> tuple[Standing, ...]:
    """Ask Discord for the standing of users, in their order: one call for the guild, one for each id.

    A user who is not in the guild stands at the bottom, so bans by id are checked as well.
    """
    guild = await rest.fetch_guild(guild_id)
    standings: list[Standing] = []
    for user in users:
        found = user
        if not isinstance(user, hikari.Member):
            try:
                found = await rest.fetch_member(guild_id, user)
            except hikari.NotFoundError:
                found = user
        standings.append(standing_of(found, roles=guild.roles, owner_id=guild.owner_id))
    return tuple(standings)


def permissions_of(
    member: hikari.Member,
    *,
    roles: Mapping[hikari.Snowflake, hikari.Role],
    owner_id: hikari.Snowflakeish,
) -> hikari.Permissions:
    """A member's permissions in the whole guild, before any channel's overwrites.

    https://discord.com/developers/docs/topics/permissions#permission-overwrites
    """
    if member.id == int(owner_id):
        return hikari.Permissions.all_permissions()
    held = hikari.Permissions.NONE
    for role_id in {member.guild_id, *member.role_ids}:  # @everyone has the guild's id
        if role_id in roles:
            held |= roles[role_id].permissions
    if hikari.Permissions.ADMINISTRATOR in held:
        return hikari.Permissions.all_permissions()
    return held


def permission_names(permissions: hikari.Permissions) -> str:
    """Permissions as people know them, in bold."""
    names = sorted((flag.name or "").replace("_", " ").title() for flag in permissions.split())
    return " and ".join(f"**{name}**" for name in names)
