"""Write ``discord-api-types.json`` anew: JSON Schema of what the tables in ``loopcord.conformance`` name.

``nox -s schema`` runs it; it needs Node.js. Two npm packages are installed into a temporary folder, the
TypeScript types become JSON Schema there, and what comes out is made compact: only what is reachable, no
prose, further properties allowed (Discord adds some every month), bit fields as integers.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from loopcord.conformance.shapes import roots

TYPES, GENERATOR, COMPILER = "0.38.57", "2.10.0", "5.9.3"
PACKAGES = [
    f"discord-api-types@{TYPES}",
    f"ts-json-schema-generator@{GENERATOR}",
    f"typescript@{COMPILER}",
]
TARGET = Path(__file__).parents[1] / "src/loopcord/conformance"

Schema = dict[str, Any]

#: Properties whose text is an ISO 8601 instant. TypeScript calls them ``string``; Discord's documentation
#: has the type. https://discord.com/developers/docs/reference#iso8601-datetime
INSTANTS = frozenset(
    [
        "archive_timestamp",
        "canceled_at",
        "clip_created_at",
        "communication_disabled_until",
        "completed_at",
        "create_timestamp",
        "created_at",
        "current_period_end",
        "current_period_start",
        "dm_spam_detected_at",
        "dms_disabled_until",
        "edited_timestamp",
        "end",
        "ended_timestamp",
        "ends_at",
        "expires",
        "expires_at",
        "expiry",
        "invites_disabled_until",
        "join_timestamp",
        "joined_at",
        "last_pin_timestamp",
        "pinned_at",
        "premium_since",
        "raid_detected_at",
        "request_to_speak_timestamp",
        "scheduled_end_time",
        "scheduled_start_time",
        "start",
        "starts_at",
        "synced_at",
        "timestamp",
        "updated_at",
    ]
)
#: Definitions that TypeScript's ``string`` does not say enough about.
#: https://discord.com/developers/docs/reference#snowflakes
TEXTS = {
    "Snowflake": {"type": "string", "pattern": "^[0-9]{1,20}$"},
    "Permissions": {"type": "string", "pattern": "^[0-9]{1,20}$"},
}
#: What the generator writes beside a type that says nothing about the JSON.
PROSE = frozenset({"description", "deprecated", "title", "default", "examples", "additionalItems"})

_PREFIX = "#/definitions/"
_ENTRY = """\
import type * as d from 'discord-api-types/v10';
// First, or the generator meets it in the middle of APIMessage and picks from an unfinished type.
export type ROOT_APIMessageSnapshotFields = d.APIMessageSnapshotFields;
export interface ROOT_RateLimited {
  opcode: d.GatewayOpcodes.RequestGuildMembers;
  retry_after: number;
  meta: d.GatewayRequestGuildMemberRateLimitMetadata;
}
"""
_TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "module": "node16",
        "moduleResolution": "node16",
        "target": "es2022",
        "skipLibCheck": True,
        "types": [],
    },
    "files": ["roots.ts"],
}


def main(folder: Path) -> None:
    """Generate in ``folder`` and write the schema and the licence of its source where they are shipped."""
    wanted = roots()
    raw = _generated(folder, wanted)
    definitions = tidied(raw["definitions"], wanted)
    lines = [f"{_text(name)}:{_text(definitions[name])}" for name in sorted(definitions)]
    head = {
        "$schema": raw["$schema"],
        "$comment": f"From discord-api-types {TYPES} (MIT, see the notice beside) by "
        f"ts-json-schema-generator {GENERATOR}; `nox -s schema` writes it anew.",
        "version": TYPES,
    }
    text = _text(head)[:-1] + ',"definitions":{\n' + ",\n".join(lines) + "\n}}\n"
    (TARGET / "discord-api-types.json").write_text(text, encoding="utf-8")
    shutil.copy(folder / "node_modules/discord-api-types/LICENSE", TARGET / "discord-api-types.LICENSE")
    sys.stdout.write(f"{len(definitions)} definitions, {len(text):,} characters\n")


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


# ------------------------------------------------------------------ from TypeScript


def _generated(folder: Path, wanted: list[str]) -> Schema:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        sys.exit("node and npm are needed to generate the schema; install Node.js 20 or later")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "node_modules", ignore_errors=True)  # of an earlier run, and changed by it
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run([npm, "install", *options, *PACKAGES], cwd=folder, check=True)  # noqa: S603 - our own words
    _loosen(folder / "node_modules/discord-api-types/utils/internals.d.ts")
    entry = _ENTRY + "".join(
        f"export type ROOT_{name} = d.{name};\n" for name in wanted if name != "RateLimited"
    )
    (folder / "roots.ts").write_text(entry, encoding="utf-8")
    (folder / "tsconfig.json").write_text(json.dumps(_TSCONFIG), encoding="utf-8")
    script = folder / "node_modules/ts-json-schema-generator/bin/ts-json-schema-generator.js"
    # Not --additional-properties: with it the generator takes every inherited property for `any`.
    options = ["--path", "roots.ts", "--tsconfig", "tsconfig.json", "--type", "*", "--jsDoc", "none"]
    options += ["--no-type-check", "--no-ref-encode", "--out", "schema.json"]
    subprocess.run([node, str(script), *options], cwd=folder, check=True)  # noqa: S603 - our own words
    return json.loads((folder / "schema.json").read_text(encoding="utf-8"))


def _loosen(internals: Path) -> None:
    """Say three helpers in words that the generator understands.

    Two only add ``undefined``, which JSON has none of, and lead it astray. The third is ``T & {}``, which it
    takes for an object.
    """
    text = internals.read_text(encoding="utf-8")
    name = "_AddUndefinedToPossiblyUndefinedPropertiesOfInterface"
    changes = [
        (rf"(export type {name}<Base> = )\{{.*?\n\}};", r"\1Base;"),
        (rf"{name}<Partial<Base>>", "Partial<Base>"),
        (r"NonNullable<T\[P\]>", "Exclude<T[P], null | undefined>"),
    ]
    for pattern, words in changes:
        text, found = re.subn(pattern, words, text, flags=re.DOTALL)
        if found != 1:
            sys.exit(
                f"{internals} has changed ({pattern}); see which of its helpers the generator can follow"
            )
    internals.write_text(text, encoding="utf-8")


# ------------------------------------------------------------------ made compact


def tidied(raw: dict[str, Schema], wanted: list[str]) -> dict[str, Schema]:
    """The definitions that ``wanted`` needs, cleaned, with names that do not depend on the machine."""
    definitions = {name: _flags(name, clean(schema)) for name, schema in raw.items()}
    definitions.update({name: dict(schema) for name, schema in TEXTS.items() if name in definitions})
    for name in wanted:
        alias = definitions.pop(f"ROOT_{name}")
        if alias != {"$ref": _PREFIX + name}:
            definitions[name] = alias
    for step in (_without_aliases, _without_twins, _with_single_uses_inline, _with_plain_names):
        definitions = _reachable(step(_reachable(definitions, wanted), wanted), wanted)
    return definitions


def clean(schema: Any, name: str | None = None) -> Any:
    """A schema without prose; ``name`` is the property that it describes, if it does."""
    if isinstance(schema, list):
        return [clean(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in PROSE}
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    if "const" in kept or "enum" in kept:
        kept.pop("type", None)
    result: Schema = {}
    for key, value in kept.items():
        if key == "properties":
            result[key] = {child: clean(inner, child) for child, inner in value.items()}
        elif key in ("required", "enum", "const", "type"):
            result[key] = sorted(value) if key == "required" else value
        else:
            result[key] = clean(value)
    if name in INSTANTS and result.get("type") in ("string", ["string", "null"]):
        result["format"] = "date-time"
    return result


def _flags(name: str, schema: Schema) -> Schema:
    """A bit field is any sum of its bits."""
    bits = schema.get("enum", [schema.get("const")])
    if name.endswith("Flags") and all(isinstance(bit, int) for bit in bits):
        return {"type": "integer", "minimum": 0}
    return schema


def references(schema: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to, in the order of its sorted keys."""
    if isinstance(schema, dict):
        for key in sorted(schema):
            if key == "$ref":
                yield schema[key].removeprefix(_PREFIX)
            else:
                yield from references(schema[key])
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)


