"""GitLab's notes of one merge request: what its API answers, and in words what it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from ops.ending import Cannot

Json = Any
_SECONDS = 30.0
_TRIES = 4
_LONGEST_WAIT = 30.0
_SERVER = 500
_PAGE = 100
_TOO_MANY = 429
_AGAIN = {_TOO_MANY, 500, 502, 503, 504}


class Unclear(Cannot):
    """Nobody knows whether a new note was written: whoever tries again has to look first."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which merge request, where, by whose token."""

    api: str
    """Such as https://gitlab.example.org/api/v4."""
    project: str
    merge_request: str
    token: str = field(repr=False)
    authorities: str = ""
    """A file of certificates by which the server is trusted; empty for those of the environment."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note of the merge request."""

    id: int
    author: int
    text: str


@dataclass(frozen=True)
class Notes:
    """The notes of one merge request."""

    place: Place

    def mine(self) -> list[Note]:
        """Give every note that the token's own user wrote, the oldest first."""
        me = int(_json(self._ask("GET", "user"), self.place)["id"])
        return [one for one in self._all() if one.author == me]

    def write(self, text: str) -> int:
        """Write a new note; give its number."""
        return int(_json(self._ask("POST", self._path, {"body": text}), self.place)["id"])

    def change(self, note: int, text: str) -> None:
        """Put another text into a note."""
        self._ask("PUT", f"{self._path}/{note}", {"body": text})

    def remove(self, note: int) -> None:
        """Remove a note."""
        self._ask("DELETE", f"{self._path}/{note}")

    @property
    def _path(self) -> str:
        return f"projects/{self.place.project}/merge_requests/{self.place.merge_request}/notes"

    def _all(self) -> Iterator[Note]:
        page = "1"
        while page:
            order = f"?sort=asc&order_by=created_at&per_page={_PAGE}&page={page}"
            answer = self._ask("GET", f"{self._path}{order}")
            for one in _json(answer, self.place):
                yield Note(id=int(one["id"]), author=int(one["author"]["id"]), text=str(one["body"]))
            page = answer.headers.get("x-next-page", "")

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> requests.Response:
        for turn in range(_TRIES):
            answer, words = self._tried(method, path, body)
            if answer is not None and answer.status_code not in _AGAIN:
                return _judged(answer, self.place)
            if method == "POST" and (answer is None or answer.status_code != _TOO_MANY):
                raise Unclear(words)
            if turn + 1 < _TRIES:
                time.sleep(_wait(answer, turn))
        raise Cannot(words)

    def _tried(
        self, method: str, path: str, body: Mapping[str, str] | None
    ) -> tuple[requests.Response | None, str]:
        try:
            answer = self._send(method, path, body)
        except requests.exceptions.SSLError as error:
            raise _untrusted(self.place) from error
        except requests.RequestException as error:
            return None, _unanswered(self.place, error)
        except OSError as error:
            # requests looks for the file of authorities before it connects.
            raise _untrusted(self.place) from error
        return answer, _refused(answer, self.place)

    def _send(self, method: str, path: str, body: Mapping[str, str] | None) -> requests.Response:
        def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
            # By this way no .netrc of the machine comes into it.
            request.headers["PRIVATE-TOKEN"] = self.place.token
            return request

        return requests.request(
            method,
            f"{self.place.api}/{path}",
            json=body,
            auth=signed,
            timeout=_SECONDS,
            # What is led elsewhere would become another request there, and take the token along.
            allow_redirects=False,
            verify=self.place.authorities or None,
        )


def _wait(answer: requests.Response | None, turn: int) -> float:
    try:
        said = float(answer.headers.get("Retry-After", "") if answer is not None else "")
    except ValueError:
        said = float(2**turn)
    return min(max(said, 0.0), _LONGEST_WAIT)


def _judged(answer: requests.Response, place: Place) -> requests.Response:
    if answer.is_redirect or not answer.ok:
        raise Cannot(_refused(answer, place))
    return answer


def _refused(answer: requests.Response, place: Place) -> str:
    code = answer.status_code
    reason = _REASONS.get(code) or ("server" if code >= _SERVER else "other")
    if reason == "role" and "scope" in answer.text:
        reason = "scope"
    what, remedy = _WORDS[reason]
    return (
        f"{what} ({place.api} answered {code}.)\n"
        "    What follows: the merge request's comment is not written; the job's artifact has its text.\n"
        f"    What to do:   {remedy}"
    )


_REASONS = {
    401: "token",
    403: "role",
    404: "missing",
    429: "busy",
    **dict.fromkeys((301, 302, 303, 307, 308), "elsewhere"),
}
_WORDS = {
    "token": (
        "GitLab does not know the token.",
        "see whether it ended or was revoked, make a new one, and put it into HUB_COMMENT_TOKEN (masked).",
    ),
    "scope": (
        "The token may not write: it lacks the scope `api`.",
        "make one with the scope `api` and the role Reporter; read_api is not enough, and CI_JOB_TOKEN "
        "never is.",
    ),
    "role": (
        "The token's user may not write a comment here.",
        "give it the role Reporter in this project; a locked discussion lets members write only.",
    ),
    "missing": (
        "GitLab finds no such project or merge request for this token.",
        "see whether the token is of this project (GitLab hides what a user may not see), and --project-id "
        "and --merge-request.",
    ),
    "elsewhere": (
        "GitLab's API is not at this address, which leads elsewhere.",
        "name the one that it leads to, by --api or CI_API_V4_URL: the token is not sent on.",
    ),
    "busy": ("GitLab takes no more requests at the moment.", "run the job again later."),
    "server": ("GitLab does not work at the moment.", "run the job again later."),
    "other": ("GitLab refuses the request.", "see GitLab's own log for it; the text may be what it refuses."),
}


def _untrusted(place: Place) -> Cannot:
    return Cannot(
        f"The certificate of {place.api} is not trusted"
        f"{f', or there is no {place.authorities}' if place.authorities else ''}.\n"
        "    What follows: nothing was sent, the token neither.\n"
        "    What to do:   name the company's authorities by REQUESTS_CA_BUNDLE, or by GitLab's "
        "CI_SERVER_TLS_CA_FILE."
    )


def _unanswered(place: Place, error: requests.RequestException) -> str:
    return (
        f"{place.api} gives no answer ({type(error).__name__}).\n"
        "    What follows: the comment of the merge request is not written, or nobody knows whether it is.\n"
        "    What to do:   see whether the runner reaches it, by HTTPS_PROXY and NO_PROXY too; run the job "
        "again."
    )


def _json(answer: requests.Response, place: Place) -> Json:
    try:
        return answer.json()
    except ValueError as error:
        raise Cannot(
            f"{place.api} does not answer as GitLab does: no JSON.\n"
            "    What follows: the comment of the merge request is not written.\n"
            "    What to do:   see whether a proxy answers in its place, and --api."
        ) from error
