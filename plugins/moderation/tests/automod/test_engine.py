"""The engine as a whole: what of a message is looked at, each trigger, and what no input may do."""

from __future__ import annotations

import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier_moderation.automod import counting, expressions, triggers
from chandelier_moderation.automod.actions import Delete
from chandelier_moderation.automod.content import content_of, content_of_name
from chandelier_moderation.automod.engine import Engine
from chandelier_moderation.automod.presets import PRESETS, preset
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.triggers import Expressions, Words

BADGER = Words(words=("badger",))


def rule(trigger, name="x", **more):
    return Rule(name=name, trigger=trigger, actions=(Delete(),), **more)


def hits(trigger, message, **more):
    return Engine([rule(trigger, **more)]).match(
        content_of(message if isinstance(message, dict) else {"content": message})
    )


def test_every_part_of_a_message_is_looked_at_and_named():
    """python-discord PR #3555, lawliet #63: forwarded content escapes."""
    parts = {
        "content": {"content": "badger"},
        "embed": {"embeds": [{"fields": [{"name": "x", "value": "badger"}]}]},
        "forward": {"message_snapshots": [{"message": {"content": "badger"}}]},
        "attachment": {"attachments": [{"filename": "badger.png"}]},
        "poll": {"poll": {"question": {"text": "?"}, "answers": [{"poll_media": {"text": "badger"}}]}},
    }
    for part, message in parts.items():
        (hit,) = hits(BADGER, message)
        assert (hit.part, hit.found, hit.rule.name) == (part, ("badger",), "x")
        assert not hits(
            BADGER, message, parts=tuple(other for other in (*parts, "nickname") if other != part)
        )
    for inner in ("embed", "attachment", "poll"):
        (hit,) = hits(BADGER, {"message_snapshots": [{"message": parts[inner]}]})
        assert hit.part == "forward"
    engine = Engine([rule(BADGER)])
    assert engine.match(content_of_name("nickname", "B4dger"))[0].part == "nickname"
    assert engine.match(content_of_name("thread", "the badger"))[0].part == "thread"
    assert not engine.match(content_of_name("thread", ""))


@pytest.mark.parametrize("key", ["title", "description", "url"])
def test_every_text_of_an_embed_counts(key):
    assert hits(BADGER, {"embeds": [{key: "a badger"}]})


def test_every_named_part_of_an_embed_counts():
    for embed in (
        {"author": {"name": "badger"}},
        {"footer": {"text": "badger"}},
        {"provider": {"name": "badger"}},
        {"fields": [{"name": "badger", "value": "."}]},
    ):
        assert hits(BADGER, {"embeds": [{}, embed]}), embed


def test_phrases_are_whole_words_prefixes_or_anything():
    """YAGPDB #789: punctuation at the edge; Zeppelin PR #520: loose matching."""
    assert hits(Words(words=("cat",)), "the (cat).")
    assert not hits(Words(words=("cat",)), "concatenate cats")
    assert hits(Words(words=("cat",), match="prefix"), "cats")
    assert not hits(Words(words=("cat",), match="prefix"), "concat")
    assert hits(Words(words=("cat",), match="anywhere"), "conc4tenate")
    assert hits(Words(words=("cat*", "*dog", "*owl*")), "cats")
    assert hits(Words(words=("cat*", "*dog", "*owl*")), "bulldog")
    assert not hits(Words(words=("cat*", "*dog")), "bobcat doggy")
    assert hits(Words(words=("*owl*",)), "prowler")
    assert hits(Words(words=("c++", "$$$", "a.b", ".exe")), "I like C++, really")[0].found == ("c++",)
    assert not hits(Words(words=("a.b",)), "a b, xa.b, a.bc")
    assert hits(Words(words=("don't",)), "DON’T")
    assert hits(Words(words=("👎",)), "hm 👎🏽")
    assert hits(Words(words=("<:no:123>",)), "<:no:123>")
    assert hits(Words(words=("проклятие",)), "ну, Проклятие!")
    assert hits(Words(words=("café",)), "CAFE")
    assert hits(Words(words=("नमस्ते",)), "कहो नमस्ते!")


def test_an_allowed_phrase_excuses_only_what_is_in_it():
    ass = Words(words=("ass",), match="anywhere", allow=("class", "pass away"))

    assert not hits(ass, "a class, and to pass away")
    assert hits(ass, "a class of asses")
    assert hits(ass, "classy")
    assert hits(Words(words=("chink",), allow=("chink in",)), "a chink, a chink in it")