def _ordered(definitions: dict[str, Schema], wanted: list[str]) -> list[str]:
    """What is reachable, in an order that no name of a definition decides but those of the roots."""
    order: dict[str, None] = {}
    waiting = list(reversed(wanted))
    while waiting:
        name = waiting.pop()
        if name not in order:
            order[name] = None
            waiting += reversed(list(references(definitions[name])))
    return list(order)


def _reachable(definitions: dict[str, Schema], wanted: list[str]) -> dict[str, Schema]:
    return {name: definitions[name] for name in _ordered(definitions, wanted)}


def _replaced(schema: Any, replace: Callable[[str], Any]) -> Any:
    """A schema whose references are what ``replace`` makes of their names."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return replace(schema["$ref"].removeprefix(_PREFIX))
        return {key: _replaced(value, replace) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_replaced(item, replace) for item in schema]
    return schema


def _renamed(definitions: dict[str, Schema], names: dict[str, str]) -> dict[str, Schema]:
    def reference(name: str) -> Schema:
        return {"$ref": _PREFIX + names.get(name, name)}

    return {names.get(name, name): _replaced(schema, reference) for name, schema in definitions.items()}


def _without_aliases(definitions: dict[str, Schema], wanted: list[str]) -> dict[str, Schema]:
    """Refer to what an alias stands for."""
    aliases = {
        name: schema["$ref"].removeprefix(_PREFIX) for name, schema in definitions.items() if "$ref" in schema
    }

    def reference(name: str) -> Schema:
        while name in aliases:
            name = aliases[name]
        return {"$ref": _PREFIX + name}

    return {name: _replaced(schema, reference) for name, schema in definitions.items()}


def _made_up(name: str) -> bool:
    """Whether the generator made a name up, from type arguments and the positions of nodes in files."""
    return "<" in name


def _without_twins(definitions: dict[str, Schema], wanted: list[str]) -> dict[str, Schema]:
    """Keep one of several made-up definitions that say the same."""
    while True:
        first: dict[str, str] = {}
        twins = {
            name: first[text]
            for name, schema in definitions.items()
            if _made_up(name) and first.setdefault(text := _text(schema), name) != name
        }
        if not twins:
            return definitions
        kept = {name: schema for name, schema in definitions.items() if name not in twins}
        definitions = _renamed(kept, twins)


def _with_single_uses_inline(definitions: dict[str, Schema], wanted: list[str]) -> dict[str, Schema]:
    """Put a made-up definition that is referred to once where it is referred to."""
    uses = [name for schema in definitions.values() for name in references(schema)]
    once = {name for name in definitions if _made_up(name) and uses.count(name) == 1}

    def inlined(name: str) -> Schema:
        if name in once:
            return _replaced(definitions[name], inlined)
        return {"$ref": _PREFIX + name}

    return {name: _replaced(schema, inlined) for name, schema in definitions.items()}


def _with_plain_names(definitions: dict[str, Schema], wanted: list[str]) -> dict[str, Schema]:
    """Number the made-up definitions of one generic type."""
    taken = {name for name in definitions if not _made_up(name)}
    names: dict[str, str] = {}
    for name in definitions:
        if _made_up(name):
            stem = name.split("<")[0].lstrip("_")
            number = 1
            while f"{stem}{number}" in taken:
                number += 1
            names[name] = f"{stem}{number}"
            taken.add(names[name])
    return _renamed(definitions, names)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
