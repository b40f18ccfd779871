"""The vault: what is sealed for a person opens only there, survives new keys, and ends with the person."""

from __future__ import annotations

import asyncio
import base64
import copy
import pickle
import stat
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import func, select, update

import chandelier
from chandelier.config.secret import Secret
from chandelier.services.cipher import Cipher, Tampered
from chandelier.services.vault import SealedValue, Vault
from chandelier.services.vault_keys import KeyRing, KeySources, new_key_text
from chandelier.services.vault_people import KEPT_FOR, KEPT_MOST, READ_AGAIN_AFTER, PeopleKeys
from chandelier.services.vault_upkeep import BATCH, VaultUpkeep
from chandelier.storage.engine import Database
from chandelier.storage.tables import VaultPersonRow

ALICE, BOB = 1001, 1002
PROFILE = {"table": "diary_profiles", "row": 1, "field": "address"}


def sources(*texts: str, folder: Path = Path("data"), **more) -> KeySources:
    secret = Secret(" ".join(texts)) if texts else None
    return KeySources(secret=secret, file=None, keyring=None, data_dir=folder, **more)


class Bank:
    """One database, and the hosts that open its vault, each with keys of its own."""

    def __init__(self, database: Database, clock) -> None:
        self.database, self.clock = database, clock

    async def host(self, *texts: str, read=None) -> PeopleKeys:
        people = PeopleKeys(self.database, self.clock, read or sources(*texts).read)
        await people.start()
        return people

    def vault(self, people: PeopleKeys, plugin: str = "diary") -> Vault:
        return Vault(plugin, people, self.database.storage(plugin))

    async def with_keys(self, *texts: str) -> Vault:
        return self.vault(await self.host(*texts))

    async def wrapped_by(self) -> dict[str, int]:
        counted = select(VaultPersonRow.wrapped_by, func.count()).group_by(VaultPersonRow.wrapped_by)
        async with self.database.read() as session:
            return {row[0]: row[1] for row in await session.execute(counted)}


@pytest.fixture
async def bank(world) -> Bank:
    return Bank(world.database, world.clock)


KEY = f"may23456.{base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip('=')}"
OTHER_KEY = f"june2345.{base64.urlsafe_b64encode(bytes(range(100, 132))).decode().rstrip('=')}"


async def test_what_is_sealed_opens_again_and_says_nothing_meanwhile(bank) -> None:
    vault = await bank.with_keys(KEY)

    sealed = await vault.seal(ALICE, "12 Elm Street", **PROFILE)
    again = await vault.seal(ALICE, "12 Elm Street", **PROFILE)

    assert sealed[0] == 1  # the version byte
    assert b"Elm" not in sealed
    assert sealed != again  # a nonce of its own each time
    assert await vault.open(ALICE, sealed, **PROFILE) == "12 Elm Street"
    assert await (await bank.with_keys(KEY)).open(ALICE, again, **PROFILE) == "12 Elm Street"


async def test_json_ready_data_and_bytes_come_back_as_they_were(bank) -> None:
    vault = await bank.with_keys(KEY)

    for value in ("", None, 0, [1, {"a": None}], b"\x00\xff", {"half": "\ud800", "nul": "\x00"}, 2**80):
        assert await vault.open(ALICE, await vault.seal(ALICE, value, **PROFILE), **PROFILE) == value


async def test_what_cannot_be_sealed_is_refused_without_being_shown(bank) -> None:
    vault = await bank.with_keys(KEY)

    unfit = {"where": {"12 Elm Street"}}

    with pytest.raises(TypeError, match="dict that is not JSON-ready") as refused:
        await vault.seal(ALICE, unfit, **PROFILE)

    assert "Elm" not in "".join(traceback.format_exception(refused.value))


MOVED = (
    (BOB, {}),
    (ALICE, {"row": 2}),
    (ALICE, {"row": "1"}),
    (ALICE, {"field": "phone"}),
    (ALICE, {"table": "diary_pages"}),
    (ALICE, {"row": (1, 1)}),
)


