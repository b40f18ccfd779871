"""The tables of shapes: they miss nothing that loopcord can say, and name nothing that the schema lacks."""

from __future__ import annotations

import re

import pytest

from loopcord.conformance import deviations, schema, shapes
from loopcord.conformance.shapes import EVENTS
from loopcord.parity import MISSING_EVENTS, MISSING_ROUTES, modelled

STAGE = {
    "id": "1",
    "guild_id": "1",
    "channel_id": "1",
    "topic": "lamps",
    "privacy_level": 2,
    "discoverable_disabled": False,
}


def test_every_route_that_is_answered_has_a_shape(modelled_routes: set[tuple[str, str]]) -> None:
    missing = {
        f"{method} {template}"
        for method, template in modelled_routes
        if shapes.shape_of(method, template.replace("{", "").replace("}", "")) is None
    }

    assert missing == set()


def test_every_event_that_can_be_sent_has_a_shape(emitted_events: set[str]) -> None:
    assert {"READY", "MESSAGE_CREATE", "MESSAGE_REACTION_REMOVE", "GUILD_MEMBERS_CHUNK"} <= emitted_events
    assert emitted_events - shapes.EVENTS.keys() == set()


def test_no_route_is_listed_twice() -> None:
    listed = [(shape.method, shape.template) for shape in shapes.LISTED]

    assert len(listed) == len(set(listed))


def test_paths_find_their_most_literal_shape() -> None:
    def template(method: str, path: str) -> str | None:
        shape = shapes.shape_of(method, path)
        return shape.template if shape is not None else None

    assert template("GET", "/channels/1/messages/pins") == "/channels/{channel_id}/messages/pins"
    assert template("GET", "/channels/1/messages/2") == "/channels/{channel_id}/messages/{message_id}"
    assert template("GET", "/users/@me") == "/users/@me"
    assert template("GET", "/nothing/of/the/kind") is None


def test_the_schema_defines_exactly_what_the_tables_name() -> None:
    """`nox -s schema` after a change of the tables."""
    definitions = schema.document()["definitions"]

    assert set(shapes.roots()) - definitions.keys() == set()
    for name in shapes.roots():
        assert not schema.validator(name).is_valid("no such thing"), name


def test_bit_fields_are_integers_and_other_numbers_are_not() -> None:
    definitions = schema.document()["definitions"]

    assert schema.validator("MessageFlags").is_valid(1 << 6 | 1 << 2)
    assert schema.validator("RoleFlags").is_valid(0)
    assert not schema.validator("MessageFlags").is_valid(-1)
    assert not schema.validator("ChannelType").is_valid(99)
    # No bit field was overlooked: four or more different powers of two and nothing else are no enumeration.
    for name, definition in definitions.items():
        bits = [bit for bit in definition.get("enum", []) if isinstance(bit, int) and bit > 0]
        assert len(bits) < 4 or any(bit & (bit - 1) for bit in bits), name


def test_what_typescript_calls_text_is_held_to_what_discord_means() -> None:
    assert schema.validator("Snowflake").is_valid("175928847299117063")
    assert not schema.validator("Snowflake").is_valid("alice")
    assert not schema.validator("Snowflake").is_valid(175928847299117063)
    assert schema.validator("Snowflake", sent=True).is_valid(175928847299117063)
    pin = {"message_id": "1", "channel_id": "1", "last_pin_timestamp": "yesterday"}
    assert not schema.validator("GatewayChannelPinsUpdateDispatchData").is_valid(pin)
    pin["last_pin_timestamp"] = "2026-01-01T00:00:00+00:00"
    assert schema.validator("GatewayChannelPinsUpdateDispatchData").is_valid(pin)


def test_no_part_of_the_schema_lets_everything_through() -> None:
    """The generator writes `{}` where it cannot follow TypeScript; these few are really anything."""
    found = {
        f"{name}{path}"
        for name, definition in schema.document()["definitions"].items()
        for path in _empty(definition)
    }

    assert found == {"GatewayGuildMembersChunkDispatchData/not_found/[]"}


def _empty(node: object, path: str = "") -> list[str]:
    if node == {}:
        return [path]
    if isinstance(node, list):
        return [found for item in node for found in _empty(item, path)]
    if not isinstance(node, dict):
        return []
    found = [
        hit for name, item in node.get("properties", {}).items() for hit in _empty(item, f"{path}/{name}")
    ]
    found += _empty(node["items"], f"{path}/[]") if "items" in node else []
    found += _empty(node["anyOf"], path) if "anyOf" in node else []
    return found


def test_every_deviation_is_still_needed_and_says_where_it_is_written() -> None:
    for deviation in deviations.DEVIATIONS:
        definitions = schema.document()["definitions"]
        before = {name: repr(definitions[name]) for name in deviation.definitions}

        deviations.amend(definitions, deviation)

        assert all(repr(definitions[name]) != before[name] for name in deviation.definitions)
        assert deviation.why
        assert deviation.source.startswith("https://")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APIStageInstance", {**STAGE, "guild_scheduled_event_id": None}),
        ("APIMessageComponentEmoji", {"id": None, "name": "👍"}),
        ("APIAuditLogChange", {"key": "parent_id", "new_value": "1"}),
    ],
)
def test_discord_says_what_its_documentation_says(name: str, value: object) -> None:
    assert schema.validator(name).is_valid(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APIPartialEmoji", {"name": "👍"}),
        ("APIPollMedia", {"text": "yes", "emoji": None}),
        ("RESTPostAPIChannelThreadsJSONBody", {"name": "t", "rate_limit_per_user": None}),
        ("RESTPostAPIChannelMessagesThreadsJSONBody", {"name": "t", "rate_limit_per_user": None}),
        ("RESTPostAPIChannelMessageJSONBody", {"content": None, "nonce": None}),
        ("APIInteractionResponse", {"type": 7, "data": {"content": None}}),
        (
            "RESTPutAPIApplicationCommandsJSONBody",
            [{"name": "warn", "description": "Warn", "contexts": None, "integration_types": None}],
        ),
        ("RESTPostAPIGuildRoleJSONBody", {"colors": {"primary_color": 1}}),
        ("RESTPostAPIGuildPruneJSONBody", {"compute_prune_count": "false"}),
        ("RESTPostAPIGuildRoleJSONBody", {"permissions": 8}),
    ],
)
def test_what_libraries_send_every_day_is_taken_but_never_said(name: str, value: object) -> None:
    assert schema.validator(name, sent=True).is_valid(value)
    assert not schema.validator(name).is_valid(value)


def test_an_audit_logs_known_keys_keep_their_types() -> None:
    assert not schema.validator("APIAuditLogChange").is_valid({"key": "nick", "new_value": 1})


def test_the_parity_page_names_every_event_that_is_never_sent(emitted_events: set[str]) -> None:
    assert set(MISSING_EVENTS) == set(EVENTS) - emitted_events


def test_no_route_is_said_to_be_missing_that_is_answered() -> None:
    def bare(route: str) -> str:
        return re.sub(r"\{[^}]*\}", "{}", route)

    answered = {bare(route) for route in modelled()}

    assert len(answered) > 150
    assert not answered & {bare(route) for _, routes in MISSING_ROUTES for route in routes}
