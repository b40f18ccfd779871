"""Which type of ``discord-api-types`` each event and each REST body has: two tables by hand.

A line of the routes' table is method, path, stem and what there is: ``body`` is JSON of type
``REST<Method><stem>JSONBody``, ``result`` an answer of type ``REST<Method><stem>Result``, ``result?`` one
that is only sent when the client asks for it; ``body:NAME`` names a type that does not follow the stem. A
route without a result answers 204.
Source: https://github.com/discordjs/discord-api-types (``rest/v10`` and ``gateway/v10.ts``)
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from loopcord.routes import Routes

__all__ = ["EVENTS", "LISTED", "Shape", "roots", "shape_of"]


@dataclass(frozen=True, slots=True)
class Shape:
    """The types of one route; None where there is no JSON."""

    method: str
    #: The path below ``/api/v10``, parameters in braces.
    template: str
    request: str | None
    response: str | None
    #: Whether a 204 may be given instead of the response.
    optional: bool = False


_ROUTES = """
GET    /applications/@me                                             CurrentApplication result
PATCH  /applications/@me                                             CurrentApplication body result
GET    /applications/{application_id}/commands                       APIApplicationCommands result
PUT    /applications/{application_id}/commands                       APIApplicationCommands body result
POST   /applications/{application_id}/commands                       APIApplicationCommands body result
GET    /applications/{application_id}/commands/{command_id}          APIApplicationCommand result
PATCH  /applications/{application_id}/commands/{command_id}          APIApplicationCommand body result
DELETE /applications/{application_id}/commands/{command_id}          -
GET    /applications/{application_id}/emojis                         APIApplicationEmojis result
POST   /applications/{application_id}/emojis                         APIApplicationEmoji body result
GET    /applications/{application_id}/emojis/{emoji_id}              APIApplicationEmoji result
PATCH  /applications/{application_id}/emojis/{emoji_id}              APIApplicationEmoji body result
DELETE /applications/{application_id}/emojis/{emoji_id}              -
GET    /applications/{application_id}/entitlements                   APIEntitlements result
POST   /applications/{application_id}/entitlements                   APIEntitlement body result
GET    /applications/{application_id}/entitlements/{entitlement_id}  APIEntitlement result
DELETE /applications/{application_id}/entitlements/{entitlement_id}  -
POST   /applications/{application_id}/entitlements/{entitlement_id}/consume -
GET    /applications/{application_id}/guilds/{guild_id}/commands     APIApplicationGuildCommands result
PUT    /applications/{application_id}/guilds/{guild_id}/commands     APIApplicationGuildCommands body result
POST   /applications/{application_id}/guilds/{guild_id}/commands     APIApplicationGuildCommands body result
GET    /applications/{application_id}/guilds/{guild_id}/commands/permissions \
APIGuildApplicationCommandsPermissions result
GET    /applications/{application_id}/guilds/{guild_id}/commands/{command_id} \
APIApplicationGuildCommand result
PATCH  /applications/{application_id}/guilds/{guild_id}/commands/{command_id} \
APIApplicationGuildCommand body result
DELETE /applications/{application_id}/guilds/{guild_id}/commands/{command_id} -
GET    /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions \
APIApplicationCommandPermissions result
PUT    /applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions \
APIApplicationCommandPermissions body result
GET    /applications/{application_id}/role-connections/metadata APIApplicationRoleConnectionMetadata result
PUT    /applications/{application_id}/role-connections/metadata \
APIApplicationRoleConnectionMetadata body result
GET    /applications/{application_id}/skus                           APISKUs result
GET    /channels/{channel_id}                                        APIChannel result
PATCH  /channels/{channel_id}                                        APIChannel body result
DELETE /channels/{channel_id}                                        APIChannel result
POST   /channels/{channel_id}/followers                              APIChannelFollowers body result
GET    /channels/{channel_id}/invites                                APIChannelInvites result
POST   /channels/{channel_id}/invites                                APIChannelInvite body result
GET    /channels/{channel_id}/messages                               APIChannelMessages result
POST   /channels/{channel_id}/messages                               APIChannelMessage body result
POST   /channels/{channel_id}/messages/bulk-delete                   APIChannelMessagesBulkDelete body
GET    /channels/{channel_id}/messages/pins                          APIChannelMessagesPins result
PUT    /channels/{channel_id}/messages/pins/{message_id}             -
DELETE /channels/{channel_id}/messages/pins/{message_id}             -
GET    /channels/{channel_id}/messages/{message_id}                  APIChannelMessage result
PATCH  /channels/{channel_id}/messages/{message_id}                  APIChannelMessage body result
DELETE /channels/{channel_id}/messages/{message_id}                  -
POST   /channels/{channel_id}/messages/{message_id}/crosspost        APIChannelMessageCrosspost result
DELETE /channels/{channel_id}/messages/{message_id}/reactions        -
GET    /channels/{channel_id}/messages/{message_id}/reactions/{emoji} APIChannelMessageReactionUsers result
DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji} -
PUT    /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me -
DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me -
DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/{user_id} -
POST   /channels/{channel_id}/messages/{message_id}/threads          APIChannelMessagesThreads body result
PUT    /channels/{channel_id}/permissions/{overwrite_id}             APIChannelPermission body
DELETE /channels/{channel_id}/permissions/{overwrite_id}             -
GET    /channels/{channel_id}/pins                                   APIChannelPins result
PUT    /channels/{channel_id}/pins/{message_id}                      -
DELETE /channels/{channel_id}/pins/{message_id}                      -
GET    /channels/{channel_id}/polls/{message_id}/answers/{answer_id} APIPollAnswerVoters result
POST   /channels/{channel_id}/polls/{message_id}/expire              APIPollExpire result
POST   /channels/{channel_id}/send-soundboard-sound body:RESTPostAPISoundboardSendSoundJSONBody
GET    /channels/{channel_id}/thread-members                         APIChannelThreadMembers result
PUT    /channels/{channel_id}/thread-members/@me                     -
DELETE /channels/{channel_id}/thread-members/@me                     -
GET    /channels/{channel_id}/thread-members/{user_id}               APIChannelThreadMember result
PUT    /channels/{channel_id}/thread-members/{user_id}               -
DELETE /channels/{channel_id}/thread-members/{user_id}               -
POST   /channels/{channel_id}/threads                                APIChannelThreads body result
GET    /channels/{channel_id}/threads/archived/private               APIChannelThreadsArchivedPrivate result
GET    /channels/{channel_id}/threads/archived/public                APIChannelThreadsArchivedPublic result
POST   /channels/{channel_id}/typing                                 -
GET    /channels/{channel_id}/users/@me/threads/archived/private     APIChannelUsersThreadsArchived result
PUT    /channels/{channel_id}/voice-status                           APIChannelVoiceStatus body
GET    /channels/{channel_id}/webhooks                               APIChannelWebhooks result
POST   /channels/{channel_id}/webhooks                               APIChannelWebhook body result
GET    /gateway                                                      APIGateway result
GET    /gateway/bot                                                  APIGatewayBot result
POST   /guilds                                                       APIGuilds body result
GET    /guilds/{guild_id}                                            APIGuild result
PATCH  /guilds/{guild_id}                                            APIGuild body result
DELETE /guilds/{guild_id}                                            -
GET    /guilds/{guild_id}/audit-logs                                 APIAuditLog result
GET    /guilds/{guild_id}/auto-moderation/rules                      APIAutoModerationRules result
POST   /guilds/{guild_id}/auto-moderation/rules                      APIAutoModerationRule body result
GET    /guilds/{guild_id}/auto-moderation/rules/{rule_id}            APIAutoModerationRule result
PATCH  /guilds/{guild_id}/auto-moderation/rules/{rule_id}            APIAutoModerationRule body result
DELETE /guilds/{guild_id}/auto-moderation/rules/{rule_id}            -
GET    /guilds/{guild_id}/bans                                       APIGuildBans result
GET    /guilds/{guild_id}/bans/{user_id}                             APIGuildBan result
PUT    /guilds/{guild_id}/bans/{user_id}                             APIGuildBan body
DELETE /guilds/{guild_id}/bans/{user_id}                             -
POST   /guilds/{guild_id}/bulk-ban                                   APIGuildBulkBan body result
GET    /guilds/{guild_id}/channels                                   APIGuildChannels result
POST   /guilds/{guild_id}/channels                                   APIGuildChannel body result
PATCH  /guilds/{guild_id}/channels                                   APIGuildChannelPositions body
GET    /guilds/{guild_id}/emojis                                     APIGuildEmojis result
POST   /guilds/{guild_id}/emojis                                     APIGuildEmoji body result
GET    /guilds/{guild_id}/emojis/{emoji_id}                          APIGuildEmoji result
PATCH  /guilds/{guild_id}/emojis/{emoji_id}                          APIGuildEmoji body result
DELETE /guilds/{guild_id}/emojis/{emoji_id}                          -
PUT    /guilds/{guild_id}/incident-actions                           APIGuildIncidentActions body result
GET    /guilds/{guild_id}/integrations                               APIGuildIntegrations result
DELETE /guilds/{guild_id}/integrations/{integration_id}              -
GET    /guilds/{guild_id}/invites                                    APIGuildInvites result
GET    /guilds/{guild_id}/members                                    APIGuildMembers result
PATCH  /guilds/{guild_id}/members/@me                                APICurrentGuildMember body result
PATCH  /guilds/{guild_id}/members/@me/nick                           APICurrentGuildMemberNickname body result
GET    /guilds/{guild_id}/members/search                             APIGuildMembersSearch result
GET    /guilds/{guild_id}/members/{user_id}                          APIGuildMember result
PATCH  /guilds/{guild_id}/members/{user_id}                          APIGuildMember body result
DELETE /guilds/{guild_id}/members/{user_id}                          -
PUT    /guilds/{guild_id}/members/{user_id}/roles/{role_id}          -
DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}          -
GET    /guilds/{guild_id}/messages/search                            APIGuildMessagesSearch result
GET    /guilds/{guild_id}/onboarding                                 APIGuildOnboarding result
PUT    /guilds/{guild_id}/onboarding                                 APIGuildOnboarding body result
GET    /guilds/{guild_id}/preview                                    APIGuildPreview result
GET    /guilds/{guild_id}/prune                                      APIGuildPruneCount result
POST   /guilds/{guild_id}/prune                                      APIGuildPrune body result
GET    /guilds/{guild_id}/regions                                    APIGuildVoiceRegions result
GET    /guilds/{guild_id}/roles                                      APIGuildRoles result
POST   /guilds/{guild_id}/roles                                      APIGuildRole body result
PATCH  /guilds/{guild_id}/roles                                      APIGuildRolePositions body result
GET    /guilds/{guild_id}/roles/member-counts                        APIGuildRoleMemberCounts result
GET    /guilds/{guild_id}/roles/{role_id}                            APIGuildRole result
PATCH  /guilds/{guild_id}/roles/{role_id}                            APIGuildRole body result
DELETE /guilds/{guild_id}/roles/{role_id}                            -
GET    /guilds/{guild_id}/scheduled-events                           APIGuildScheduledEvents result
POST   /guilds/{guild_id}/scheduled-events                           APIGuildScheduledEvent body result
GET    /guilds/{guild_id}/scheduled-events/{event_id}                APIGuildScheduledEvent result
PATCH  /guilds/{guild_id}/scheduled-events/{event_id}                APIGuildScheduledEvent body result
DELETE /guilds/{guild_id}/scheduled-events/{event_id}                -
GET    /guilds/{guild_id}/scheduled-events/{event_id}/users          APIGuildScheduledEventUsers result
GET    /guilds/{guild_id}/soundboard-sounds                          APIGuildSoundboardSounds result
POST   /guilds/{guild_id}/soundboard-sounds                          APIGuildSoundboardSound body result
GET    /guilds/{guild_id}/soundboard-sounds/{sound_id}               APIGuildSoundboardSound result
PATCH  /guilds/{guild_id}/soundboard-sounds/{sound_id}               APIGuildSoundboardSound body result
DELETE /guilds/{guild_id}/soundboard-sounds/{sound_id}               -
GET    /guilds/{guild_id}/stickers                                   APIGuildStickers result
POST   /guilds/{guild_id}/stickers                                   APIGuildSticker result
GET    /guilds/{guild_id}/stickers/{sticker_id}                      APIGuildSticker result
PATCH  /guilds/{guild_id}/stickers/{sticker_id}                      APIGuildSticker body result
DELETE /guilds/{guild_id}/stickers/{sticker_id}                      -
GET    /guilds/{guild_id}/templates                                  APIGuildTemplates result
POST   /guilds/{guild_id}/templates                                  APIGuildTemplates body result
PUT    /guilds/{guild_id}/templates/{code}                           APIGuildTemplateSync result
PATCH  /guilds/{guild_id}/templates/{code}                           APIGuildTemplate body result
DELETE /guilds/{guild_id}/templates/{code}                           APIGuildTemplate result
GET    /guilds/{guild_id}/threads/active                             APIGuildThreads result
GET    /guilds/{guild_id}/vanity-url                                 APIGuildVanityUrl result
GET    /guilds/{guild_id}/voice-states/@me                           APIGuildVoiceStateCurrentMember result
PATCH  /guilds/{guild_id}/voice-states/@me                           APIGuildVoiceStateCurrentMember body
GET    /guilds/{guild_id}/voice-states/{user_id}                     APIGuildVoiceStateUser result
PATCH  /guilds/{guild_id}/voice-states/{user_id}                     APIGuildVoiceStateUser body
GET    /guilds/{guild_id}/webhooks                                   APIGuildWebhooks result
GET    /guilds/{guild_id}/welcome-screen                             APIGuildWelcomeScreen result
PATCH  /guilds/{guild_id}/welcome-screen                             APIGuildWelcomeScreen body result
GET    /guilds/{guild_id}/widget                                     APIGuildWidgetSettings result
PATCH  /guilds/{guild_id}/widget                                     APIGuildWidgetSettings body result
GET    /guilds/{guild_id}/widget.json                                APIGuildWidgetJSON result
GET    /guilds/templates/{code}                                      APITemplate result
POST   /interactions/{interaction_id}/{token}/callback \
APIInteractionCallback body result?:RESTPostAPIInteractionCallbackWithResponseResult
GET    /invites/{code}                                               APIInvite result
DELETE /invites/{code}                                               APIInvite result
GET    /oauth2/@me                                                   APIOAuth2CurrentAuthorization result
GET    /oauth2/applications/@me                                      APIOAuth2CurrentApplication result
GET    /skus/{sku_id}/subscriptions                                  APISKUSubscriptions result
GET    /skus/{sku_id}/subscriptions/{subscription_id}                APISKUSubscription result
GET    /soundboard-default-sounds                                    APISoundboardDefaultSounds result
POST   /stage-instances                                              APIStageInstance body result
GET    /stage-instances/{channel_id}                                 APIStageInstance result
PATCH  /stage-instances/{channel_id}                                 APIStageInstance body result
DELETE /stage-instances/{channel_id}                                 -
GET    /sticker-packs                                                StickerPacks result
GET    /sticker-packs/{pack_id} APIStickerPack result
GET    /stickers/{sticker_id}                                        APISticker result
GET    /users/@me                                                    APICurrentUser result
PATCH  /users/@me                                                    APICurrentUser body result
POST   /users/@me/channels                                           APICurrentUserCreateDMChannel body result
GET    /users/@me/guilds                                             APICurrentUserGuilds result
DELETE /users/@me/guilds/{guild_id}                                  -
GET    /users/@me/guilds/{guild_id}/member                           CurrentUserGuildMember result
GET    /users/{user_id}                                              APIUser result
GET    /voice/regions                                                APIVoiceRegions result
GET    /webhooks/{webhook_id}                                        APIWebhook result
PATCH  /webhooks/{webhook_id}                                        APIWebhook body result
DELETE /webhooks/{webhook_id}                                        -
GET    /webhooks/{webhook_id}/{token}                                APIWebhookWithToken result
PATCH  /webhooks/{webhook_id}/{token}                                APIWebhookWithToken body result
DELETE /webhooks/{webhook_id}/{token}                                -
POST   /webhooks/{webhook_id}/{token} APIWebhookWithToken body result?:RESTPostAPIWebhookWithTokenWaitResult
GET    /webhooks/{webhook_id}/{token}/messages/@original             APIInteractionOriginalResponse result
PATCH  /webhooks/{webhook_id}/{token}/messages/@original APIInteractionOriginalResponse body result
DELETE /webhooks/{webhook_id}/{token}/messages/@original             -
GET    /webhooks/{webhook_id}/{token}/messages/{message_id}          APIWebhookWithTokenMessage result
PATCH  /webhooks/{webhook_id}/{token}/messages/{message_id}          APIWebhookWithTokenMessage body result
DELETE /webhooks/{webhook_id}/{token}/messages/{message_id}          -
"""

#: Events whose data is of type ``Gateway<NameInPascalCase>DispatchData``.
_EVENTS = """
APPLICATION_COMMAND_PERMISSIONS_UPDATE AUTO_MODERATION_ACTION_EXECUTION AUTO_MODERATION_RULE_CREATE
AUTO_MODERATION_RULE_DELETE AUTO_MODERATION_RULE_UPDATE CHANNEL_CREATE CHANNEL_DELETE CHANNEL_INFO
CHANNEL_PINS_UPDATE CHANNEL_UPDATE ENTITLEMENT_CREATE ENTITLEMENT_DELETE ENTITLEMENT_UPDATE
GUILD_AUDIT_LOG_ENTRY_CREATE GUILD_BAN_ADD GUILD_BAN_REMOVE GUILD_CREATE GUILD_DELETE GUILD_EMOJIS_UPDATE
GUILD_INTEGRATIONS_UPDATE GUILD_MEMBERS_CHUNK GUILD_MEMBER_ADD GUILD_MEMBER_REMOVE GUILD_MEMBER_UPDATE
GUILD_ROLE_CREATE GUILD_ROLE_DELETE GUILD_ROLE_UPDATE GUILD_SCHEDULED_EVENT_CREATE
GUILD_SCHEDULED_EVENT_DELETE GUILD_SCHEDULED_EVENT_UPDATE GUILD_SCHEDULED_EVENT_USER_ADD
GUILD_SCHEDULED_EVENT_USER_REMOVE GUILD_SOUNDBOARD_SOUNDS_UPDATE GUILD_SOUNDBOARD_SOUND_CREATE
GUILD_SOUNDBOARD_SOUND_DELETE GUILD_SOUNDBOARD_SOUND_UPDATE GUILD_STICKERS_UPDATE GUILD_UPDATE
INTEGRATION_CREATE INTEGRATION_DELETE INTEGRATION_UPDATE INTERACTION_CREATE INVITE_CREATE INVITE_DELETE
MESSAGE_CREATE MESSAGE_DELETE MESSAGE_DELETE_BULK MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE
MESSAGE_REACTION_REMOVE_ALL MESSAGE_REACTION_REMOVE_EMOJI MESSAGE_UPDATE PRESENCE_UPDATE READY
SOUNDBOARD_SOUNDS STAGE_INSTANCE_CREATE STAGE_INSTANCE_DELETE STAGE_INSTANCE_UPDATE SUBSCRIPTION_CREATE
SUBSCRIPTION_DELETE SUBSCRIPTION_UPDATE THREAD_CREATE THREAD_DELETE THREAD_LIST_SYNC THREAD_MEMBERS_UPDATE
THREAD_MEMBER_UPDATE THREAD_UPDATE TYPING_START USER_UPDATE VOICE_CHANNEL_EFFECT_SEND
VOICE_CHANNEL_START_TIME_UPDATE VOICE_CHANNEL_STATUS_UPDATE VOICE_SERVER_UPDATE VOICE_STATE_UPDATE
WEBHOOKS_UPDATE
"""


def _event_types() -> dict[str, str | None]:
    types: dict[str, str | None] = {
        name: f"Gateway{name.title().replace('_', '')}DispatchData" for name in _EVENTS.split()
    }
    types["MESSAGE_POLL_VOTE_ADD"] = types["MESSAGE_POLL_VOTE_REMOVE"] = "GatewayMessagePollVoteDispatchData"
    types["RATE_LIMITED"] = "RateLimited"  # of ours: the package's is generic, which becomes no schema
    types["RESUMED"] = None  # no data is documented; what Discord sends is for its own debugging
    return types


#: Name of an event to the type of its data; None where nothing is said about it.
EVENTS = _event_types()


def _shape(line: str) -> Shape:
    method, template, stem, *parts = line.split()
    request = response = None
    optional = False
    for part in parts if stem == "-" or ":" not in stem else [stem, *parts]:
        what, _, name = part.partition(":")
        name = name or f"REST{method.title()}{stem}{'JSONBody' if what == 'body' else 'Result'}"
        if what == "body":
            request = name
        else:
            response, optional = name, what == "result?"
    return Shape(method, template, request, response, optional)


#: Every route of the table, in its order.
LISTED = [_shape(line) for line in _ROUTES.replace("\\\n", " ").strip().splitlines()]


def roots() -> list[str]:
    """The types that the tables name, sorted: what the shipped schema has to define."""
    named = [*EVENTS.values(), *(name for shape in LISTED for name in (shape.request, shape.response))]
    return sorted({name for name in named if name is not None})


@functools.cache
def _table() -> Routes[Shape]:
    table: Routes[Shape] = Routes()
    for shape in LISTED:
        table.add(shape.method, shape.template)(shape)
    return table


def shape_of(method: str, path: str) -> Shape | None:
    """The shape of the route that a path belongs to; None when the table lacks it."""
    found = _table().find(method, path)
    return found[0] if found is not None else None
