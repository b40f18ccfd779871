"""Discord's numbers: each once, by name, with the page of its documentation that gives it."""

from __future__ import annotations

# Lengths are counted in code points, as Python counts them: Discord's API is written in Python and says so.
# https://github.com/discord/discord-api-docs/issues/1315

# https://discord.com/developers/docs/resources/message#create-message
CONTENT = 2_000
EMBEDS = 10
STICKERS = 3
NONCE = 25
#: Files of one message. https://discord.com/developers/docs/topics/opcodes-and-status-codes#json (30015)
ATTACHMENTS = 10
#: https://discord.com/developers/docs/resources/message#attachment-object-attachment-request-structure
ATTACHMENT_DESCRIPTION = 1_024
#: Users, and roles, that one message may name. .../message#allowed-mentions-object
ALLOWED_MENTIONS = 100

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
EMBED_TITLE = 256
EMBED_DESCRIPTION = 4_096
EMBED_FIELDS = 25
EMBED_FIELD_NAME = 256
EMBED_FIELD_VALUE = 1_024
EMBED_FOOTER = 2_048
EMBED_AUTHOR = 256
#: All texts of all embeds of one message together.
EMBEDS_TOGETHER = 6_000
COLOR = 0xFFFFFF
#: Of an address in an embed; not documented, Discord answers "Must be 2048 or fewer in length."
URL = 2_048

# https://discord.com/developers/docs/resources/poll#poll-create-request-object
POLL_QUESTION = 300
POLL_ANSWERS = 10
POLL_ANSWER = 55
POLL_HOURS = 32 * 24

# https://discord.com/developers/docs/resources/message#bulk-delete-messages
BULK_DELETE = (2, 100)
#: Seconds: two weeks.
BULK_DELETE_AGE = 14 * 86_400

# Pages: the most of one page, and what it is without ``limit``.
# .../resources/message#get-channel-messages, #get-reactions, #get-channel-pins
MESSAGES_PAGE = (100, 50)
REACTIONS_PAGE = (100, 25)
PINS_PAGE = (50, 50)
# .../resources/poll#get-answer-voters
VOTERS_PAGE = (100, 25)
# .../resources/guild#get-guild-bans, #list-guild-members, #search-guild-members
BANS_PAGE = (1_000, 1_000)
MEMBERS_PAGE = (1_000, 1)
# .../resources/user#get-current-user-guilds
GUILDS_PAGE = (200, 200)
# .../resources/audit-log#get-guild-audit-log
AUDIT_LOG_PAGE = (100, 50)
# .../resources/guild-scheduled-event#get-guild-scheduled-event-users
EVENT_USERS_PAGE = (100, 100)
# .../resources/channel#list-thread-members, #list-public-archived-threads
THREAD_MEMBERS_PAGE = (100, 100)
ARCHIVED_THREADS_PAGE = (100, 50)

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes
#: 30003
PINS = 250
#: 30010: different emoji on one message.
REACTIONS = 20
#: 30005, @everyone included.
ROLES = 250
#: 30013
CHANNELS = 500
#: 30007, in one channel.
WEBHOOKS = 15
#: 30016
INVITES = 1_000
#: 30038: scheduled events that have not ended.
SCHEDULED_EVENTS = 100
#: 30060
OVERWRITES = 1_000

# https://discord.com/developers/docs/resources/channel#channel-object
CHANNEL_NAME = 100
TOPIC = 1_024
FORUM_TOPIC = 4_096
#: Seconds: six hours.
SLOWMODE = 21_600
#: Channels in one category.
CATEGORY_CHANNELS = 50
FORUM_TAGS = 20
FORUM_TAG_NAME = 20
POST_TAGS = 5
#: Minutes.
ARCHIVE_AFTER = (60, 1_440, 4_320, 10_080)
# https://discord.com/developers/docs/resources/channel#modify-channel: bits per second, of a guild
# without boosts.
BITRATE = (8_000, 96_000)
VOICE_USERS = 99
STAGE_USERS = 10_000

# https://discord.com/developers/docs/resources/guild#create-guild-role
ROLE_NAME = 100
# https://discord.com/developers/docs/resources/guild#guild-object
GUILD_NAME = (2, 100)
# https://discord.com/developers/docs/resources/user#usernames-and-nicknames
NICK = 32
# https://discord.com/developers/docs/resources/guild#modify-guild-member: seconds, 28 days.
TIMEOUT = 28 * 86_400
#: Seconds that a guild's invites or direct messages may be paused ahead.
#: https://discord.com/developers/docs/resources/guild#modify-guild-incident-actions
INCIDENT_ACTION = 86_400
# https://discord.com/developers/docs/resources/guild#create-guild-ban: seconds, and days (deprecated).
BAN_DELETE_SECONDS = 604_800
BAN_DELETE_DAYS = 7
# https://discord.com/developers/docs/resources/guild#bulk-guild-ban
BULK_BAN = 200
# https://discord.com/developers/docs/resources/guild#get-guild-prune-count: days.
PRUNE_DAYS = (1, 30)
# https://discord.com/developers/docs/resources/channel#create-channel-invite: seconds, and uses.
INVITE_AGE = 604_800
INVITE_USES = 100
# https://discord.com/developers/docs/resources/webhook#create-webhook
WEBHOOK_NAME = 80
# https://discord.com/developers/docs/resources/emoji#create-guild-emoji; the length is not documented.
EMOJI_NAME = (2, 32)
# https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object
EVENT_NAME = 100
EVENT_DESCRIPTION = 1_000
EVENT_LOCATION = 100
# https://discord.com/developers/docs/resources/stage-instance#create-stage-instance
STAGE_TOPIC = 120

# https://discord.com/developers/docs/components/reference
ACTION_ROWS = 5
#: Components of a message in all, nested ones included.
COMPONENTS = 40
#: Text that a message of Components V2 may show in all.
COMPONENTS_TEXT = 4_000
#: Width of an action row: a button takes one, a menu takes all.
ROW_WIDTH = 5
CUSTOM_ID = 100
BUTTON_LABEL = 80
BUTTON_URL = 512
SELECT_PLACEHOLDER = 150
SELECT_OPTIONS = 25
OPTION_TEXT = 100
SECTION_TEXTS = 3
GALLERY_ITEMS = 10
MEDIA_DESCRIPTION = 1_024
MODAL_TITLE = 45
MODAL_COMPONENTS = 5
LABEL = 45
LABEL_DESCRIPTION = 100
TEXT_INPUT = 4_000
TEXT_INPUT_PLACEHOLDER = 100
FILE_UPLOADS = 10
RADIO_OPTIONS = (2, 10)
CHECKBOX_OPTIONS = (1, 10)

# https://discord.com/developers/docs/interactions/application-commands#application-command-object
COMMAND_NAME = 32
COMMAND_DESCRIPTION = 100
COMMAND_OPTIONS = 25
COMMAND_CHOICES = 25
CHOICE_TEXT = 100
OPTION_LENGTH = 6_000
#: Names, descriptions and values of one command together. .../reference#error-messages
COMMAND_SIZE = 8_000
#: By type of command, in each scope. .../interactions/application-commands#registering-a-command
COMMANDS = {1: 100, 2: 15, 3: 15, 4: 1}