async def test_what_was_moved_does_not_open(bank) -> None:
    vault = await bank.with_keys(KEY)
    await vault.seal(BOB, "bob's own", **PROFILE)
    sealed = await vault.seal(ALICE, "12 Elm Street", **PROFILE)

    for person, elsewhere in MOVED:
        with pytest.raises(chandelier.SealBroken):
            await vault.open(person, sealed, **{**PROFILE, **elsewhere})


async def test_a_plugin_does_not_open_what_another_sealed(bank) -> None:
    people = await bank.host(KEY)
    sealed = await bank.vault(people).seal(ALICE, "dear diary", **PROFILE)

    with pytest.raises(chandelier.SealBroken):
        await bank.vault(people, "shop").open(ALICE, sealed, **PROFILE)


@hypothesis.given(data=st.data(), plain=st.binary(max_size=200), bound=st.binary(max_size=60))
def test_no_changed_byte_goes_unnoticed(data, plain, bound) -> None:
    cipher = Cipher(b"k" * 32)
    sealed = bytearray(cipher.encrypt(plain, bound))
    assert cipher.decrypt(bytes(sealed), bound) == plain

    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))

    with pytest.raises(Tampered):
        cipher.decrypt(bytes(sealed), bound)
    with pytest.raises(Tampered):
        cipher.decrypt(bytes(sealed[: data.draw(st.integers(0, len(sealed) - 1))]), bound)


async def test_round_trip_tamper_and_swap_hold_for_whatever_is_sealed(bank) -> None:
    vault = await bank.with_keys(KEY)
    loop = asyncio.get_running_loop()
    json_ready = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )
    names = st.text(max_size=8)
    places = st.tuples(
        st.integers(1, 3), names, st.integers() | names | st.tuples(st.integers(), names), names
    )

    def at(place, value) -> SealedValue:
        person, table, row, field = place
        return SealedValue(person_id=person, value=value, table=table, row=row, field=field)

    @hypothesis.settings(max_examples=25)
    @hypothesis.given(place=places, other=places, value=json_ready | st.binary(), where=st.integers(0))
    def check(place, other, value, where) -> None:
        async def story() -> None:
            sealed = await vault.seal_all([at(place, value), at(other, value)])
            there, _ = await vault.open_all([at(place, sealed[0]), at(other, sealed[1])])
            assert there.problem is None
            assert there.value == value
            if place != other:
                [moved] = await vault.open_all([at(other, sealed[0])])
                assert isinstance(moved.problem, chandelier.SealBroken)
            changed = bytearray(sealed[0])
            changed[where % len(changed)] ^= 1
            [broken] = await vault.open_all([at(place, bytes(changed))])
            assert broken.problem is not None

        asyncio.run_coroutine_threadsafe(story(), loop).result(30)

    await asyncio.to_thread(check)


async def test_a_hundred_profiles_cost_one_query_and_one_that_is_broken_costs_no_other(
    bank, monkeypatch
) -> None:
    vault = await bank.with_keys(KEY)
    people = range(1, 101)
    items = [
        SealedValue(
            person_id=one, value=f"{one} Elm Street", table="diary_profiles", row=one, field="address"
        )
        for one in people
    ]
    sealed = await vault.seal_all(items)
    sealed[4] = sealed[5]
    fresh = await bank.with_keys(KEY)
    queries: list[object] = []
    from chandelier.storage.guard import GuardedSession

    execute = GuardedSession.execute
    monkeypatch.setattr(
        GuardedSession, "execute", lambda self, *a, **k: queries.append(a) or execute(self, *a, **k)
    )

    opened = await fresh.open_all(
        [
            SealedValue(
                person_id=item.person_id, value=blob, table=item.table, row=item.row, field=item.field
            )
            for item, blob in zip(items, sealed, strict=True)
        ]
    )

    assert [one.value for one in opened[:4]] == [
        "1 Elm Street",
        "2 Elm Street",
        "3 Elm Street",
        "4 Elm Street",
    ]
    assert isinstance(opened[4].problem, chandelier.SealBroken)
    assert opened[99].value == "100 Elm Street"
    assert len(queries) <= 2  # the data keys, and once the check of the key that wraps them


