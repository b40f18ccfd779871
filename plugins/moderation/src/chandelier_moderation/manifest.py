"""What the plugin tells the host about itself: what it asks of Discord, who may do what, what it stores."""

from __future__ import annotations

import hikari

import chandelier

__all__ = ["MANIFEST"]

_ = chandelier.Messages(__package__)

MANIFEST = chandelier.Manifest(
    summary="Actions on members, numbered cases, automod, raid mode, purges and a log of what happens.",
    intents=(
        hikari.Intents.GUILDS
        | hikari.Intents.GUILD_MEMBERS  # who joins, and whose names imitate staff
        | hikari.Intents.GUILD_MODERATION
        | hikari.Intents.GUILD_MESSAGES
        | hikari.Intents.MESSAGE_CONTENT
    ),
    # Roles and channels' overwrites decide whose messages are exempt; people are never cached for it.
    cache=(
        hikari.api.CacheComponents.GUILDS
        | hikari.api.CacheComponents.ROLES
        | hikari.api.CacheComponents.GUILD_CHANNELS
        | hikari.api.CacheComponents.GUILD_THREADS  # what is left out of the log with a channel
    ),
    permissions=(
        hikari.Permissions.VIEW_CHANNEL
        | hikari.Permissions.SEND_MESSAGES
        | hikari.Permissions.EMBED_LINKS
        | hikari.Permissions.READ_MESSAGE_HISTORY
        | hikari.Permissions.MANAGE_MESSAGES
        | hikari.Permissions.MANAGE_GUILD
        | hikari.Permissions.BAN_MEMBERS
        | hikari.Permissions.KICK_MEMBERS
        | hikari.Permissions.MODERATE_MEMBERS
        | hikari.Permissions.MANAGE_NICKNAMES
        | hikari.Permissions.MANAGE_ROLES
        | hikari.Permissions.MANAGE_CHANNELS
        | hikari.Permissions.ATTACH_FILES
        | hikari.Permissions.VIEW_AUDIT_LOG
    ),
    capabilities=(
        chandelier.Capability("warn", _("Warn members"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "case", _("See cases and members' histories"), hikari.Permissions.MODERATE_MEMBERS
        ),
        chandelier.Capability(
            "timeout", _("Time members out, and lift it"), hikari.Permissions.MODERATE_MEMBERS
        ),
        chandelier.Capability("kick", _("Kick members"), hikari.Permissions.KICK_MEMBERS),
        chandelier.Capability("ban", _("Ban, for a time or until lifted"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("unban", _("Lift bans"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("note", _("Keep notes about members"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("nick", _("Change nicknames"), hikari.Permissions.MANAGE_NICKNAMES),
        chandelier.Capability("role", _("Give and take roles"), hikari.Permissions.MANAGE_ROLES),
        chandelier.Capability("edit", _("Change what a case says"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("export", _("Take cases as a file"), hikari.Permissions.MANAGE_GUILD),
        chandelier.Capability("void", _("Void cases"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("massban", _("Ban many at once"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("massunban", _("Lift many bans at once"), hikari.Permissions.BAN_MEMBERS),
        chandelier.Capability("log", _("Say what the log tells"), hikari.Permissions.MANAGE_GUILD),
        chandelier.Capability("stats", _("See moderation in numbers"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "lockdown", _("Lock channels, and end lockdowns"), hikari.Permissions.MANAGE_CHANNELS
        ),
        chandelier.Capability(
            "remove", _("Delete a message from its menu"), hikari.Permissions.MANAGE_MESSAGES
        ),
        chandelier.Capability("report", _("Report messages to the moderators"), hikari.Permissions.NONE),
        chandelier.Capability("slowmode", _("Set slowmode"), hikari.Permissions.MANAGE_CHANNELS),
        chandelier.Capability("exempt", _("Write what automod removes"), hikari.Permissions.MANAGE_MESSAGES),
        chandelier.Capability("automod", _("Manage automod's rules"), hikari.Permissions.MANAGE_GUILD),
        chandelier.Capability(
            "automod_staff",
            _("Have rules kick, ban, time out or change the roles of staff"),
            hikari.Permissions.ADMINISTRATOR,
        ),
        chandelier.Capability("appeal", _("Decide on appeals"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability("raid", _("Switch raid mode on and off"), hikari.Permissions.MODERATE_MEMBERS),
        chandelier.Capability(
            "purge", _("Delete many messages with /purge"), hikari.Permissions.MANAGE_MESSAGES
        ),
        chandelier.Capability("pinger", _("Set up the pinger"), hikari.Permissions.MANAGE_GUILD),
    ),
    personal_data=(
        # First, because `/privacy info` shows the beginning of a long list, and it matters most to members.
        chandelier.PersonalData(
            what="the text and the file names of messages, sealed in the vault, where a server's admins have "
            "switched that on (it is off by default)",
            why="so that the server's log can show what was edited or deleted",
            kept="for as many hours as the server says, at most a week, and only the newest of each server",
        ),
        chandelier.PersonalData(
            what="who was warned or had a message removed, by whom and why",
            why="so that a server's moderators can act fairly and answer for it",
            kept="until the bot's owner erases it",
            on_erasure="all of it, so that a warning does not end when its member likes; the bot's owner can "
            "erase it, but for the id of whom a ban in force bans",
        ),
        chandelier.PersonalData(
            what="who was part of a mass ban or mass unban, and what became of it",
            why="so that its account can be read and it can be undone",
            kept="until the bot's owner erases it",
            on_erasure="all of it, as with cases; the bot's owner can erase it",
        ),
        chandelier.PersonalData(
            what="messages that were reported or that a moderator picked, and who reported them and why",
            why="so that moderators can deal with them although their authors delete them",
            kept="7 days",
            on_erasure="what you wrote, for these days; your name as who reported goes",
        ),
        chandelier.PersonalData(
            what="permissions that you have by name in a channel, while a lockdown holds it",
            why="so that the channel comes back exactly as it was",
            kept="until the lockdown ends",
            on_erasure="all of it, for otherwise you would not get them back",
        ),
        chandelier.PersonalData(
            what="the text of a message that a case is about, and the names of its files",
            why="as the evidence of the case",
            kept="as long as each server says (`evidence_days`; 90 days unless it is changed)",
        ),
        chandelier.PersonalData(
            what="which rule somebody's message or name hit, with its text, and who answered the alert",
            why="so that a rule acts once on the same thing, and staff can act on an alert",
            kept="30 days at most; its text in the posts that staff read as long as `evidence_days` says",
        ),
        chandelier.PersonalData(
            what="what members write in appeals, what was answered, and who decided",
            why="so that staff can decide, and a case is not appealed against again and again",
            kept="as long as its case",
            on_erasure="that there was an appeal, how and by whom it was decided; your words are erased",
        ),
        chandelier.PersonalData(
            what="who joined a server while raid mode was on, and when; and who switched it on or off",
            why="so that staff knows whom a raid brought",
            kept="90 days after its end; who switched it until the bot's owner erases it",
            on_erasure="who switched it; the bot's owner can erase it",
        ),
        chandelier.PersonalData(
            what="who made and changed rules of automod",
            why="so that a server knows whom to ask about them",
            kept="as long as the rule",
        ),
        chandelier.PersonalData(
            what="whose cases moderators looked for",
            why="so that the buttons below what was found turn its pages",
            kept="30 days",
        ),
        chandelier.PersonalData(
            what="who purges messages, and what these said",
            why="so that a purge gives an exact account and the log its transcript",
            kept="until the transcript is posted, a day at most",
        ),
        chandelier.PersonalData(
            what="what the server's log is about to tell of you: joining, leaving, roles, nickname, edits",
            why="so that nothing is lost when Discord does not answer",
            kept="until it is posted, at most a day",
        ),
    ),
)
