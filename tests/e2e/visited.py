"""A committed stack that is up beside `local`: who its people are, what they may, and what was seen of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

from embedded.stacks import committed, settings_of
from embedded.world import User, World
from tests.e2e.hub import Hub
from tests.e2e.visit import sign_in, sign_in_at_provider

KEPT = (
    "deployment,service,persistentvolumeclaim,secret,configmap,networkpolicy,serviceaccount,role,rolebinding"
)
# Of no stack: what a forged form asks for where everything is for everybody.
NOBODYS = "of-another-group"
# Where a stack writes nothing of it.
EVERYTHING = {"everyone": {"profiles": ["all"], "sharedFolder": "write"}}


def objects_of(hub: Hub) -> dict[str, str]:
    """Give every object of a hub's namespace with what changes when somebody touches it."""
    items = json.loads(hub.kubectl("get", KEPT, "-o", "json"))["items"]
    return {
        f"{item['kind']}/{item['metadata']['name']}": f"{item['metadata']['uid']} {_generation(item)}"
        for item in items
    }


def _generation(item: dict[str, Any]) -> object:
    # Status changes count as versions too where nothing counts generations.
    settled = item["metadata"].get("generation")
    return (
        settled if settled or item["kind"] == "PersistentVolumeClaim" else item["metadata"]["resourceVersion"]
    )


@dataclass(frozen=True)
class Visited:
    """The stack, what surrounds it, and how `local` was before it came."""

    hub: Hub
    around: World
    local_before: dict[str, str]
    seen: dict[str, bytes] = field(default_factory=dict)
    """Pages, logs and words that are gone later, by where they were seen."""
    given: dict[str, str] = field(default_factory=dict)
    """Codes, cookies and tokens that were given to somebody, by what they are."""

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.hub.stack

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The stack's document, as it is committed."""
        found: dict[str, Any] = settings_of(committed(self.name))
        return found

    @cached_property
    def people(self) -> Sequence[User]:
        """Who can try to sign in; where a password is shared, those whom the settings name and another."""
        if self.around.users:
            return self.around.users
        outputs = self.hub.outputs
        return (
            *(_named(name, self.hub.password) for name in outputs["signIn"]["users"]),
            *(
                _named(name, outputs["adminPassword"], admin=True)
                for name in outputs["signIn"].get("administrators", ())
            ),
            User("somebody-else", "somebody-else", self.hub.password),
        )

    def somebody(self, *, may: bool) -> User:
        """Give a user, none of the administrators, whom the stack lets in or not."""
        return next(user for user in self.people if user.may == may and not user.admin)

    @property
    def others(self) -> list[User]:
        """One of each further kind whom the stack lets in: administrators, and members of more groups."""
        first = self.somebody(may=True)
        kinds = {(user.admin, user.groups): user for user in reversed(self.people) if user.may}
        return [user for kind, user in kinds.items() if kind != (first.admin, first.groups)]

    def rows(self, user: User) -> list[dict[str, Any]]:
        """Give the rows of somebody's groups, and that of everyone."""
        rows = self.settings.get("capabilities", EVERYTHING)
        # GitHub's teams are the provider's names; the others are ours.
        called = self.settings["auth"].get("groups", {})
        ours = [name for name in called if {name, str(called[name])} & {*user.groups}]
        return [rows[name] for name in ("everyone", *ours) if name in rows]

    def folder(self, user: User) -> str:
        """Tell what the rows give of the shared folder: none, read or write."""
        given = {row.get("sharedFolder", "none") for row in self.rows(user)}
        return next(most for most in ("write", "read", "none") if most in {*given, "none"})

    def profiles(self, user: User) -> list[str]:
        """Name the profiles that the rows of somebody's groups give, in the settings' order."""
        mine = {slug for row in self.rows(user) for slug in row.get("profiles", ())}
        return [
            profile["slug"]
            for profile in self.settings["profiles"]
            if profile.get("enabled", True) and {profile["slug"], "all"} & mine
        ]

    def not_for(self, user: User) -> str:
        """Name a profile that somebody may not choose."""
        mine = self.profiles(user)
        others = [one["slug"] for one in self.settings["profiles"] if one["slug"] not in mine]
        return next(iter(others), NOBODYS)

    def enter(self, page: Page, user: User) -> None:
        """Let somebody sign in the stack's own way."""
        page.on("request", partial(_note_code, self.given))
        if self.around.users:
            sign_in_at_provider(page, self.hub, user.name, user.password)
        else:
            sign_in(page, self.hub, user.name, user.password)

    def server(self, user: User) -> dict[str, Any]:
        """Give the pod of somebody's server, and remember the token in it; nothing where none runs."""
        pods = json.loads(self.hub.kubectl("get", "pods", "-l", "component=singleuser-server", "-o", "json"))
        for pod in pods["items"]:
            if pod["metadata"]["annotations"]["hub.jupyter.org/username"] == user.hub_name:
                for entry in pod["spec"]["containers"][0]["env"]:
                    if entry["name"] == "JUPYTERHUB_API_TOKEN":
                        self.given["token of a server"] = entry["value"]
                found: dict[str, Any] = pod
                return found
        return {}

    def keep(self, page: Page, what: str) -> None:
        """Remember a page that is shown, and the cookies that the browser has now."""
        self.seen[f"page: {what}"] = page.content().encode()
        for cookie in page.context.cookies():
            name, value = cookie.get("name", ""), cookie.get("value", "")
            # A form carries its token on purpose.
            ours = cookie.get("domain", "").endswith(str(urlsplit(self.hub.url).hostname))
            if name != "_xsrf" and ours and len(value) > 20:
                self.given[f"cookie {name} at {what}"] = value


def _note_code(given: dict[str, str], request: Request) -> None:
    _, _, code = request.url.partition("code=")
    if "/oauth_callback" in request.url and code:
        given[f"code {len(given)}"] = code.partition("&")[0]


def _named(name: str, password: str, *, admin: bool = False) -> User:
    return User(name, name.lower(), password, may=True, admin=admin)
