"""The base of every section: frozen, closed to unknown fields, camelCase on the outside."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """A part of the settings document."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        # Only the camelCase name is read: one document has one way to say a thing.
        validate_by_alias=True,
        validate_by_name=False,
        use_attribute_docstrings=True,
    )
