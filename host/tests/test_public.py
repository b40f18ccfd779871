"""The public names: all there, and none imported before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import chandelier


def test_every_public_name_is_there_and_nothing_else() -> None:
    missing = [name for name in chandelier.__all__ if not hasattr(chandelier, name)]

    assert missing == []
    assert set(chandelier.__all__) <= set(dir(chandelier))
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        chandelier.Nonsense  # noqa: B018 - asking is what is tested


def test_the_command_line_answers_without_waiting_for_what_it_does_not_need() -> None:
    """Ctrl-C during a second of imports was a traceback."""
    loads = "import sys, chandelier.cli; print(*{'hikari', 'sqlalchemy', 'lightbulb'} & sys.modules.keys())"

    command = [sys.executable, "-c", loads]
    said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words

    assert said.stdout.split() == []
