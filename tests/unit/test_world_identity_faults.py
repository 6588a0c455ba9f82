"""The pretended provider when its keys change, when its clock is wrong, and when it is asked too often."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from embedded.world.identity.server import Providers
from embedded.world.identity.tokens import Tokens
from tests.unit import test_world_identity_changes as changes
from tests.unit.test_world_identity import CLOUDFLARE, PLACES, TENANT, claims, get, request, signed_in
from tests.unit.test_world_identity_changes import GRAPH, Say, name

file, key, providers, say = changes.file, changes.key, changes.providers, changes.say
SIGNED = pytest.mark.parametrize("stack", ["aiv-prod", "carbon254"])


def published(providers: Providers, stack: str) -> set[str]:
    path = {"aiv-prod": f"/{TENANT}/discovery/v2.0/keys", "carbon254": f"{CLOUDFLARE}/jwks"}[stack]
    return {one["kid"] for one in get(providers, PLACES[stack][0], path, "")[1]["keys"]}


def signer(token: str) -> str:
    header = token.partition(".")[0]
    # Claims are read from the part in the middle.
    found: dict[str, Any] = claims(f".{header}.")
    return str(found["kid"])


@SIGNED
def test_after_a_change_of_keys_the_new_one_signs_and_the_old_one_is_gone(
    providers: Providers, say: Say, stack: str
) -> None:
    before = signed_in(providers, stack, "member", scope=f"{changes.WITH_GRAPH} profile")
    assert published(providers, stack) == {signer(before["id_token"])}
    say({"everybody": {"faults": ["rotated"]}})
    after = signed_in(providers, stack, "member")["id_token"]
    assert published(providers, stack) == {signer(after)}
    assert signer(after) != signer(before["id_token"])
    # Access tokens are no matter of these keys.
    assert changes.api(providers, stack, before["access_token"]) == 200
    say({"everybody": {"faults": ["rotated"]}, name(stack): {"faults": ["withdrawn"]}})
    assert signer(signed_in(providers, stack, "member")["id_token"]) == signer(before["id_token"])


@SIGNED
def test_a_clock_that_is_ahead_signs_for_later(providers: Providers, say: Say, stack: str) -> None:
    say({name(stack): {"ahead": 300}})
    told = claims(signed_in(providers, stack, "member")["id_token"])
    assert told["iat"] == told["nbf"]
    assert 290 < told["iat"] - time.time() <= 300


def answered(providers: Providers, fault: str, say: Say, token: str) -> tuple[int, dict[str, str], str]:
    say({"member": {"faults": [fault], "at": ["api"]}})
    answer = providers.respond(request("GET", "api.github.com", "/user", authorization=f"Bearer {token}"))
    return answer.status, dict(answer.headers), json.loads(answer.body)["message"]


def test_an_allowance_that_is_used_up_is_told_as_github_tells_it(providers: Providers, say: Say) -> None:
    token = signed_in(providers, "lab", "member")["access_token"]
    status, headers, words = answered(providers, "spent", say, token)
    assert (status, headers["X-RateLimit-Remaining"]) == (403, "0")
    status, headers, words = answered(providers, "throttles", say, token)
    assert (status, "X-RateLimit-Remaining" in headers, "Retry-After" in headers) == (403, False, False)
    assert "secondary rate limit" in words
    status, headers, words = answered(providers, "limits", say, token)
    assert (status, headers["Retry-After"]) == (429, "30")


def test_graph_says_when_to_come_back(providers: Providers, say: Say, key: Path) -> None:
    token = signed_in(providers, "aiv-prod", "member", scope=changes.WITH_GRAPH)["access_token"]
    assert Tokens.of(key).read(token)
    say({name("aiv-prod"): {"faults": ["limits"], "at": ["api"]}})
    answer = providers.respond(request("GET", GRAPH, "/v1.0/me", authorization=f"Bearer {token}"))
    assert (answer.status, answer.headers["Retry-After"]) == (429, "30")
