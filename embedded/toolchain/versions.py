"""The typed view of embedded/versions.toml, the one file with every version."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from embedded.fault import Fault

FILE = Path(__file__).resolve().parent.parent / "versions.toml"
NUMBERS = r"^\d+\.\d+\.\d+$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Go(_Part):
    """Go itself: how old it may be, and the package that brings it where it is missing."""

    minimum: str = Field(pattern=NUMBERS)
    pypi: str = Field(pattern=NUMBERS)


class Pulumi(_Part):
    """The engine and plugins that are preferred where they can be had."""

    minimum: str = Field(pattern=NUMBERS)
    official: str = Field(pattern=NUMBERS)
    plugins: Mapping[str, str]


class Chart(_Part):
    """The JupyterHub chart: the release wanted, and the one whose data the tests know."""

    wanted: str = Field(pattern=NUMBERS)
    tested: str = Field(pattern=NUMBERS)


class Script(_Part):
    """A file that is taken as it is from a module of another build."""

    build: str = Field(alias="from")
    module: str
    path: str


class Module(_Part):
    """One build: a Go module, the binaries made from it, and the modules of which packages are left out."""

    module: str
    version: str = Field(pattern=NUMBERS)
    ldflags: tuple[str, ...]
    instead: tuple[str, ...] = ()
    binaries: Mapping[str, str] = Field(min_length=1)
    scripts: Mapping[str, Script] = Field(default_factory=dict)

    @property
    def major(self) -> str:
        """The first number, for linker flags."""
        return self.version.split(".")[0]

    @property
    def minor(self) -> str:
        """The second number, for linker flags."""
        return self.version.split(".")[1]


class Definitions(_Part):
    """Definitions of kinds that another project publishes in its Go module."""

    module: str
    version: str
    files: tuple[str, ...] = Field(min_length=1)


class Versions(_Part):
    """All of it."""

    go: Go
    pulumi: Pulumi
    chart: Chart
    debian: Mapping[str, tuple[str, ...]]
    modules: Mapping[str, Module]
    definitions: Mapping[str, Definitions] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_known(self) -> Versions:
        owners: dict[str, str] = {}
        for build, module in self.modules.items():
            for binary in module.binaries:
                if binary in owners:
                    raise ValueError(f"{binary} is made by two builds: {owners[binary]} and {build}")
                owners[binary] = build
            for name, script in module.scripts.items():
                if script.build not in self.modules:
                    raise ValueError(f"{name} comes from {script.build}, which is no build")
        return self

    def build_of(self, tool: str) -> str:
        """Return the build that makes a tool."""
        for build, module in self.modules.items():
            if tool in module.binaries:
                return build
        raise KeyError(tool)

    def ldflags(self, build: str) -> str:
        """Return the linker flags of a build, with the versions in place."""
        module = self.modules[build]
        names = {**self.modules, "version": module.version, "major": module.major, "minor": module.minor}
        return " ".join(["-s", "-w", *(flag.format(**names) for flag in module.ldflags)])


@cache
def load(file: Path = FILE) -> Versions:
    """Read the file, or say which entry is wrong."""
    try:
        return Versions.model_validate(tomllib.loads(file.read_text()))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'modules'}: {e['msg']}" for e in error.errors()]
        problem = "; ".join(lines)
    except (OSError, tomllib.TOMLDecodeError) as error:
        problem = str(error)
    raise Fault(f"{file} is not usable: {problem}", "No tool was looked for.", "Correct that entry.")
