"""Every field of the settings, read off the JSON schema that editors use: path, form, default, meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from settings.document import Settings

Schema = Mapping[str, Any]
REACH = "Reach"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One place of a document, for one choice of each union on the way to it."""

    path: tuple[str, ...]
    """Names as a document writes them; `[]` is each item of a list, `*` each name of a mapping."""
    choice: str
    """The union's member that has the field, such as `provider: entra`; empty outside unions."""
    form: str
    default: str
    meaning: str
    schema: Schema

    @property
    def place(self) -> str:
        """The path as people write it."""
        return ".".join(self.path).replace(".[]", "[]")


class Fields:
    """Walks the schema; references are followed where they stand."""

    def __init__(self) -> None:
        whole = Settings.model_json_schema(by_alias=True)
        self.definitions: Schema = whole["$defs"]
        self.sections: Schema = whole["properties"]

    def of_section(self, name: str) -> list[Field]:
        """Give the fields of a section, in the order of the models."""
        return list(self._walk((name,), self.sections[name], "", required=True))

    def of_reach(self) -> list[Field]:
        """Give the fields of a Reach, which stands in many sections."""
        return list(self._walk((), self.definitions[REACH], "", required=True))

    def about_section(self, name: str) -> str:
        """Say what a section is: its model's own words."""
        schema = self._resolved(self.sections[name])
        if "items" in schema:
            schema = self._resolved(schema["items"])
        return str(schema.get("description", ""))

    def _resolved(self, schema: Schema) -> Schema:
        if "$ref" in schema:
            below = self.definitions[schema["$ref"].rpartition("/")[2]]
            return {**below, **{key: value for key, value in schema.items() if key != "$ref"}}
        # Optional: what it is when it is given.
        given = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        if len(given) == 1:
            outside = {key: value for key, value in schema.items() if key != "anyOf"}
            return {**self._resolved(given[0]), **outside}
        return schema

    def _walk(self, path: tuple[str, ...], given: Schema, choice: str, *, required: bool) -> Iterator[Field]:
        schema = self._resolved(given)
        if path and is_reach(schema):
            yield self._leaf(path, schema, choice, required)
        elif "oneOf" in schema:
            for member in schema["oneOf"]:
                yield from self._member(path, self._resolved(member), schema)
        elif "properties" in schema:
            for name, below in schema["properties"].items():
                if "const" not in below:
                    needed = name in schema.get("required", ())
                    yield from self._walk((*path, name), below, choice, required=needed)
        elif each := self._each(schema):
            yield from self._walk((*path, each[0]), each[1], choice, required=True)
        else:
            yield self._leaf(path, schema, choice, required)

    def _each(self, schema: Schema) -> tuple[str, Schema] | None:
        """Give what is the same for each item of a list or each name of a mapping, where it has fields."""
        named = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
        for mark, below in (("[]", schema.get("items")), *(("*", one) for one in named)):
            if isinstance(below, Mapping) and ("properties" in self._resolved(below) or "oneOf" in below):
                return mark, below
        return None

    def _member(self, path: tuple[str, ...], member: Schema, union: Schema) -> Iterator[Field]:
        tag = union["discriminator"]["propertyName"]
        choice = f"{tag}: {member['properties'][tag]['const']}"
        yield self._leaf(
            (*path, tag), {"const": choice, "description": member.get("description", "")}, choice, True
        )
        yield from self._walk(path, member, choice, required=True)

    def _leaf(self, path: tuple[str, ...], schema: Schema, choice: str, required: bool) -> Field:
        return Field(
            path=path,
            choice=choice,
            form=self.form(schema),
            default="needed" if required else _default(schema.get("default")),
            meaning=_meaning(schema),
            schema=schema,
        )

    def form(self, schema: Schema) -> str:
        """Say in words what a value looks like."""
        schema = self._resolved(schema)
        if is_reach(schema):
            return "[a reach](#reach)"
        if "const" in schema:
            return "a choice"
        if "enum" in schema:
            return ", ".join(f"`{one}`" for one in schema["enum"])
        if schema.get("type") == "array":
            return self._list(schema)
        if schema.get("type") == "object":
            below = schema.get("additionalProperties")
            return f"names, each with {self.form(below)}" if isinstance(below, Mapping) else "names"
        return _plain(schema)

    def _list(self, schema: Schema) -> str:
        if "prefixItems" in schema:
            return "a list of " + ", ".join(self.form(one) for one in schema["prefixItems"])
        return f"a list of: {self.form(schema['items'])}"


def is_reach(schema: Schema) -> bool:
    """Tell a Reach from a plain field whose name is `reach`: both have that title."""
    return schema.get("title") == REACH and "properties" in schema


def _meaning(schema: Schema) -> str:
    if is_reach(schema):
        return "How packets find it."
    return " ".join(str(schema.get("description", "")).split())


def _plain(schema: Schema) -> str:
    kind = {"boolean": "true or false", "integer": "a whole number", "string": "text"}[str(schema["type"])]
    if "x-form" in schema:
        return f"{schema['x-form']}, such as `{schema['examples'][0]}`"
    if schema.get("format") == "date":
        return "a day, such as 2027-06-30"
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f"{kind} from {least} to {most}"
    return f"{kind}, {least} or more" if least is not None else kind


def _default(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return "empty" if not value else ", ".join(map(str, value))
    return f"`{value}`"
