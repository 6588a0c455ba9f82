"""HTTP to the API server: JSON in and out, its own words in errors, its warnings handed on."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from embedded.fault import Fault
from embedded.providers.errors import ProviderError
from embedded.providers.kube.kubeconfig import FOLLOWS, REMEDY, Access

Object = dict[str, Any]
JSON = "application/json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
TIMEOUT_SECONDS = 60.0
BUSY_ATTEMPTS = 10
LONGEST_PAUSE_SECONDS = 5.0
USER_AGENT = "pulumi-kubernetes-embedded"


class Unreachable(ProviderError):
    """The API server gave no answer."""


class ApiError(ProviderError):
    """The API server said no; the message is its own, with each field it complains about."""

    def __init__(self, code: int, status: Mapping[str, Any]) -> None:
        self.code = code
        self.reason = str(status.get("reason") or "")
        self.details: Mapping[str, Any] = status.get("details") or {}
        super().__init__(str(status.get("message") or f"the API server answered {code}"))

    @property
    def not_found(self) -> bool:
        """Whether the object, its namespace or its kind does not exist."""
        return self.code == http.client.NOT_FOUND

    @property
    def namespace_missing(self) -> bool:
        """Whether it is the namespace that does not exist."""
        return self.not_found and self.details.get("kind") == "namespaces"

    @property
    def already_exists(self) -> bool:
        """Whether an object of this name is there already."""
        return self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        """Whether another manager owns a field, or somebody was faster."""
        return self.code == http.client.CONFLICT and not self.already_exists


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    content: str = JSON
    warn: Callable[[str], None] | None = None


def _file(text: str) -> tuple[int, str]:
    """Hold a text in memory under a path: ssl wants files, and keys should never lie on a disk."""
    number = os.memfd_create("embedded")
    os.write(number, text.encode())
    return number, f"/proc/self/fd/{number}"


def tls(access: Access) -> ssl.SSLContext:
    """Trust this machine's authority alone, and show the client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=access.ca)
    certificate, certificate_path = _file(access.certificate)
    key, key_path = _file(access.key)
    try:
        context.load_cert_chain(certificate_path, key_path)
    except ssl.SSLError as error:
        raise Fault(f"The kubeconfig's client certificate and key do not fit: {error}.", FOLLOWS) from error
    finally:
        os.close(certificate)
        os.close(key)
    return context


class Client:
    """Speaks to one API server from many threads, with a connection for each that is busy."""

    def __init__(self, access: Access) -> None:
        self.access = access
        parts = urlsplit(access.server)
        self._address = (parts.hostname or "", parts.port or 443)
        self._prefix = parts.path.rstrip("/")
        self._tls = tls(access)
        self._idle: queue.LifoQueue[http.client.HTTPSConnection] = queue.LifoQueue()

    def get(self, path: str, **query: str) -> Object:
        """Read."""
        return self.call(Call("GET", path, query=query))

    def find(self, path: str, **query: str) -> Object | None:
        """Read what may be missing."""
        try:
            return self.get(path, **query)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def items(self, path: str, **query: str) -> list[Object]:
        """List; what cannot be listed counts as empty, since lists here only explain something else."""
        try:
            return list(self.get(path, **query).get("items") or [])
        except ProviderError:
            return []

    def call(self, call: Call) -> Object:
        """Send one request; a server that is starting or busy says so, and is asked again when it says."""
        for _ in range(BUSY_ATTEMPTS - 1):
            try:
                return self._call(call)
            except _AskAgain as busy:
                time.sleep(busy.seconds)
        return self._call(call)

    def _call(self, call: Call) -> Object:
        """Send one request; a kept-open connection that has died meanwhile is replaced once."""
        fresh = False
        while True:
            connection, fresh = self._connection()
            try:
                answer = self._send(connection, call)
            except ApiError:
                self._idle.put(connection)
                raise
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if not fresh and not isinstance(error, TimeoutError):
                    continue
                raise self._explain(error) from error
            self._idle.put(connection)
            return answer

    def _connection(self) -> tuple[http.client.HTTPSConnection, bool]:
        with contextlib.suppress(queue.Empty):
            return self._idle.get_nowait(), False
        host, port = self._address
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=self._tls), True

    def _explain(self, error: Exception) -> Exception:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Fault(
                f"The server at {self.access.server} is refused: its certificate does not come from the "
                f"authority that this machine made ({error.verify_message}).",
                FOLLOWS,
                REMEDY,
            )
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Unreachable(f"the API server at {self.access.server} gives no answer: {words}")

    def _send(self, connection: http.client.HTTPSConnection, call: Call) -> Object:
        path = self._prefix + call.path + (f"?{urlencode(call.query)}" if call.query else "")
        body = None if call.body is None else json.dumps(call.body).encode()
        headers = {"Accept": JSON, "User-Agent": USER_AGENT}
        if body is not None:
            headers["Content-Type"] = call.content
        connection.request(call.method, path, body, headers)
        response = connection.getresponse()
        data = response.read()
        if call.warn:
            for header in response.headers.get_all("Warning") or []:
                call.warn(_warning_text(header))
        answer = _parsed(data)
        if response.status >= http.client.BAD_REQUEST:
            raise _refusal(response.status, response.headers.get("Retry-After"), answer)
        return answer


class _AskAgain(ApiError):
    """The API server asks to be asked again: it starts, or has too much to do."""

    def __init__(self, code: int, status: Mapping[str, Any], seconds: float) -> None:
        super().__init__(code, status)
        self.seconds = min(seconds, LONGEST_PAUSE_SECONDS)


def _refusal(code: int, retry_after: str | None, answer: Object) -> ApiError:
    if retry_after and retry_after.isdigit():
        return _AskAgain(code, answer, float(retry_after))
    return ApiError(code, answer)


def _parsed(data: bytes) -> Object:
    try:
        answer = json.loads(data) if data else {}
    except ValueError:
        return {"message": data.decode(errors="replace").strip()}
    return answer if isinstance(answer, dict) else {"message": str(answer)}


def _warning_text(header: str) -> str:
    """Read the text of an HTTP Warning header: 299 - "text"."""
    _, _, quoted = header.partition('"')
    return quoted.rstrip().removesuffix('"').replace('\\"', '"') or header
