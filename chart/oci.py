"""A chart from an OCI registry: manifest of the version, its chart layer, the blob.

The distribution protocol, with both challenges of registries: basic, and a token for one repository.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from chart import logins, transport
from chart.archive import digest
from chart.nearest import nearest
from chart.transport import MEBI, Answer
from chart.unusable import Unusable, unusable
from settings.chart import OciChart, is_this_machine

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_CHALLENGE = re.compile(r'([a-z_]+)="([^"]*)"')


def from_registry(chart: OciChart) -> bytes:
    """Give the packed chart, or raise Unusable."""
    registry = _Registry(chart)
    # A tag has no plus sign; Helm writes an underscore in its place.
    answer = registry.get(f"manifests/{chart.version.replace('+', '_')}", 4 * MEBI)
    if answer.status == transport.ABSENT:
        raise registry.no_such_version()
    layer = _chart_layer(registry.expect(answer), chart)
    if chart.digest and layer != f"sha256:{chart.digest}":
        raise unusable(
            "digest",
            f"what {chart.ref} gives as {chart.version} has the digest {layer.removeprefix('sha256:')}.",
            "A released version never changes: ask whoever keeps the registry. Take the new digest only when "
            "you know why it changed.",
        )
    packed = registry.expect(registry.get(f"blobs/{layer}", 20 * MEBI)).body
    if f"sha256:{digest(packed)}" != layer:
        raise unusable(
            "ref",
            f"{chart.host} gives other bytes ({digest(packed)}) than its manifest says ({layer}).",
            "Fetch it again; if it stays so, registry or a proxy on the way is damaged.",
        )
    return packed


class _Token(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Registry:
    """One repository of a registry, and the login that it asked for."""

    def __init__(self, chart: OciChart) -> None:
        self._chart = chart
        scheme = "http" if is_this_machine(urlsplit(chart.ref).hostname or "") else "https"
        self._base = f"{scheme}://{chart.host}/v2/{chart.repository}"
        self._login: AuthBase = transport.Anonymous()

    def get(self, path: str, most: int) -> Answer:
        """Ask, and ask once more with the login that the registry wants."""
        answer = self._ask(path, most)
        if answer.status == transport.WANTS_LOGIN and isinstance(self._login, transport.Anonymous):
            self._login = self._wanted(answer.headers.get("WWW-Authenticate", "")) or self._login
            answer = self._ask(path, most)
        return answer

    def expect(self, answer: Answer) -> Answer:
        """Pass on an answer that is one."""
        if answer.status != transport.OK:
            raise self._refused(answer)
        return answer

    def no_such_version(self) -> Unusable:
        """Say which versions there are: most registries give a list."""
        listed = self.get("tags/list", 4 * MEBI)
        tags = _object(listed.body).get("tags") if listed.status == transport.OK else None
        known = [str(tag).replace("_", "+") for tag in tags] if isinstance(tags, list) else []
        return unusable(
            "version" if known else "ref",
            f"{self._chart.host} has no {self._chart.repository} {self._chart.version}.",
            f"Choose one that it has. {nearest(self._chart.version, known)}"
            if known
            else "Correct the reference, or push the chart there: helm push "
            f"{self._chart.chart_name}-{self._chart.version}.tgz {self._chart.ref.rpartition('/')[0]}",
        )

    def _ask(self, path: str, most: int) -> Answer:
        headers = {"Accept": f"{_MANIFEST}, application/json;q=0.5, */*;q=0.1"}
        return transport.get(
            f"{self._base}/{path}", field="ref", most=most, headers=headers, login=self._login
        )

    def _wanted(self, challenge: str) -> AuthBase | None:
        known = logins.basic(self._chart.host)
        login = HTTPBasicAuth(known[0].encode(), known[1].encode()) if known else None
        if challenge.lower().startswith("basic"):
            return login
        asked = dict(_CHALLENGE.findall(challenge))
        realm = asked.pop("realm", "")
        if not challenge.lower().startswith("bearer") or not realm:
            return None
        return self._token(realm, asked, login)

    def _token(self, realm: str, asked: dict[str, str], login: AuthBase | None) -> AuthBase | None:
        """Get a token where the registry says, but never with a password over plain HTTP."""
        address = urlsplit(realm)
        if address.scheme != "https" and not is_this_machine(address.hostname or ""):
            raise unusable(
                "ref",
                f"{self._chart.host} sends for a token to {address.hostname} without TLS.",
                "Have the registry corrected: a password would cross the network in plain text.",
            )
        asked.setdefault("scope", f"repository:{self._chart.repository}:pull")
        query = urlencode([(name, asked[name]) for name in ("service", "scope") if name in asked])
        answer = transport.get(
            f"{realm}{'&' if address.query else '?'}{query}",
            field="ref",
            most=MEBI,
            login=login or transport.Anonymous(),
        )
        if answer.status != transport.OK:
            raise self._refused(answer)
        said = _object(answer.body)
        token = said.get("token") or said.get("access_token")
        return _Token(str(token)) if token else None

    def _refused(self, answer: Answer) -> Unusable:
        return transport.refused(
            answer, "ref", self._chart.host, logins.HOW.replace("{host}", self._chart.host)
        )


def _chart_layer(answer: Answer, chart: OciChart) -> str:
    """Give the digest of the layer that holds the chart."""
    layers = _object(answer.body).get("layers")
    for layer in layers if isinstance(layers, list) else []:
        found = str(layer.get("digest")) if isinstance(layer, dict) else ""
        if found.startswith("sha256:") and layer.get("mediaType") == _LAYER:
            return found
    raise unusable(
        "ref",
        f"{chart.ref} {chart.version} is in the registry, and is no Helm chart.",
        "Correct the reference: an image may lie under the same name. `helm push` writes a chart.",
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
