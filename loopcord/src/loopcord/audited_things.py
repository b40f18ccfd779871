"""What is done to invites, webhooks, emojis, stickers, events, stages and rules, with the entries it leaves.

When there is an entry at all says :mod:`loopcord.audited`, what is in it :mod:`loopcord.audit_facts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import audit_facts as facts
from .audit import Event, differences, gone, made
from .audited_guilds import AuditedGuilds

__all__ = ["AuditedThings"]

#: Trigger metadata that an update tells item by item, as ``$add_NAME`` and ``$remove_NAME``.
_ITEMISED = ("keyword_filter", "regex_patterns", "allow_list")


class AuditedThings(AuditedGuilds):
    """The audited mutations of everything else that has entries."""

    # ------------------------------------------------------------------ invites

    def create_invite(self, channel_id: int, inviter_id: int, **fields: Any) -> Any:
        invite = super().create_invite(channel_id, inviter_id, **fields)
        self.note(invite.guild_id, Event.INVITE_CREATE, None, made(facts.invite(invite)))
        return invite

    def delete_invite(self, code: str) -> Any:
        invite = super().delete_invite(code)
        self.note(invite.guild_id, Event.INVITE_DELETE, None, gone(facts.invite(invite)))
        return invite

    # ------------------------------------------------------------------ webhooks

    def create_webhook(self, channel_id: int, name: str, creator_id: int) -> Any:
        webhook = super().create_webhook(channel_id, name, creator_id)
        self._emit_webhooks_update(channel_id)
        self.note(
            webhook.guild_id, Event.WEBHOOK_CREATE, webhook.id, made(facts.webhook(self._local, webhook))
        )
        return webhook

    def edit_webhook(self, webhook_id: int, changes: Mapping[str, Any]) -> Any:
        before = facts.webhook(self._local, self.get_webhook(webhook_id))
        webhook = super().edit_webhook(webhook_id, changes)
        if difference := differences(before, facts.webhook(self._local, webhook)):
            self.note(webhook.guild_id, Event.WEBHOOK_UPDATE, webhook_id, difference)
        return webhook

    def delete_webhook(self, webhook_id: int) -> None:
        webhook = self.get_webhook(webhook_id)
        before = facts.webhook(self._local, webhook)
        super().delete_webhook(webhook_id)
        self.note(webhook.guild_id, Event.WEBHOOK_DELETE, webhook_id, gone(before))

    # ------------------------------------------------------------------ emojis and stickers

    def create_emoji(self, guild_id: int, name: str, user_id: int, **fields: Any) -> Any:
        emoji = super().create_emoji(guild_id, name, user_id, **fields)
        self.note(guild_id, Event.EMOJI_CREATE, emoji.id, made(facts.emoji(emoji)))
        return emoji

    def edit_emoji(self, guild_id: int, emoji_id: int, changes: Mapping[str, Any]) -> Any:
        before = facts.emoji(self.get_emoji(guild_id, emoji_id))
        emoji = super().edit_emoji(guild_id, emoji_id, changes)
        if difference := differences(before, facts.emoji(emoji)):
            self.note(guild_id, Event.EMOJI_UPDATE, emoji_id, difference)
        return emoji

    def delete_emoji(self, guild_id: int, emoji_id: int) -> None:
        before = facts.emoji(self.get_emoji(guild_id, emoji_id))
        super().delete_emoji(guild_id, emoji_id)
        self.note(guild_id, Event.EMOJI_DELETE, emoji_id, gone(before))

    def create_sticker(self, guild_id: int, name: str, user_id: int, **fields: Any) -> Any:
        sticker = super().create_sticker(guild_id, name, user_id, **fields)
        self.note(guild_id, Event.STICKER_CREATE, sticker.id, made(facts.sticker(sticker)))
        return sticker

    def edit_sticker(self, guild_id: int, sticker_id: int, changes: Mapping[str, Any]) -> Any:
        before = facts.sticker(self.get_sticker(guild_id, sticker_id))
        sticker = super().edit_sticker(guild_id, sticker_id, changes)
        if difference := differences(before, facts.sticker(sticker)):
            self.note(guild_id, Event.STICKER_UPDATE, sticker_id, difference)
        return sticker

    def delete_sticker(self, guild_id: int, sticker_id: int) -> None:
        before = facts.sticker(self.get_sticker(guild_id, sticker_id))
        super().delete_sticker(guild_id, sticker_id)
        self.note(guild_id, Event.STICKER_DELETE, sticker_id, gone(before))

    # ------------------------------------------------------------------ scheduled events and stages

    def create_scheduled_event(self, guild_id: int, **fields: Any) -> Any:
        event = super().create_scheduled_event(guild_id, **fields)
        state = made(facts.scheduled_event(event))
        self.note(guild_id, Event.GUILD_SCHEDULED_EVENT_CREATE, event.id, state)
        return event

    def edit_scheduled_event(self, guild_id: int, event_id: int, changes: Mapping[str, Any]) -> Any:
        before = facts.scheduled_event(self.get_scheduled_event(guild_id, event_id))
        event = super().edit_scheduled_event(guild_id, event_id, changes)
        if difference := differences(before, facts.scheduled_event(event)):
            self.note(guild_id, Event.GUILD_SCHEDULED_EVENT_UPDATE, event_id, difference)
        return event

    def delete_scheduled_event(self, guild_id: int, event_id: int) -> None:
        before = facts.scheduled_event(self.get_scheduled_event(guild_id, event_id))
        super().delete_scheduled_event(guild_id, event_id)
        self.note(guild_id, Event.GUILD_SCHEDULED_EVENT_DELETE, event_id, gone(before))

    def create_stage_instance(self, channel_id: int, topic: str, *, privacy_level: int = 2) -> Any:
        stage = super().create_stage_instance(channel_id, topic, privacy_level=privacy_level)
        self._note_stage(Event.STAGE_INSTANCE_CREATE, stage, made(facts.stage_instance(stage)))
        return stage

    def edit_stage_instance(self, channel_id: int, changes: Mapping[str, Any]) -> Any:
        before = facts.stage_instance(self.get_stage_instance(channel_id))
        stage = super().edit_stage_instance(channel_id, changes)
        if difference := differences(before, facts.stage_instance(stage)):
            self._note_stage(Event.STAGE_INSTANCE_UPDATE, stage, difference)
        return stage

    def delete_stage_instance(self, channel_id: int) -> None:
        stage = self.get_stage_instance(channel_id)
        super().delete_stage_instance(channel_id)
        self._note_stage(Event.STAGE_INSTANCE_DELETE, stage, gone(facts.stage_instance(stage)))

    def _note_stage(self, event: Event, stage: Any, changes: list[dict[str, Any]]) -> None:
        self.note(stage.guild_id, event, stage.id, changes, {"channel_id": str(stage.channel_id)})

    # ------------------------------------------------------------------ auto-moderation rules

    def create_auto_mod_rule(self, guild_id: int, creator_id: int, body: Mapping[str, Any]) -> Any:
        rule = super().create_auto_mod_rule(guild_id, creator_id, body)
        state = made(facts.automod_rule(self._local, rule))
        self.note(guild_id, Event.AUTO_MODERATION_RULE_CREATE, rule.id, state)
        return rule

    def edit_auto_mod_rule(self, guild_id: int, rule_id: int, changes: Mapping[str, Any]) -> Any:
        before = facts.automod_rule(self._local, self.get_auto_mod_rule(guild_id, rule_id))
        rule = super().edit_auto_mod_rule(guild_id, rule_id, changes)
        difference = _itemised(differences(before, facts.automod_rule(self._local, rule)))
        if difference:
            self.note(guild_id, Event.AUTO_MODERATION_RULE_UPDATE, rule_id, difference)
        return rule

    def delete_auto_mod_rule(self, guild_id: int, rule_id: int) -> None:
        before = facts.automod_rule(self._local, self.get_auto_mod_rule(guild_id, rule_id))
        super().delete_auto_mod_rule(guild_id, rule_id)
        self.note(guild_id, Event.AUTO_MODERATION_RULE_DELETE, rule_id, gone(before))


def _itemised(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell added and removed keywords one list each, as Discord does for an updated rule."""
    result: list[dict[str, Any]] = []
    for change in changes:
        if change["key"] != "trigger_metadata":
            result.append(change)
            continue
        old, new = change.get("old_value") or {}, change.get("new_value") or {}
        for name in _ITEMISED:
            before, after = old.get(name) or [], new.get(name) or []
            if added := [item for item in after if item not in before]:
                result.append({"key": f"$add_{name}", "new_value": added})
            if removed := [item for item in before if item not in after]:
                result.append({"key": f"$remove_{name}", "new_value": removed})
        rest = {key: value for key, value in new.items() if key not in _ITEMISED}
        if rest != {key: value for key, value in old.items() if key not in _ITEMISED}:
            result.append(change)
    return result