async def test_sealing_belongs_to_the_callers_transaction(bank) -> None:
    vault = await bank.with_keys(KEY)

    with pytest.raises(RuntimeError, match="changed my mind"):
        async with bank.database.transaction("diary") as session:
            sealed = await vault.seal(ALICE, "12 Elm Street", **PROFILE, session=session)
            assert await vault.open(ALICE, sealed, **PROFILE, session=session) == "12 Elm Street"
            raise RuntimeError("changed my mind")

    assert await bank.wrapped_by() == {}


async def test_an_erased_persons_data_is_unreadable_at_once_and_a_new_key_does_not_bring_it_back(
    bank,
) -> None:
    people = await bank.host(KEY)
    vault = bank.vault(people)
    hers = await vault.seal(ALICE, "12 Elm Street", **PROFILE)
    his = await vault.seal(BOB, "bob's own", **PROFILE)

    async with bank.database.transaction() as session:
        assert await people.destroy(ALICE, session)
    with pytest.raises(chandelier.SealErased):
        await vault.open(ALICE, hers, **PROFILE)
    anew = await vault.seal(ALICE, "moved house", **PROFILE)

    assert await vault.open(ALICE, anew, **PROFILE) == "moved house"
    assert await vault.open(BOB, his, **PROFILE) == "bob's own"
    with pytest.raises(chandelier.SealErased, match="erased at the person's request"):
        await vault.open(ALICE, hers, **PROFILE)


async def test_an_erasure_that_is_rolled_back_erased_nothing(bank) -> None:
    people = await bank.host(KEY)
    vault = bank.vault(people)
    sealed = await vault.seal(ALICE, "12 Elm Street", **PROFILE)

    with pytest.raises(RuntimeError):
        async with bank.database.transaction() as session:
            await people.destroy(ALICE, session)
            raise RuntimeError("no")

    assert await vault.open(ALICE, sealed, **PROFILE) == "12 Elm Street"


async def test_data_keys_stay_in_memory_briefly_and_boundedly(bank, monkeypatch) -> None:
    people = await bank.host(KEY)
    vault = bank.vault(people)
    sealed = await vault.seal(ALICE, "12 Elm Street", **PROFILE)
    name = sealed[1:9].hex()
    assert set(people.cached([name])) == {name}

    bank.clock.advance(KEPT_FOR + 1)
    assert people.cached([name]) == {}

    monkeypatch.setattr("chandelier.services.vault_people.KEPT_MOST", 3)
    for person in range(5):
        await vault.seal(person, "x", **PROFILE)
    assert len(people._kept) == 3
    assert KEPT_MOST <= 1000


# ---- keys that are missing, wrong or new


async def test_without_a_key_nothing_is_sealed_and_the_answer_says_so(bank) -> None:
    people = await bank.host()

    with pytest.raises(chandelier.ServiceUnavailable, match="has no key that can be used"):
        await bank.vault(people).seal(ALICE, "x", **PROFILE)

    assert people.problem is not None
    assert await bank.wrapped_by() == {}


async def test_a_missing_key_hides_the_data_and_is_not_replaced_by_a_new_one(bank) -> None:
    sealed = await (await bank.with_keys(KEY)).seal(ALICE, "12 Elm Street", **PROFILE)
    before = await bank.wrapped_by()

    for given in ((), (OTHER_KEY,)):
        people = await bank.host(*given)
        vault = bank.vault(people)
        assert people.problem is not None  # known at the start, for the log and for plugins' health
        with pytest.raises(chandelier.ServiceUnavailable, match="Nothing is lost"):
            await vault.open(ALICE, sealed, **PROFILE)
        with pytest.raises(chandelier.ServiceUnavailable):
            await vault.seal(BOB, "never with the wrong key", **PROFILE)
        with pytest.raises(chandelier.ServiceUnavailable):
            await vault.seal(ALICE, "never over the old one", **PROFILE)

    assert await bank.wrapped_by() == before
    assert await (await bank.with_keys(KEY)).open(ALICE, sealed, **PROFILE) == "12 Elm Street"


