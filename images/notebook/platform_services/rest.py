"""A requests session for one service: its address before every path, its token in the header alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

TIMEOUT = 30.0


class Rest(requests.Session):
    """Takes paths (`get("api/v4/projects")`) and whole addresses; only the service's own gets the token."""

    def __init__(self, base: str, token: str | None = None, scheme: str = "Bearer") -> None:
        super().__init__()
        self.base = base.rstrip("/") + "/"
        self._own = urlsplit(base)[:2]
        self._authorization = f"{scheme} {token}" if token else None

    def __repr__(self) -> str:
        return f"<Rest {self.base}>"

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **more: Any) -> requests.Response:
        """Ask; what nobody limited ends after 30 s."""
        text = url.decode() if isinstance(url, bytes) else url
        place = text if urlsplit(text).scheme else urljoin(self.base, text.lstrip("/"))
        more.setdefault("timeout", TIMEOUT)
        if self._authorization and urlsplit(place)[:2] == self._own:
            more["headers"] = {"Authorization": self._authorization, **(more.get("headers") or {})}
        return super().request(method, place, *args, **more)
