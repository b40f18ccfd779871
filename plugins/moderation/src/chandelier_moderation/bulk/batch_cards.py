"""How a batch looks: the preview before it, its progress, the account of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import hikari

import chandelier
from chandelier_moderation.bulk.batches import Account, Entry
from chandelier_moderation.bulk.failures import why_of
from chandelier_moderation.bulk.ids import Pasted
from chandelier_moderation.bulk.undo import INVERSES
from chandelier_moderation.cards import crop, quoted

__all__ = ["account_card", "account_file", "preview_card", "title_of"]

_ = chandelier.Messages("chandelier_moderation")

FIELD = 1_024
"""Characters of a field. https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""
NAMED = 10
"""People that a card names for each reason; the file of the account has all of them."""
REASONS = 5
"""Different reasons that a card shows."""

_AMBER, _GREEN, _GREY = hikari.Color(0xF5A623), hikari.Color(0x30A46C), hikari.Color(0x8B8D98)

_TITLES = {
    "ban": _("Mass ban"),
    "unban": _("Mass unban"),
    "timeout": _("Mass timeout"),
    "untimeout": _("End of timeouts"),
    "role_give": _("Role for many"),
    "role_take": _("Role taken from many"),
}
_OUTCOMES = {
    "done": _("Done"),
    "already": _("It was so already"),
    "refused": _("Refused"),
    "failed": _("Failed"),
    "waiting": _("Waiting"),
}


def title_of(action: str, undoes: str | None) -> str:
    """What a batch is, in words."""
    if undoes is None:
        return _TITLES.get(action, action)
    undone = INVERSES.get(action, action)
    return _("Undo: {what}", what=_TITLES.get(undone, undone))


def preview_card(account: Account, pasted: Pasted, unchecked: int) -> hikari.Embed:
    """What would happen to whom, before it is confirmed."""
    batch = account.batch
    waiting = account.of("waiting")
    embed = hikari.Embed(
        title=_("{what}: preview", what=title_of(batch.action, None)),
        colour=_AMBER,
        description=_.join(
            "\n",
            [
                _.count("**1 person** would be acted on.", "**{n} people** would be acted on.", len(waiting)),
                *([_people(waiting)] if waiting else []),
            ],
        ),
    )
    embed.add_field(_("Reason"), crop(batch.reason, FIELD) or _("no reason given"))
    already = account.of("already")
    if already:
        embed.add_field(_("It is so already ({n})", n=len(already)), _people(already))
    _reasons(embed, _("Refused ({n})", n=len(account.of("refused"))), account.of("refused"))
    if pasted.repeated:
        embed.add_field(_("There twice"), str(pasted.repeated), inline=True)
    if pasted.unread:
        shown = crop(" ".join(pasted.unread[:NAMED]), 200)
        embed.add_field(_("Not an id ({n})", n=len(pasted.unread)), quoted(shown))
    if unchecked:
        embed.set_footer(
            _.count(
                "1 of them is checked when it is carried out.",
                "{n} of them are checked when it is carried out.",
                unchecked,
            )
        )
    return embed


def account_card(account: Account) -> hikari.Embed:
    """How a batch stands: its progress while it runs, and how it ended."""
    batch, total = account.batch, len(account.entries)
    waiting = len(account.of("waiting"))
    cancelled, over = batch.state == "cancelled", batch.state == "done"
    embed = hikari.Embed(
        title=title_of(batch.action, batch.undoes),
        colour=_GREY if cancelled else _GREEN if over else _AMBER,
        timestamp=batch.created_at,
        description=_("Cancelled: nothing was done.")
        if cancelled
        else _.count("1 person", "{n} people", total)
        if over
        else _("{settled} of {total} so far", settled=total - waiting, total=total),
    )
    if cancelled:
        return embed
    embed.add_field(_("By"), f"<@{batch.moderator_id}>" if batch.moderator_id else _("*erased*"), inline=True)
    for outcome in ("done", "already", "refused", "failed", "waiting"):
        if count := len(account.of(outcome)):
            embed.add_field(_OUTCOMES[outcome], str(count), inline=True)
    embed.add_field(_("Reason"), crop(batch.reason, FIELD) or _("no reason given"))
    _reasons(embed, _("Why refused"), account.of("refused"))
    _reasons(embed, _("Why failed"), account.of("failed"))
    numbers = [entry.number for entry in account.entries if entry.number is not None]
    if numbers:
        first, last = min(numbers), max(numbers)
        cases = f"#{first}" if first == last else f"#{first} – #{last}"
        embed.set_footer(_("Cases {cases}", cases=cases))
    return embed


def account_file(account: Account, why: Mapping[int, str]) -> bytes:
    """The whole account as CSV; ``why`` in the reader's language, by the person's id."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["user_id", "outcome", "case", "why"])
    for entry in account.entries:
        number = "" if entry.number is None else entry.number
        writer.writerow([entry.target_id, entry.outcome, number, why.get(entry.target_id, "")])
    return out.getvalue().encode()


def _people(entries: Sequence[Entry]) -> str:
    named = " ".join(f"<@{one.target_id}>" if one.target_id > 0 else "–" for one in entries[:NAMED])
    more = len(entries) - NAMED
    return named if more <= 0 else _("{named} and {n} more", named=named, n=more)


def _reasons(embed: hikari.Embed, name: str, entries: Sequence[Entry]) -> None:
    """A field that says which reason met whom, the most frequent first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.why or "", []).append(entry)
    if not groups:
        return
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    lines = [
        _("{n}× {why} {people}", n=len(group), why=why_of(why), people=_people(group[:NAMED]))
        for why, group in ordered[:REASONS]
    ]
    embed.add_field(name, _.join("\n", lines))