async def test_a_wrong_key_under_the_right_name_is_known_as_wrong(bank) -> None:
    sealed = await (await bank.with_keys(KEY)).seal(ALICE, "12 Elm Street", **PROFILE)
    impostor = f"{KEY.partition('.')[0]}.{OTHER_KEY.partition('.')[2]}"

    people = await bank.host(impostor)

    with pytest.raises(chandelier.ServiceUnavailable, match="is not the one that protects"):
        await bank.vault(people).open(ALICE, sealed, **PROFILE)
    [state] = await VaultUpkeep(bank.database, people).status()
    assert (state.state, state.people, state.troubled) == ("wrong", 1, True)


async def test_a_key_that_comes_back_is_noticed_without_a_restart(bank) -> None:
    sealed = await (await bank.with_keys(KEY)).seal(ALICE, "12 Elm Street", **PROFILE)
    rings = [KeyRing(), sources(KEY).read()]
    people = await bank.host(read=lambda: rings[0])
    with pytest.raises(chandelier.ServiceUnavailable):
        await bank.vault(people).open(ALICE, sealed, **PROFILE)

    rings.pop(0)
    bank.clock.advance(READ_AGAIN_AFTER)

    assert await bank.vault(people).open(ALICE, sealed, **PROFILE) == "12 Elm Street"
    assert people.problem is None


async def test_keys_change_while_a_host_goes_on_reading_and_writing(bank) -> None:
    texts = [KEY]
    people = await bank.host(read=lambda: sources(*texts).read())
    running = bank.vault(people)
    sealed = await running.seal_all(
        [SealedValue(person_id=person, value=person, **PROFILE) for person in range(BATCH + 20)]
    )
    old, new = KEY.partition(".")[0], OTHER_KEY.partition(".")[0]

    texts.insert(0, OTHER_KEY)  # in the file that the host has its keys from
    command = await bank.host(OTHER_KEY, KEY)
    told: list[int] = []
    rotation = asyncio.create_task(VaultUpkeep(bank.database, command).rotate(tell=told.append))
    bank.clock.advance(KEPT_FOR)
    for person in (0, 50, BATCH + 10):
        assert await running.open(person, sealed[person], **PROFILE) == person
    done = await rotation
    bank.clock.advance(KEPT_FOR)

    assert (done.key_id, done.rewrapped, done.left) == (new, BATCH + 20, 0)
    assert told == [BATCH, BATCH + 20]
    assert await bank.wrapped_by() == {new: BATCH + 20}
    assert await running.open(7, sealed[7], **PROFILE) == 7
    states = await VaultUpkeep(bank.database, command).status()
    assert {one.key_id: (one.state, one.people) for one in states} == {
        new: ("wraps", BATCH + 20),
        old: ("unused", 0),
    }
    assert await (await bank.with_keys(OTHER_KEY)).open(9, sealed[9], **PROFILE) == 9


