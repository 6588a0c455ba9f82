"""Named types of the settings: what a name, a host, an amount or a span of time may look like.

Also owns their arithmetic (seconds, bytes), so that no other module parses these texts.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True)
class Form:
    """The form a text must have; says itself what it is, in errors and in the editor."""

    what: str
    pattern: str
    example: str
    longest: int = 253
    repeated: bool = True
    """Whether an error may show the text: not where somebody could have put a password in it."""

    def check(self, text: str) -> str:
        """Return the text, or refuse it with the form and an example."""
        if len(text) <= self.longest and re.fullmatch(self.pattern, text):
            return text
        raise PydanticCustomError(
            "form",
            "{text} is not {what}, such as {example}",
            {
                "text": repr(text) if self.repeated else "the text",
                "what": self.what,
                "example": self.example,
            },
        )

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 -- pydantic's signature
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            **handler(schema),
            "pattern": f"^(?:{self.pattern})$",
            "maxLength": self.longest,
            "description": self.what,
            "examples": [self.example],
            "x-form": self.what,
        }


# RFC 1123, not 1035: a Kubernetes namespace or Secret may begin with a digit (`254carbon`).
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"

LABEL = Form("a name of lower-case letters, digits and dashes, 63 at most", _LABEL, "jupyterhub", 63)
DnsLabel = Annotated[str, LABEL]
Hostname = Annotated[
    str, Form("a host name of at least two parts", rf"{_LABEL}(?:\.{_LABEL})+", "hub.example.org")
]
StorageClassName = Annotated[
    str, Form("the name of a StorageClass", rf"{_LABEL}(?:\.{_LABEL})*", "local-path")
]
UserName = Annotated[
    str, Form("a user name of lower-case letters, digits and ._@-", r"[a-z0-9][a-z0-9._@-]*", "ada", 255)
]
Quantity = Annotated[
    str,
    Form(
        "an amount as Kubernetes writes it, in quotes",
        r"(?=.*[1-9])\d+(?:\.\d+)?(?:m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?",
        "10Gi",
        32,
    ),
]
Duration = Annotated[
    str,
    Form("a span of time in hours, minutes, seconds", r"(?=.*[1-9])(?:\d+h)?(?:\d+m)?(?:\d+s)?", "1h30m", 32),
]
ImageName = Annotated[
    str,
    Form(
        "an image with its registry, without a tag",
        r"[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+",
        "registry.example.org/team/hub",
    ),
]
ImageTag = Annotated[
    str,
    Form(
        "a tag without a digest, which is a field of its own",
        r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}",
        "2026.11.1",
    ),
]
MountPath = Annotated[str, Form("an absolute path", r"(?:/[A-Za-z0-9._-]+)+", "/shared")]
GroupName = Annotated[
    str,
    Form("a short name for a group", r"[a-z0-9](?:[-a-z0-9_]*[a-z0-9])?", "data-science", 63),
]
Uuid = Annotated[
    str,
    Form(
        "an object id in lower case",
        r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "6f1c5e2a-0c1d-4e57-9a55-0d3f8a1b2c3d",
        36,
    ),
]
GroupOrRole = Annotated[
    str,
    Form(
        "an object id, or the value of an app role",
        r"[A-Za-z0-9][A-Za-z0-9._:/-]*",
        "6f1c5e2a-0c1d-4e57-9a55-0d3f8a1b2c3d",
        120,
    ),
]
Url = Annotated[
    str,
    Form(
        "an address with scheme and host, and no user or password in it",
        rf"[a-z][a-z0-9+.-]*://{_LABEL}(?:\.{_LABEL})*(?::\d{{1,5}})?(?:/[A-Za-z0-9._~/%+-]*)?",
        "https://git.example.org",
        512,
    ),
]
Version = Annotated[
    str,
    Form(
        "an exact version",
        r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?",
        "4.4.1",
        64,
    ),
]
Sha256 = Annotated[str, Form("a SHA-256 digest in hexadecimal", r"[0-9a-f]{64}", "0" * 64, 64)]
ExtendedResource = Annotated[
    str, Form("an extended resource", rf"{_LABEL}(?:\.{_LABEL})+/[a-z0-9.-]+", "nvidia.com/gpu")
]
ConfigName = Annotated[
    str,
    Form(
        "a name of lower-case letters, digits, dots and dashes",
        r"[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?",
        "all-1g.5gb",
        63,
    ),
]
MigSlice = Annotated[str, Form("the size of a MIG slice", r"[1-7]g\.\d{1,3}gb", "1g.5gb", 16)]
RelativePath = Annotated[
    str,
    Form("a path relative to the project", r"(?!/)[A-Za-z0-9._/+-]+", ".charts/jupyterhub-4.4.1.tgz", 512),
]


def _cidr(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise PydanticCustomError(
            "form", "{text} is not a range of addresses, such as 10.0.0.0/24", {"text": repr(text)}
        ) from error


Cidr = Annotated[str, AfterValidator(_cidr)]


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise PydanticCustomError(
            "form", "{text} is not an address, such as 10.0.0.7", {"text": repr(text)}
        ) from error


IpAddress = Annotated[str, AfterValidator(_ip)]


def _peer(text: str) -> str:
    return _cidr(text) if "/" in text else LABEL.check(text)


Peer = Annotated[str, AfterValidator(_peer)]

_SCALE = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTP", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTP", start=1)},
}


def amount(quantity: str) -> Decimal:
    """Give the number that a Quantity stands for (bytes, or processors)."""
    digits = quantity.rstrip("mkKMGTPi")
    return Decimal(digits) * _SCALE[quantity[len(digits) :]]


def seconds(duration: str) -> int:
    """Give the seconds that a Duration stands for."""
    unit = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * unit[letter] for count, letter in re.findall(r"(\d+)([hms])", duration))


_ENGINES_DAY = re.compile(r"(\d{4}-\d\d-\d\d) 00:00:00 \+0000 UTC")


def _as_written(value: object) -> object:
    """Give back a day as somebody wrote it: the engine reads one without quotes as a moment."""
    moment = _ENGINES_DAY.fullmatch(value) if isinstance(value, str) else None
    return moment[1] if moment else value


Day = Annotated[date, BeforeValidator(_as_written)]
"""A day such as 2027-06-30, with or without quotes."""