def test_several_rules_and_several_finds_are_told_apart():
    rules = [
        rule(Words(words=("cat", "dog", "cow")), "animals"),
        rule(Words(words=("dog",)), "dogs"),
        rule(Words(words=("cat", "dog")), "both", at_least=2),
        rule(Words(words=("cat",)), "off", enabled=False),
        rule(triggers.Rate(), "flood"),
    ]
    engine = Engine(rules)

    assert [(hit.rule.name, hit.found) for hit in engine.match(content_of({"content": "dog dog CAT"}))] == [
        ("animals", ("dog", "cat")), ("dogs", ("dog",)), ("both", ("dog", "cat")),
    ]  # fmt: skip
    assert [hit.rule.name for hit in engine.match(content_of({"content": "dog"}))] == ["animals", "dogs"]
    assert [left.name for left in engine.stateful] == ["flood"]


def test_expressions_see_the_text_as_written_and_as_meant():
    assert hits(Expressions(expressions=(r"\bfree\s+nitro\b",)), "FREE \n NITRO")
    assert hits(Expressions(expressions=(r"\bfree\s+nitro\b",)), "fr33 𝓷itro")
    assert hits(Expressions(expressions=(r"^\*\*x",)), "**x**")
    hit = hits(Expressions(expressions=("no+", "ye+s", "a")), "nooo yees")[0]
    assert (hit.found, hit.excerpt) == (("no+", "ye+s"), "nooo")


def test_an_expression_that_freezes_others_is_only_an_expression_here():
    """WarnSystem (Laggrons #125)."""
    assert not hits(
        Expressions(expressions=("(x+x+)+y", "(a|aa)+$", "^(([a-z])+.)+[0-9]([a-z])+$")), "x" * 4000
    )


def test_sets_that_lack_memory_are_halved_and_find_all_the_same(monkeypatch):
    """A rule never stops silently."""
    monkeypatch.setattr(expressions, "_MEMORY_OF_A_SET", 1 << 15)
    many = tuple(f"some{number} (thing|other){{3}}" for number in range(100))
    engine = Engine([rule(Expressions(expressions=many))])

    assert len(engine._expressions._sets) > 1
    assert engine.match(content_of({"content": "well, SOME77 thingotherthing"}))[0].found == (many[77],)

    for part in engine._expressions._sets:
        part._set = Exhausted()
    assert engine.match(content_of({"content": "well, SOME77 thingotherthing"}))[0].found == (many[77],)


class Exhausted:
    """A set of re2 that lacks memory while it matches: it reports nothing at all."""

    def Match(self, text):  # noqa: N802 - re2's name
        return None


def test_what_was_not_checked_is_refused_all_the_same():
    for expression in ("(", r"(\w{1,500}){20}", "x" * 501):
        with pytest.raises(ValueError, match="is"):
            Engine([rule(Expressions(expressions=(expression,)))])


@pytest.mark.parametrize(
    ("trigger", "harmless", "too_much"),
    [
        (triggers.Capitals(percent=70, at_least=10), "HELLO World", "HELLO WORLDS!"),
        (triggers.Capitals(at_least=10), "<:KEKWKEKWKEKW:1> https://X.ORG/ABCDEFGHIJK", "ΓΕΙΑ ΣΟΥ ΚΟΣΜΕ"),
        (triggers.Emoji(most=2), "👨‍👩‍👧‍👦 🇮🇹 abc", "👍🏽👍<a:x:1>"),
        (triggers.Emoji(most=2), "<:a:1><:b:2>", "1️⃣2️⃣3️⃣"),
        (triggers.Newlines(most=3), "a\nb\nc", "a\n\n\nb"),
        (triggers.Zalgo(), "é ñ ệ Tiếng Việt हिन्दी ภาษาไทย", "z̷̢̧a̷̢̨l̷̢̨g̷̢̨o̸̡̢"),
        (triggers.Mentions(most=2), {"mentions": [{"id": "1"}, {"id": "1"}], "mention_roles": ["2"]},
            {"mentions": [{"id": "1"}], "mention_roles": ["2"], "mention_everyone": True}),
        (triggers.Attachments(deny=("exe", "video/*")), {"attachments": [{"filename": "exe.png"}]},
            {"attachments": [{"filename": "cat.PNG.eXe"}]}),
        (triggers.Attachments(deny=("video/*",)), {"attachments": [{"filename": "a.mp4"}]},
            {"attachments": [{"filename": "a", "content_type": "video/mp4; codecs=x"}]}),
        (triggers.Attachments(allow=("png", "image/*")), {"attachments": [{"filename": "a.PNG"}]},
            {"attachments": [{"filename": "a.png"}, {"filename": "noending"}]}),
        (triggers.Attachments(deny=(".exe",)), {"attachments": [{"filename": "a.exe.txt"}]},
            {"attachments": [{"filename": "a\u202etxt.exe"}, {"filename": "a.e\u200bxe"}]}),
    ],
)  # fmt: skip
def test_what_is_too_much(trigger, harmless, too_much):
    assert not hits(trigger, harmless)
    assert hits(trigger, too_much)


