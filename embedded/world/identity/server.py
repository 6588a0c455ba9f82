"""The provider as a service: each host's requests go to whose pages it serves."""

from __future__ import annotations

from pathlib import Path

from embedded.world.identity import graph, web
from embedded.world.identity.applications import Applications
from embedded.world.identity.changes import Changes
from embedded.world.identity.cloudflare import Cloudflare
from embedded.world.identity.entra import Entra
from embedded.world.identity.github import API, GitHub
from embedded.world.identity.provider import Provider
from embedded.world.identity.tokens import Tokens
from embedded.world.identity.web import Answer, Request
from embedded.world.service import Service


class Providers:
    """All three, by host."""

    def __init__(self, applications: Applications, tokens: Tokens, changes: Path | None = None) -> None:
        self._applications = applications
        self._all: dict[str, Provider] = {
            cls.kind: cls(applications, tokens, Changes(changes)) for cls in (Entra, GitHub, Cloudflare)
        }

    def respond(self, request: Request) -> Answer:
        """Answer a request."""
        kind = "entra" if request.host in graph.HOSTS else {API: "github"}.get(request.host)
        provider = self._all.get(kind or self._applications.provider_of(request.host))
        return provider.respond(request) if provider else web.as_json({"error": "not_found"}, 404)


async def run(service: Service) -> None:
    """Serve the applications that the configuration names."""
    applications = Applications.of(service.facts["applications"])
    changes = service.facts.get("changes")
    tokens = Tokens.of(Path(service.facts["key"]))
    await web.run(service, Providers(applications, tokens, Path(changes) if changes else None).respond)
