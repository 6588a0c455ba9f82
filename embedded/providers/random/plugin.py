"""The random provider: values are made once, kept in the state, and replaced when an input changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from embedded.providers import VERSIONS
from embedded.providers.changes import changes
from embedded.providers.codec import UNKNOWN, Properties, Unknown, bare, has, keep_secrets, secret
from embedded.providers.errors import ProviderError
from embedded.providers.lifecycle import Autoname, Checked, Differences, Live, Update, Urn
from embedded.providers.random.kinds import KINDS, Kind


class RandomPlugin:
    """Serves all types of pulumi-random that exist here."""

    version = VERSIONS["random"]

    def check_config(self, urn: Urn, new: Properties) -> Checked:
        """Accept: this provider has no settings."""
        return Checked(new)

    def diff_config(self, old: Properties, new: Properties) -> tuple[list[str], list[str]]:
        """Find nothing: this provider has no settings."""
        return [], []

    def configure(self, variables: Mapping[str, str]) -> None:
        """Take no settings."""

    def handler(self, type_: str) -> RandomProvider:
        """Choose the type's description."""
        if type_ not in KINDS:
            raise ProviderError(
                f"{type_} is not made by the embedded random provider; it makes "
                + ", ".join(sorted(name.rsplit(":", 1)[-1] for name in KINDS))
            )
        return RandomProvider(KINDS[type_])

    def cancel(self) -> None:
        """Nothing ever waits here."""

    def busy(self) -> bool:
        """Nothing ever runs here."""
        return False


class RandomProvider:
    """The life of one random value."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def check(self, urn: Urn, old: Properties, new: Properties, naming: Autoname) -> Checked:
        """Keep to the inputs of the type; a value not known yet is checked once it is."""
        given = {key: value for key, value in new.items() if value is not None}
        failures = [(name, f"{name} is required") for name in self._kind.required if name not in given]
        failures += [(name, f"{name} is no input of {urn.type}") for name in given.keys() - self._kind.inputs]
        if not failures and not has(given, Unknown):
            failures = self._kind.validate(bare(given))
        return Checked(given, failures)

    def diff(
        self, urn: Urn, state: Properties, old: Properties, new: Properties, ignored: Sequence[str]
    ) -> Differences:
        """Find changed inputs: every one of them needs a new value."""
        asked = old or {key: state[key] for key in self._kind.inputs & state.keys()}
        asked, wanted = bare(asked), bare(new)
        found = changes({key: value for key, value in asked.items() if value is not None}, wanted, asked)
        kept = [one for one in found if one.path[0] not in ignored]
        return Differences([dataclasses.replace(one, replaces=True) for one in kept])

    def create(self, urn: Urn, inputs: Properties, timeout: float, preview: bool) -> tuple[str, Properties]:
        """Make the value."""
        if preview:
            return "", {**inputs, **dict.fromkeys(self._kind.outputs, UNKNOWN)}
        id_, made = self._kind.make(bare(inputs))
        return id_, self._state({**bare(inputs), **made, "id": id_}, inputs)

    def _state(self, plain: Properties, inputs: Properties) -> Properties:
        state = {key: secret(value) if key in self._kind.secret else value for key, value in plain.items()}
        return keep_secrets(state, inputs)

    def read(self, urn: Urn, id_: str, state: Properties, inputs: Properties) -> Live:
        """Return the state, which is all there is; without one this is an import, and the id is the value."""
        if state:
            return Live(id_, state, inputs)
        try:
            made = self._kind.adopt(id_)
        except ValueError as error:
            raise ProviderError(f"{id_!r} cannot be imported as {urn.type}: {error}") from error
        id_ = str(made.pop("id", id_))
        found = {key: made[key] for key in self._kind.inputs & made.keys()}
        return Live(id_, self._state({**made, "id": id_}, {}), found)

    def update(self, urn: Urn, change: Update) -> Properties:
        """Take over inputs that a program stopped ignoring; values only change by replacement."""
        return {**change.state, **change.new}

    def delete(self, urn: Urn, id_: str, state: Properties, timeout: float) -> None:
        """Forget the value."""
