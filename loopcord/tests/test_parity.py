"""The list of corrections is fit to write a page from."""

from __future__ import annotations

from loopcord.parity import corrections


def test_every_correction_names_its_source() -> None:
    for correction in corrections():
        assert correction.source.startswith("https://discord.com/developers/docs/"), correction
        assert correction.where, correction
        assert correction.was, correction
        assert correction.now != correction.was, correction


def test_no_correction_is_listed_twice() -> None:
    listed = corrections()

    assert len(set(listed)) == len(listed)
