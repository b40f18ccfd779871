"""Components and forms: what each may hold, and how Discord says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from loopcord import interactions

V2 = 1 << 15


def _button(custom_id: str = "buy", **changes: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Buy", "custom_id": custom_id, **changes}


def _menu(*values: str, **changes: Any) -> dict[str, Any]:
    options = [{"label": value, "value": value} for value in values]
    return {"type": 3, "custom_id": "pick", "options": options, **changes}


def _row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


@pytest.mark.parametrize(
    ("components", "problem"),
    [
        ([_button()], {"components.0": ["UNION_TYPE_CHOICES"]}),
        ([_row()], {"components.0.components": ["BASE_TYPE_REQUIRED"]}),
        (
            [_row(*(_button(f"{n}") for n in range(6)))],
            {
                "components.0.components": ["BASE_TYPE_BAD_LENGTH"],
                "components.0.components.5": ["COMPONENT_LAYOUT_WIDTH_EXCEEDED"],
            },
        ),
        (
            [_row(_button(), _menu("a"))],
            {"components.0.components.1": ["COMPONENT_LAYOUT_WIDTH_EXCEEDED"]},
        ),
        ([_row(_button(f"{n}")) for n in range(6)], {"components": ["BASE_TYPE_BAD_LENGTH"]}),
        (
            [_row(_button("x" * 101))],
            {"components.0.components.0.custom_id": ["BASE_TYPE_BAD_LENGTH"]},
        ),
        (
            [_row(_button(label="x" * 81))],
            {"components.0.components.0.label": ["BASE_TYPE_MAX_LENGTH"]},
        ),
        (
            [_row(_button()), _row(_button())],
            {"components.1.components.0.custom_id": ["COMPONENT_CUSTOM_ID_DUPLICATED"]},
        ),
        (
            [_row({"type": 2, "style": 1, "label": "Buy"})],
            {"components.0.components.0.custom_id": ["BUTTON_COMPONENT_CUSTOM_ID_REQUIRED"]},
        ),
        (
            [_row({"type": 2, "style": 5, "label": "Shop"})],
            {"components.0.components.0.url": ["BUTTON_COMPONENT_URL_REQUIRED"]},
        ),
        (
            [_row({"type": 2, "style": 5, "label": "Shop", "url": "steam://lamp"})],
            {"components.0.components.0.url": ["URL_TYPE_INVALID_SCHEME"]},
        ),
        ([_row(_button(style=7))], {"components.0.components.0.style": ["BASE_TYPE_CHOICES"]}),
        (
            [_row(_menu(*(f"{n}" for n in range(26))))],
            {"components.0.components.0.options": ["BASE_TYPE_BAD_LENGTH"]},
        ),
        (
            [_row(_menu("a", "a"))],
            {"components.0.components.0.options.1.value": ["SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"]},
        ),
        (
            [_row(_menu("a", max_values=2))],
            {"components.0.components.0.options": ["BASE_TYPE_BAD_LENGTH"]},
        ),
        (
            [_row(_menu("a", "b", min_values=2, max_values=1))],
            {"components.0.components.0.max_values": ["NUMBER_TYPE_MIN"]},
        ),
        (
            [_row(_menu("a", placeholder="x" * 151))],
            {"components.0.components.0.placeholder": ["BASE_TYPE_MAX_LENGTH"]},
        ),
        ([{"type": 10, "content": "shown"}], {"components.0": ["UNION_TYPE_CHOICES"]}),
        (["row"], {"components.0": ["MODEL_TYPE_CONVERT"]}),
        ({"type": 1}, {"components": ["LIST_TYPE_CONVERT"]}),
    ],
)
async def test_components_out_of_bounds(market, api, components: Any, problem: dict[str, list[str]]) -> None:
    """https://discord.com/developers/docs/components/reference"""
    answer = await api("POST", market.messages, {"content": "lamp", "components": components})

    assert answer.errors == problem


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            {"components": [{"type": 10, "content": "x"}] * 41},
            {"components": ["COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"]},
        ),
        (
            {"components": [{"type": 10, "content": "x" * 2_001}] * 2},
            {"components": ["COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"]},
        ),
        (
            {"components": [{"type": 10, "content": "x"}], "content": "y", "embeds": [{"title": "z"}]},
            {
                "content": ["MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"],
                "embeds": ["MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"],
            },
        ),
        (
            {"components": [{"type": 9, "components": [{"type": 10, "content": "x"}]}]},
            {"components.0.accessory": ["BASE_TYPE_REQUIRED"]},
        ),
        (
            {"components": [{"type": 17, "components": [{"type": 14, "spacing": 3}]}]},
            {"components.0.components.0.spacing": ["BASE_TYPE_CHOICES"]},
        ),
        (
            {"components": [{"type": 12, "items": [{"media": {"url": "lamp"}}]}]},
            {"components.0.items.0.media.url": ["URL_TYPE_INVALID_URL"]},
        ),
    ],
)
async def test_components_v2_out_of_bounds(
    market, api, body: dict[str, Any], problem: dict[str, list[str]]
) -> None:
    """https://discord.com/developers/docs/components/reference"""
    assert (await api("POST", market.messages, {"flags": V2, **body})).errors == problem


async def test_components_at_their_bounds(market, api) -> None:
    """https://discord.com/developers/docs/components/reference"""
    rows = [_row(*(_button(f"{r}.{n}" + "x" * 97) for n in range(5))) for r in range(4)]
    legacy = await api(
        "POST",
        market.messages,
        {"content": "lamp", "components": [*rows, _row(_menu(*(f"{n}" for n in range(25)), max_values=25))]},
    )
    texts = [{"type": 10, "content": "x" * 100}] * 40
    v2 = await api("POST", market.messages, {"flags": V2, "components": texts})

    assert (legacy.status, v2.status) == (200, 200)


