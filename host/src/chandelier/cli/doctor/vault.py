"""The vault: whether the keys that protect what is sealed about people are given, and are the right ones."""

from __future__ import annotations

from chandelier.cli.doctor.database import opened
from chandelier.cli.doctor.finding import Examination, Finding, Level
from chandelier.errors import ChandelierError
from chandelier.services.vault_keys import KeySources
from chandelier.services.vault_people import PeopleKeys
from chandelier.services.vault_upkeep import VaultUpkeep
from chandelier.storage.history import HOST_HISTORY, is_current
from chandelier.storage.names import HOST_NAME

__all__ = ["keys"]

HOW = "chandelier vault status"


async def keys(patient: Examination) -> list[Finding]:
    """What is out of reach, and why; without a key and without anything sealed there is nothing to say."""
    if patient.data is None or patient.config is None or patient.deployment is None:
        return []
    try:
        sources = KeySources.of(patient.deployment, patient.config)
        async with opened(patient) as database:
            if database is None or not await is_current(database, HOST_NAME, HOST_HISTORY):
                return []  # nothing can be sealed yet
            people = PeopleKeys(database, patient.clock, sources.read)
            await people.read_keys()
            states = await VaultUpkeep(database, people).status()
            found = [Finding("vault", Level.PROBLEM, problem, HOW) for problem in people.ring.problems]
    except ChandelierError as error:
        return [Finding("vault", Level.PROBLEM, str(error), HOW)]
    for state in states:
        if state.troubled:
            said = f"the key {state.key_id} is {state.state}; it protects data of {state.people} people"
            found.append(Finding("vault", Level.PROBLEM, said, "give it again; nothing is lost"))
    if not found and states:
        count = "one key, which is" if len(states) == 1 else f"{len(states)} keys, none of which is"
        wrong = "neither missing nor wrong" if len(states) == 1 else "missing or wrong"
        found.append(Finding("vault", Level.OK, f"{count} {wrong}"))
    return found