async def test_a_rotation_that_was_broken_off_goes_on_the_next_time(bank) -> None:
    vault = await bank.with_keys(KEY)
    sealed = await vault.seal_all(
        [SealedValue(person_id=person, value=person, **PROFILE) for person in range(BATCH * 2)]
    )
    people = await bank.host(OTHER_KEY, KEY)

    def power_cut(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await VaultUpkeep(bank.database, people).rotate(tell=power_cut)
    assert sorted((await bank.wrapped_by()).values()) == [BATCH, BATCH]
    done = await VaultUpkeep(bank.database, people).rotate()

    assert done.rewrapped == BATCH
    assert await (await bank.with_keys(OTHER_KEY)).open(3, sealed[3], **PROFILE) == 3


async def test_a_rotation_without_the_old_key_changes_nothing(bank) -> None:
    sealed = await (await bank.with_keys(KEY)).seal(ALICE, "12 Elm Street", **PROFILE)

    with pytest.raises(chandelier.ServiceUnavailable, match="missing"):
        await VaultUpkeep(bank.database, await bank.host(OTHER_KEY)).rotate()

    assert await (await bank.with_keys(KEY)).open(ALICE, sealed, **PROFILE) == "12 Elm Street"


async def test_only_the_owner_gives_up_a_lost_key_and_never_one_that_is_there(bank) -> None:
    await (await bank.with_keys(KEY)).seal(ALICE, "lost", **PROFILE)
    lost = KEY.partition(".")[0]
    with pytest.raises(chandelier.InvalidRequest, match="is not lost"):
        await VaultUpkeep(bank.database, await bank.host(KEY)).abandon(lost)

    people = await bank.host(OTHER_KEY)
    assert await VaultUpkeep(bank.database, people).abandon(lost) == 1

    assert await bank.vault(people).seal(BOB, "a new beginning", **PROFILE)


async def test_a_damaged_data_key_is_told_and_left_alone(bank) -> None:
    vault = await bank.with_keys(KEY)
    sealed = await vault.seal(ALICE, "12 Elm Street", **PROFILE)
    await vault.seal(BOB, "bob's own", **PROFILE)
    async with bank.database.transaction() as session:
        bobs = await session.scalar(select(VaultPersonRow.wrapped).where(VaultPersonRow.person_id == BOB))
        await session.execute(
            update(VaultPersonRow).where(VaultPersonRow.person_id == ALICE).values(wrapped=bobs)
        )

    fresh = await bank.with_keys(KEY)

    with pytest.raises(chandelier.ServiceUnavailable, match="is damaged"):
        await fresh.open(ALICE, sealed, **PROFILE)
    with pytest.raises(chandelier.ServiceUnavailable, match="is damaged"):
        await fresh.seal(ALICE, "not over it", **PROFILE)


# ---- two hosts on one database


@asynccontextmanager
async def second_connection(database: Database) -> AsyncGenerator[Database, None]:
    other = Database(database.url, data_dir=database.data_dir, clock=database.clock)
    await other.start()
    try:
        yield other
    finally:
        await other.close()


async def test_two_hosts_that_make_one_persons_key_at_once_end_with_one(bank) -> None:
    async with second_connection(bank.database) as database:
        there = Bank(database, bank.clock)
        here_vault, there_vault = await bank.with_keys(KEY), await there.with_keys(KEY)

        async def both(vault: Vault, mine: Bank) -> list[bytes]:
            return await asyncio.gather(
                *(vault.seal(person, person, **PROFILE) for person in range(10)),
                vault.seal(ALICE, "from somewhere", **PROFILE),
            )

        one, two = await asyncio.gather(both(here_vault, bank), both(there_vault, there))

        assert sum((await bank.wrapped_by()).values()) == 11
        for person in range(10):
            assert await here_vault.open(person, two[person], **PROFILE) == person
            assert await there_vault.open(person, one[person], **PROFILE) == person


async def test_nobody_seals_with_a_key_that_is_destroyed_at_the_same_time(bank) -> None:
    async with second_connection(bank.database) as database:
        there = Bank(database, bank.clock)
        here, people_there = await bank.host(KEY), await there.host(KEY)
        await bank.vault(here).seal(ALICE, "first", **PROFILE)
        await there.vault(people_there).seal(ALICE, "known there too", **PROFILE)

        async with bank.database.transaction() as session:
            await here.destroy(ALICE, session)
        sealed = await there.vault(people_there).seal(ALICE, "afterwards", **PROFILE)

        assert await bank.vault(here).open(ALICE, sealed, **PROFILE) == "afterwards"


# ---- where keys come from


def problem_of(file: Path | None = None, *, data: Path = Path("data"), **given) -> str:
    ring = KeySources(secret=None, file=file, keyring=given.get("keyring"), data_dir=data).read()
    assert ring.keys == ()
    [problem] = ring.problems
    return problem


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_of_keys_is_read_with_its_comments(tmp_path) -> None:
    file = write(tmp_path / "keys", f"# since May\n{OTHER_KEY}\n{KEY}  # before\n")

    ring = KeySources(secret=None, file=file, keyring=None, data_dir=tmp_path / "data").read()

    assert [key.key_id for key in ring.keys] == [OTHER_KEY.partition(".")[0], KEY.partition(".")[0]]
    assert ring.problems == ()


@pytest.mark.parametrize("mode", [0o604, 0o606, 0o620, 0o644])
def test_a_file_that_others_can_read_is_refused_with_the_way_out(tmp_path, mode) -> None:
    file = write(tmp_path / "keys", KEY, mode)

    assert f"chmod 600 {file}" in problem_of(file)
    file.chmod(0o440)  # as systemd hands credentials over
    assert KeySources(secret=None, file=file, keyring=None, data_dir=tmp_path / "data").read().keys


def test_a_file_in_the_data_folder_is_refused_also_behind_a_link(tmp_path) -> None:
    data = tmp_path / "data"
    file = write(data / "secrets" / "keys", KEY)
    link = tmp_path / "keys"
    link.symlink_to(file)

    for path in (file, link):
        assert "move it elsewhere" in problem_of(path, data=data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no key"),
        ("hunter2-very-secret", "is it whole?"),
        (KEY[:-1], "is it whole?"),
        (KEY + "A" * 10, "is it whole?"),
        ("\x7fELF\x00", "is it whole?"),
        ("schlüssel", "holds no key but something else"),
    ],
    ids=["empty", "a password", "cut", "too long", "binary", "not ASCII"],
)
def test_what_is_no_key_is_refused_without_being_shown(tmp_path, text, words) -> None:
    problem = problem_of(write(tmp_path / "keys", text))

    assert words in problem
    assert not text or text not in problem
    assert KEY.partition(".")[2][:20] not in problem


