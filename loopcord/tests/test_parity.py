"""The list of corrections is fit to write a page from."""

from __future__ import annotations

from loopcord.parity import corrections

#: Discord's documentation, its help centre, and where its engineers answer questions about them.
SOURCES = (
    "https://discord.com/developers/docs/",
    "https://github.com/discord/discord-api-docs/issues/",
    "https://support.discord.com/",
)


def test_every_correction_names_its_source() -> None:
    for correction in corrections():
        assert correction.source.startswith(SOURCES), correction
        assert correction.where, correction
        assert correction.was, correction
        assert correction.now != correction.was, correction


def test_no_correction_is_listed_twice() -> None:
    listed = corrections()

    assert len(set(listed)) == len(listed)
