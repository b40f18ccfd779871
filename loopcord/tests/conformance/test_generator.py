"""What is made of the generator's output, on a schema small enough to read; Node.js is not needed here."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from loopcord.conformance import schema


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    path = Path(__file__).parents[2] / "tools/schema.py"
    spec = importlib.util.spec_from_file_location("loopcord_schema_tool", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/definitions/{name}"}


def _lamp(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "description": "A lamp",
    }


def test_the_shipped_schema_is_of_the_version_that_the_tool_names(generator: ModuleType) -> None:
    assert schema.document()["version"] == generator.TYPES


def test_prose_goes_and_further_properties_may_come(generator: ModuleType) -> None:
    made = generator.tidied(
        {"ROOT_Lamp": _lamp(description={"type": "string", "description": "Words"})}, ["Lamp"]
    )

    assert made == {"Lamp": {"type": "object", "properties": {"description": {"type": "string"}}}}


def test_bit_fields_ids_and_instants_become_what_discord_means(generator: ModuleType) -> None:
    raw = {
        "ROOT_Lamp": _lamp(
            id=_ref("Snowflake"),
            flags=_ref("LampFlags"),
            kind=_ref("LampKind"),
            expires_at={"type": ["string", "null"]},
            timestamp={"type": "number"},
        ),
        "Snowflake": {"type": "string"},
        "LampFlags": {"type": "number", "const": 1},
        "LampKind": {"type": "number", "enum": [1, 2, 3]},
    }

    made = generator.tidied(raw, ["Lamp"])

    assert made["Snowflake"]["pattern"] == "^[0-9]{1,20}$"
    assert made["LampFlags"] == {"type": "integer", "minimum": 0}
    assert made["LampKind"] == {"enum": [1, 2, 3]}
    properties = made["Lamp"]["properties"]
    assert properties["expires_at"] == {"type": ["string", "null"], "format": "date-time"}
    assert properties["timestamp"] == {"type": "number"}


def test_only_what_is_reachable_stays_and_aliases_are_looked_through(generator: ModuleType) -> None:
    raw = {
        "ROOT_Lamp": _ref("Lamp"),
        "Lamp": _lamp(lit=_ref("Alias"), lamps={"type": "array", "items": _ref("Lamp")}),
        "Alias": _ref("Lit"),
        "Lit": {"type": "boolean"},
        "Shop": _lamp(),
    }

    made = generator.tidied(raw, ["Lamp"])

    assert made.keys() == {"Lamp", "Lit"}
    assert made["Lamp"]["properties"]["lit"] == _ref("Lit")


def test_made_up_names_do_not_depend_on_where_the_sources_were(generator: ModuleType) -> None:
    def raw(place: str) -> dict[str, Any]:
        return {
            "ROOT_Shop": _lamp(
                a=_ref(f"Box<enum-{place}-1>"),
                b=_ref(f"Box<enum-{place}-1>"),
                c=_ref(f"Box<enum-{place}-2>"),
                d=_ref(f"Once<alias-{place}>"),
                e=_ref("Box1"),
                f=_ref(f"_Twin<{place}>"),
            ),
            f"Box<enum-{place}-1>": {"type": "string", "minLength": 1},
            f"Box<enum-{place}-2>": {"type": "string", "minLength": 1},
            f"Once<alias-{place}>": {"type": "boolean"},
            f"_Twin<{place}>": {"type": "string", "minLength": 1},
            "Box1": {"type": "number"},
        }

    here, there = (generator.tidied(raw(place), ["Shop"]) for place in ("17-4", "9-99"))

    assert here == there
    assert here.keys() == {"Shop", "Box1", "Box2"}
    properties = here["Shop"]["properties"]
    assert [properties[name] for name in "abcf"] == [_ref("Box2")] * 4
    assert properties["d"] == {"type": "boolean"}