# ------------------------------------------------------------------ answers to interactions


@pytest.fixture
async def used(market, api) -> Any:
    """Somebody has used a command; returns the path of the bot's answer."""
    commands = f"/applications/{market.discord.bot.id}/commands"
    await api("PUT", commands, [{"name": "lamp", "description": "A lamp"}])

    def used() -> str:
        reply = market.alice.start_slash(market.general, "lamp")
        return f"/interactions/{reply.id}/{reply.record.token}/callback"

    return used


async def test_an_answer_out_of_bounds_can_be_tried_again(market, api, used) -> None:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction"""
    path = used()

    too_long = await api("POST", path, {"type": 4, "data": {"content": "x" * 2_001}})
    empty = await api("POST", path, {"type": 4, "data": {}})
    unknown = await api("POST", path, {"type": 3})
    fine = await api("POST", path, {"type": 4, "data": {"content": f"{market.bob.mention} @everyone"}})
    again = await api("POST", path, {"type": 4, "data": {"content": "x" * 2_001}})

    assert too_long.errors == {"data.content": ["BASE_TYPE_MAX_LENGTH"]}
    assert empty.code == (400, 50006)
    assert unknown.errors == {"type": ["BASE_TYPE_CHOICES"]}
    assert fine.status == 204
    assert again.code == (400, 40060)
    # https://discord.com/developers/docs/resources/message#allowed-mentions-object
    assert market.general.last.pinged == [market.bob.id]


async def test_a_follow_up_and_an_edited_answer_out_of_bounds(market, api, used) -> None:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages"""
    path = used()
    await api("POST", path, {"type": 4, "data": {"content": "here"}})
    hook = f"/webhooks/{market.discord.bot.id}/{path.split('/')[3]}"

    follow_up = await api("POST", hook, {"embeds": [{"title": "x" * 257}]})
    edited = await api("PATCH", f"{hook}/messages/@original", {"content": "x" * 2_001})
    emptied = await api("PATCH", f"{hook}/messages/@original", {"content": ""})

    assert follow_up.errors == {"embeds.0.title": ["BASE_TYPE_MAX_LENGTH"]}
    assert edited.errors == {"content": ["BASE_TYPE_MAX_LENGTH"]}
    assert emptied.code == (400, 50006)


def _text_input(custom_id: str = "why", **changes: Any) -> dict[str, Any]:
    return {"type": 4, "style": 1, "label": "Why", "custom_id": custom_id, **changes}


def _modal(*components: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"custom_id": "form", "title": "Form", "components": list(components), **changes}


@pytest.mark.parametrize(
    ("modal", "problem"),
    [
        (_modal(), {"data.components": ["BASE_TYPE_REQUIRED"]}),
        (_modal(_row(_text_input()), title="x" * 46), {"data.title": ["BASE_TYPE_BAD_LENGTH"]}),
        (
            _modal(*(_row(_text_input(f"{n}")) for n in range(6))),
            {"data.components": ["BASE_TYPE_BAD_LENGTH"]},
        ),
        (
            _modal(_row(_text_input(label="x" * 46))),
            {"data.components.0.components.0.label": ["BASE_TYPE_BAD_LENGTH"]},
        ),
        (
            _modal(_row(_text_input(min_length=5, max_length=4))),
            {"data.components.0.components.0.max_length": ["NUMBER_TYPE_MIN"]},
        ),
        (
            _modal(_row(_text_input(max_length=4_001))),
            {"data.components.0.components.0.max_length": ["NUMBER_TYPE_MAX"]},
        ),
        (
            _modal(_row(_text_input(placeholder="x" * 101))),
            {"data.components.0.components.0.placeholder": ["BASE_TYPE_MAX_LENGTH"]},
        ),
        (
            _modal(_row(_text_input()), {"type": 18, "label": "Again", "component": _text_input()}),
            {"data.components.1.component.custom_id": ["COMPONENT_CUSTOM_ID_DUPLICATED"]},
        ),
        (_modal(_row(_button())), {"data.components.0.components.0": ["UNION_TYPE_CHOICES"]}),
        (
            _modal({"type": 18, "label": "One", "component": {"type": 21, "custom_id": "one"}}),
            {"data.components.0.component.options": ["BASE_TYPE_REQUIRED"]},
        ),
    ],
)
async def test_a_form_out_of_bounds(api, used, modal: dict[str, Any], problem: dict[str, list[str]]) -> None:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal"""
    assert (await api("POST", used(), {"type": 9, "data": modal})).errors == problem


@pytest.fixture
async def completing(market, api) -> str:
    """Somebody is typing into an option; the path of the bot's answer."""
    option = {"name": "size", "description": "Its size", "type": 3, "autocomplete": True}
    command = {"name": "lamp", "description": "A lamp", "options": [option]}
    await api("PUT", f"/applications/{market.discord.bot.id}/commands", [command])
    typed = interactions.autocomplete(market.alice, market.general, "lamp", "size", "s", {})
    return f"/interactions/{typed.id}/{typed.record.token}/callback"


async def test_twenty_five_choices(api, completing) -> None:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-autocomplete"""
    choices = [{"name": f"{n}", "value": f"{n}"} for n in range(26)]

    many = await api("POST", completing, {"type": 8, "data": {"choices": choices}})
    nameless = await api("POST", completing, {"type": 8, "data": {"choices": [{"value": "x"}]}})

    assert many.errors == {"data.choices": ["BASE_TYPE_MAX_LENGTH"]}
    assert nameless.errors == {"data.choices.0.name": ["BASE_TYPE_REQUIRED"]}
