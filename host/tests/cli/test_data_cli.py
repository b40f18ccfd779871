"""``chandelier data`` and ``chandelier feedback``, typed while the bot does not run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from chandelier.clock import SystemClock
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import HOST_NAME
from chandelier.storage.tables import FeedbackRow

NOTES_METHODS = """
@hookimpl
def chandelier_manifest(self):
    kind = chandelier.PersonalData(what="notes", why="to read them", kept="for ever")
    return chandelier.Manifest(summary="notes", personal_data=(kind,))

@hookimpl
async def chandelier_export_person(self, user_id):
    assert self.ctx.storage.dialect
    return {"notes": ["dear diary"]}

@hookimpl
async def chandelier_erase_person(self, user_id, by):
    kept = chandelier.Kept(count=2, what="receipts", why="the law wants them")
    return chandelier.Erasure(erased=1 if by == "owner" else 0, kept=(kept,))
"""


def write_feedback(person_id: int) -> None:
    async def write() -> None:
        clock = SystemClock()
        database = Database("sqlite:///data/chandelier.db", data_dir=Path("data"), clock=clock)
        await database.start()
        await Migrator(database).upgrade(HOST_NAME, HOST_HISTORY)
        async with database.transaction() as session:
            session.add(
                FeedbackRow(
                    person_id=person_id,
                    locale="it",
                    text="too loud\nsince May",
                    sent_at=clock.now(),
                    trouble="owner 1 cannot be reached",
                )
            )
        await database.close()

    asyncio.run(write())


def test_the_owner_exports_and_erases_what_is_stored_about_somebody(type_in, install) -> None:
    install("notes", methods=NOTES_METHODS)
    write_feedback(42)

    listed = type_in("feedback", "list")
    assert "F1" in listed.output
    assert "user 42, by direct message" in listed.output
    assert "    since May" in listed.output
    assert "! owner 1 cannot be reached" in listed.output

    exported = type_in("data", "export", "42", "--to", "out")
    assert exported.exit_code == 0, exported.output
    file = Path("out/my-data-42.json")
    document = json.loads(file.read_text())
    assert document["plugins"]["notes"] == {"notes": ["dear diary"]}
    assert document["plugins"]["core"]["feedback"][0]["text"] == "too loud\nsince May"
    assert file.stat().st_mode & 0o077 == 0
    again = json.loads(type_in("data", "export", "42", "--to", "out", "--json").stdout)
    assert again["files"] == ["out/my-data-42-2.json"]

    assert type_in("data", "erase", "42").exit_code == 1  # nobody said yes
    erased = type_in("data", "erase", "42", "--yes", "--json")
    assert erased.exit_code == 0, erased.output
    parts = {part["plugin"]: part for part in json.loads(erased.stdout)["parts"]}
    assert parts["core"]["erased"] == 3  # the feedback, and that their data was exported twice
    assert (parts["notes"]["erased"], parts["notes"]["kept"][0]["why"]) == (1, "the law wants them")
    assert json.loads(type_in("feedback", "list", "--json").stdout) == []
    assert "Nothing is left to do" in type_in("data", "erasures").output


def test_a_plugin_that_cannot_be_asked_is_named_and_does_its_part_later(type_in, install) -> None:
    install(
        "notes", methods=NOTES_METHODS + "\nasync def setup(self, ctx):\n    raise RuntimeError('no disk')\n"
    )

    exported = type_in("data", "export", "42")
    assert exported.exit_code == 1
    assert "without what notes stores: it does not run now (quarantined: no disk)" in " ".join(
        exported.output.split()
    )
    erased = type_in("data", "erase", "42", "--yes")
    assert erased.exit_code == 1

    assert "notes: it does not run now" in type_in("data", "erasures").output