def test_a_file_that_is_away_is_a_problem_and_no_crash(tmp_path) -> None:
    assert "No such file" in problem_of(tmp_path / "nowhere")
    assert "is no file" in problem_of(write(tmp_path / "x" / "y", "").parent)


def test_two_different_keys_of_one_name_are_refused() -> None:
    impostor = f"{KEY.partition('.')[0]}.{OTHER_KEY.partition('.')[2]}"

    [problem] = sources(KEY, impostor).read().problems

    assert "two different keys are called" in problem


class Keychain:
    """A keyring that holds what a test puts there."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, user: str) -> str | None:
        if self.locked:
            from keyring.errors import KeyringLocked

            raise KeyringLocked("hunter2 is what you need")
        return self.held.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        self.held[service, user] = password


def test_keys_come_from_the_keyring_of_the_operating_system(monkeypatch) -> None:
    keyring = pytest.importorskip("keyring")
    chain = Keychain()
    monkeypatch.setattr(keyring, "get_password", chain.get_password)

    assert "has no key for the service 'bot'" in problem_of(keyring="bot")
    chain.set_password("bot", "vault-key", KEY)
    ring = KeySources(secret=None, file=None, keyring="bot", data_dir=Path("data")).read()
    assert [key.key_id for key in ring.keys] == [KEY.partition(".")[0]]
    chain.locked = True
    locked = problem_of(keyring="bot")
    assert "unlock it" in locked
    assert "hunter2" not in locked


async def test_a_keyring_that_waits_for_somebody_does_not_stop_the_host(bank, monkeypatch) -> None:
    monkeypatch.setattr("chandelier.services.vault_people.READ_WITHIN", 0.01)
    import threading

    answered = threading.Event()
    try:
        people = await bank.host(read=lambda: (answered.wait(10) and KeyRing()) or KeyRing())
        assert "is the keyring locked?" in people.ring.problems[0]
    finally:
        answered.set()


def test_nothing_shows_a_key() -> None:
    learned: list[str] = []
    ring = sources(KEY, learn=learned.append).read()
    key = ring.keys[0]
    secret = KEY.partition(".")[2]

    for shown in (repr(key), str(key), repr(ring), repr(sources(KEY)), repr(Cipher(b"k" * 32))):
        assert secret not in shown
        assert "kkkk" not in shown
    for thing in (key, Cipher(b"k" * 32)):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(thing)
        with pytest.raises(TypeError):
            copy.deepcopy(thing)
    assert secret in learned  # so that logs leave it out
    assert KEY in learned


def test_a_key_as_it_is_written_is_new_each_time() -> None:
    assert new_key_text() != new_key_text()
    assert sources(new_key_text()).read().problems == ()
    assert stat.S_IRWXO == 0o007