def test_what_is_counted():
    assert counting.emoji("👩🏾‍💻 ❤️ 🏳️‍🌈 ©") == 3
    assert counting.lines("") == 1
    assert counting.capitals("Ab `CODE` c") == (1, 3)


def test_the_same_content_has_the_same_digest_and_other_content_another():
    """A rule hits once per message and content; an embed that comes later is other content."""
    message = {"content": "a", "attachments": [{"filename": "b"}], "id": "1"}

    assert content_of(message).digest == content_of({**message, "id": "2", "edited_timestamp": "now"}).digest
    others = [
        {**message, "content": "b"},
        {**message, "embeds": [{"title": "a"}]},
        {"content": "a"},
        {"content": "a\ud800"},
    ]
    assert len({content_of(other).digest for other in (message, *others)}) == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.dictionaries(
    st.sampled_from(
        ["content", "embeds", "attachments", "poll", "message_snapshots", "mentions", "mention_roles"]
    ),
    JSON,
)
EVERYTHING = Engine(
    [
        *(made for name in PRESETS for made in preset(name).rules),
        rule(triggers.Links(), "links"),
        rule(triggers.Attachments(), "files"),
        rule(Words(words=("a", "ll", "i", "c++", "*x*"), match="anywhere", allow=("ab",)), "anywhere"),
        rule(Expressions(expressions=("x+", r"\W\W\w")), "expressions"),
    ]
)


@given(MESSAGES)
def test_no_message_breaks_the_engine(message):
    EVERYTHING.match(content_of(message))


@given(st.text(max_size=300))
def test_no_text_breaks_the_engine(text):
    for hit in EVERYTHING.match(content_of({"content": text})):
        assert hit.found
        assert isinstance(hit.excerpt, str)


@given(st.text("aflou .*|_`[]()<>\\/:@$1!%4\u200b\u0301аі😀", max_size=60))
def test_no_disguise_breaks_the_engine(text):
    EVERYTHING.match(content_of({"content": text}))


@given(
    st.lists(
        st.sampled_from(["alpha", "beta", "gamma", "delta", "all", "ball", "llama", "book", "moon"]),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([" ", "\n", ", ", "/", " - ", "…"]),
)
def test_words_are_never_joined(words, separator):
    """Whatever stands between words, a phrase of two of their halves is in none of them."""
    text = separator.join(words)
    joined = Words(words=tuple({a + b for a in words for b in words} - {*words}))

    assert not hits(joined, text)
    assert {what for hit in hits(Words(words=tuple({*words})), text) for what in hit.found} == {*words}


async def test_an_engine_of_many_phrases_is_made_on_a_thread(monkeypatch):
    threads = []
    made = Engine.__init__

    def noticing(self, *args, **kwargs):
        threads.append(threading.current_thread())
        made(self, *args, **kwargs)

    monkeypatch.setattr(Engine, "__init__", noticing)
    many = rule(Words(words=tuple(f"word{number}" for number in range(1000))))
    engine = await Engine.build([many])
    await Engine.build([rule(BADGER)])

    assert engine.match(content_of({"content": "w0rd77 word77"}))[0].found == ("word77",)
    assert [thread is threading.main_thread() for thread in threads] == [False, True]


LETTERS = st.text("ablio1 é", min_size=1, max_size=12)


@given(LETTERS, LETTERS, st.sampled_from(["word", "prefix", "anywhere"]))
def test_a_phrase_is_found_wherever_it_is_written(before, after, how):
    """Against the plainest matcher there is: the phrase in the text, with the edges that it asks for."""
    for phrase in ("bail", "ball", "lilo", "aab", "bo il"):
        left, right = ("" if how == "anywhere" else " "), (" " if how == "word" else "")
        for text in (f"{before} {phrase} {after}", f"{before}{phrase}{after}"):
            written = f" {' '.join(text.replace('é', 'e').split())} "
            if f"{left}{phrase}{right}" in written:
                assert hits(Words(words=(phrase,), match=how), text), (phrase, text)


@given(st.text("balio 1", max_size=20))
def test_what_is_found_is_the_phrase_stretched_at_most(text):
    """Nothing is found whose letters, each run of them as one, are not the phrase's."""
    for phrase in ("bail", "ball", "oboi"):
        for hit in hits(Words(words=(phrase,), match="anywhere"), text):
            found = re.sub(r"(.)\1+", r"\1", hit.excerpt)
            assert re.fullmatch(re.sub("[il]", "[il1]+", re.sub(r"(.)\1+", r"\1", phrase)), found), hit
            assert len(hit.excerpt) >= len(phrase)
