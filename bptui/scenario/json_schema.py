"""The shape of a scenario file as JSON Schema (2020-12), for editors to complete and check keys with."""

from __future__ import annotations

from typing import Any

import msgspec

from bptui.scenario.names import RESERVED
from bptui.scenario.schema import (
    DigitsClaim,
    DrawnLeaf,
    FileLeaf,
    SymbolLeaf,
    TopLevel,
    ValueLeaf,
)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the scenario file, for editors to complete and check keys with."""
    (top,), definitions = msgspec.json.schema_components([TopLevel], ref_template="#/$defs/{name}")
    forms, more = msgspec.json.schema_components(
        [SymbolLeaf, ValueLeaf, DrawnLeaf, FileLeaf, DigitsClaim], ref_template="#/$defs/{name}"
    )
    *leaves, digits = forms
    definitions = {**definitions, **more}
    definitions = _without_null(definitions)
    schema = definitions.pop(top["$ref"].rpartition("/")[2])
    number = {"type": "number"}
    text = {"type": "string", "minLength": 1}
    definitions["Numbers"] = _nest("Numbers", number)
    definitions["Claims"] = _nest("Claims", number, text)
    definitions["Leaf"] = {
        "description": "A number, a rectangular nest of numbers, or a table that says where the numbers come from.",
        "anyOf": [{"$ref": "#/$defs/Numbers"}, *leaves],
    }
    definitions["Claim"] = {
        "description": "A number, an expression, or a nest of them.",
        "anyOf": [{"$ref": "#/$defs/Claims"}, digits],
    }
    for key in ("inputs", "parameters", "forward"):
        schema["properties"][key]["propertyNames"] = {"not": {"enum": list(RESERVED)}, "pattern": r"^[^\s()\[\]./-]+$"}
    schema["properties"]["functions"]["propertyNames"] = {"pattern": r"^\s*[^\s(),]+\s*\([^()]*\)\s*$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "bptui scenario",
        "$defs": dict(sorted(definitions.items())),
    }


def _nest(name: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [*items, {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}]}


def _without_null(schema: Any) -> Any:
    """Return `schema` with every "this or null" made "this": TOML has no null, and what is left out is left out."""
    if isinstance(schema, list):
        return [_without_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _without_null(part) for key, part in schema.items() if not (key == "default" and part is None)}
    forms = schema.get("anyOf")
    if isinstance(forms, list) and {"type": "null"} in forms:
        (form,) = [form for form in forms if form != {"type": "null"}]
        return {**form, **{key: part for key, part in schema.items() if key != "anyOf"}}
    return schema
