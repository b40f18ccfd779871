"""Stories of the log of events: what moderators see of deletions, edits, who comes and goes, and changes."""

from __future__ import annotations

import pytest

from chandelier.services.vault_keys import new_key_text


@pytest.fixture
def key():
    """The vault's, as the operator gives it to the host."""
    return {"CHANDELIER_VAULT_KEY": new_key_text()}


def watching(market, *kinds, form="card", **more):
    """The plugin's section with events told in the log, and nothing else."""
    told = {kind: {"channel": market.log.id, "format": form} for kind in kinds}
    return {"moderation": {"version": 2, "watch": {**told, **more}}}


async def test_a_deletion_and_an_edit_are_told_with_what_was_written(start_host, market, key):
    await start_host("moderation", config=watching(market, "deletions", "edits", keep=24), environ=key)

    message = await market.bob.send(market.general, "buy `my` [things](https://scam.example)")
    await market.bob.edit(message, "hello")
    edit = market.log.last
    await market.mod.delete(message)
    deletion = market.log.last

    assert "Message edited" in edit.text
    assert market.bob.mention in edit.text
    assert "```\nbuy ˋmyˋ [things](https://scam.example)\n```" in edit.text
    assert "```\nhello\n```" in edit.text
    assert edit.pinged == []
    assert "Message deleted" in deletion.text
    assert market.bob.mention in deletion.text
    assert market.general.mention in deletion.text
    assert "```\nhello\n```" in deletion.text
    assert len(market.log.messages) == 2
