"""What `ops smoke` says of the door: certificate, plain HTTP, sign-in page."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from ops.ending import Cannot
from ops.smoke.authorities import trust
from ops.smoke.certificate import certificate
from ops.smoke.outcome import Failed, Skipped
from ops.smoke.sign_in import sign_in
from ops.smoke.way import Detour, Unreachable, Way
from settings.auth import Auth, Cloudflare, Entra, Identities
from settings.door import callback_url
from tests.unit.certificates import Made, Wish, intermediate, make, root
from tests.unit.documents import TODAY, settings, settings_of
from tests.unit.loopback import Reply
from tests.unit.smoke_world import Pretended, leads, pretended, trusting, visit_of

HOST = "jupyterhub.localhost"
# Certificates of tests are dated from a fixed day, and TLS asks the clock.
LATER = (datetime.now(tz=UTC).date() - TODAY).days


def leaf(*hosts: str, days: int = 90, since: int = 1, above: Made | None = None) -> Made:
    wish = Wish(hosts=hosts or (HOST,), days=LATER + days, since=since - LATER)
    return make("hub", above or root(), wish)


def looked(folder: Path, served: Made, *chain: Made, trusted: ssl.SSLContext | None = None) -> str:
    with pretended(served, chain, folder) as hub:
        seen = certificate(visit_of(hub, trust=trusted or trusting()))
        return " ".join([seen.words, *seen.remarks])


def test_a_good_certificate_is_told_with_its_days_and_its_issuer(tmp_path: Path) -> None:
    said = looked(tmp_path, leaf(days=90))
    assert "for jupyterhub.localhost, by Test root, 8" in said
    assert "ask for a new one" not in said


def test_one_that_ends_soon_is_a_remark_and_one_that_ends_now_a_failure(tmp_path: Path) -> None:
    assert "ask for a new one" in looked(tmp_path, leaf(days=10))
    with pytest.raises(Failed, match="days are left") as failed:
        looked(tmp_path, leaf(days=2))
    assert not failed.value.stops, "what builds on it can be tried while the certificate holds"


@pytest.mark.parametrize(
    ("served", "words"),
    [
        (lambda: leaf("another.localhost"), "for another name"),
        (lambda: leaf(days=-1, since=30), "has expired"),
        (lambda: leaf(days=90, since=-5), "not valid yet"),
        (
            lambda: leaf(above=make("Nobody's root", wish=Wish(hosts=(), days=2000, authority=True))),
            "authority",
        ),
        (lambda: leaf(above=intermediate()), "chain is not whole"),
    ],
)
def test_a_certificate_that_browsers_refuse_fails(tmp_path: Path, served: object, words: str) -> None:
    assert callable(served)
    with pytest.raises(Failed, match=words) as failed:
        looked(tmp_path, served())
    assert failed.value.stops


def test_a_chain_that_is_sent_whole_is_whole(tmp_path: Path) -> None:
    assert "Test intermediate" in looked(tmp_path, leaf(above=intermediate()), intermediate())


def test_no_answer_is_told_as_that(tmp_path: Path) -> None:
    with pretended(leaf(), (), tmp_path) as hub:
        gone = visit_of(hub, trust=trusting())
    with pytest.raises(Failed, match="nothing listens there"):
        certificate(gone)


def test_authorities_of_the_company_count_beside_those_of_a_file(tmp_path: Path) -> None:
    patch = {"cluster": {"caBundle": {"configMap": "ca", "certificates": root().pem}}}
    assert "by Test root" in looked(tmp_path, leaf(), trusted=trust(settings(patch), None))
    file = tmp_path / "ca.pem"
    file.write_text(f"# Müller's authority\n{root().pem}")
    assert "by Test root" in looked(tmp_path, leaf(), trusted=trust(settings(), file))
    with pytest.raises(Failed, match="authority"):
        looked(tmp_path, leaf(), trusted=trust(settings(), None))


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_a_file_without_certificates_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Cannot, match="--ca-file"):
        trust(settings(), file)


@pytest.fixture
def plain() -> Iterator[Pretended]:
    with pretended() as listening:
        yield listening


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (leads(f"https://{HOST}/hub/login", 308), "leads to https"),
        (Reply(status=404), "answers 404"),
        (Reply(b"sign in", 200), None),
        (leads(f"http://{HOST}/hub/other"), None),
    ],
)
def test_plain_http_shows_no_page(tmp_path: Path, plain: Pretended, reply: Reply, words: str | None) -> None:
    plain.replies["GET", "/hub/login"] = reply
    usual = settings({"ingress": {"port": 443}})
    with pretended(leaf(), (), tmp_path) as hub:
        visit = visit_of(hub, settings=usual, trust=trusting())
        two = (Detour(HOST, "443", "127.0.0.1", str(hub.port)), Detour(HOST, "80", "", str(plain.port)))
        visit.way = Way(
            visit.way.url, (two[0], Detour(HOST, "80", "127.0.0.1", two[1].local)), visit.way.trust
        )
        if words:
            assert words in certificate(visit).words
        else:
            with pytest.raises(Failed, match="plain HTTP shows"):
                certificate(visit)


def test_beside_a_detour_no_other_port_of_the_name_is_tried(tmp_path: Path) -> None:
    with pretended(leaf(), (), tmp_path) as hub:
        visit = visit_of(hub, settings=settings({"ingress": {"port": 443}}), trust=trusting())
        visit.way = Way(visit.way.url, (Detour(HOST, "443", "127.0.0.1", str(hub.port)),), visit.way.trust)
        assert "not looked at" in certificate(visit).words


def test_without_encryption_there_is_no_certificate() -> None:
    with pytest.raises(Skipped, match="nowhere"):
        certificate(visit_of(None))


SUBDOMAINS = settings({"ingress": {"userSubdomains": True}})


def test_the_certificate_of_users_hosts_is_looked_at_where_there_are_some(tmp_path: Path) -> None:
    with pretended(leaf(HOST, f"*.{HOST}"), (), tmp_path) as hub:
        seen = certificate(visit_of(hub, settings=SUBDOMAINS, trust=trusting()))
    assert seen.words.startswith(f"for {HOST} and *.{HOST}, by Test root")
    for names in ((HOST,), (HOST, "*.localhost")):
        with (
            pretended(leaf(*names), (), tmp_path) as hub,
            pytest.raises(Failed, match=f"certificate of ops-smoke.{HOST} does not hold: it is for another"),
        ):
            certificate(visit_of(hub, settings=SUBDOMAINS, trust=trusting()))


def test_a_name_below_the_host_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    with pretended(leaf(HOST, f"*.{HOST}"), (), tmp_path) as hub, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        visit = visit_of(hub, settings=SUBDOMAINS, trust=trusting())
        nowhere = Detour(f"*.{HOST}", "", "127.0.0.1", str(closed.getsockname()[1]))
        visit.way = replace(visit.way, detours=(nowhere, *visit.way.detours))
        with pytest.raises(Failed, match="nothing listens there") as failed:
            certificate(visit)
    assert failed.value.follows == "Nobody reaches their server."


def test_a_detour_with_a_star_is_for_all_names_below_and_not_for_the_host() -> None:
    below = Detour.read("*.hub.example.org:443:127.0.0.1:8443")
    assert below.fits("ada.hub.example.org", 443)
    for host, port in (("hub.example.org", 443), ("ada.hub.example.org", 80), ("xhub.example.org", 443)):
        assert not below.fits(host, port)


@pytest.mark.parametrize("text", ["", "host:443", "host:443:127.0.0.1", "host:port:127.0.0.1:1", "a:1:b:2:c"])
def test_a_detour_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Cannot, match="HOST:PORT:ADDRESS:PORT"):
        Detour.read(text)


def test_a_detour_is_for_its_host_and_port_alone() -> None:
    one = Detour.read("hub.example.org:443:[::1]:8443")
    assert one.fits("hub.example.org", 443)
    assert not one.fits("hub.example.org", 80)
    assert not one.fits("example.org", 443)
    assert one.target("hub.example.org", 443) == ("::1", 8443)
    assert Detour.read("::127.0.0.1:").target("any", 1) == ("127.0.0.1", 1)


def test_the_name_asked_for_stays_the_real_one(tmp_path: Path) -> None:
    with pretended(leaf(), (), tmp_path) as hub:
        visit_of(hub, trust=trusting()).way.ask("GET", "/hub/")
    assert hub.asked[0][2]["Host"] == f"{HOST}:8443"


def test_no_page_is_asked_for_where_the_certificate_does_not_hold(tmp_path: Path) -> None:
    with pretended(leaf("another.localhost"), (), tmp_path) as hub:
        with pytest.raises(Unreachable, match="certificate"):
            visit_of(hub, trust=trusting()).way.ask("GET", "/hub/", {"Authorization": "token secret"})
        assert hub.asked == []


FORM = Reply(b'<form><input name="username"><input name="password" type="password"></form>')
BUTTON = Reply(b"<a class='btn' href='/hub/oauth_login?next='>Sign in</a>")
ENTRA = "https://login.microsoftonline.com/5d4a7f0e-93c1-4c1b-8e0f-2a6b7c8d9e01/oauth2/v2.0/authorize"


def place_of(auth: Auth) -> str:
    """Where each provider takes requests, as its own documentation says it."""
    if isinstance(auth, Cloudflare):
        path = f"cdn-cgi/access/sso/oidc/{auth.client_id}/authorization"
        return f"https://{auth.team}.cloudflareaccess.com/{path}"
    return ENTRA if isinstance(auth, Entra) else "https://github.com/login/oauth/authorize"


def test_a_password_is_asked_for_where_the_settings_say_so(plain: Pretended) -> None:
    plain.replies["GET", "/hub/login"] = FORM
    assert "name and password" in sign_in(visit_of(plain)).words
    plain.replies["GET", "/hub/login"] = BUTTON
    with pytest.raises(Failed, match="asks for no name"):
        sign_in(visit_of(plain))


def location(stack: str, **changes: str | None) -> str:
    document = settings_of(stack)
    assert isinstance(document.auth, Identities)
    base = changes.pop("base", None) or place_of(document.auth)
    given = {
        "client_id": document.auth.client_id,
        "redirect_uri": callback_url(document.ingress, document.tls),
        "response_type": "code",
        "state": "opaque",
        "code_challenge": "digest",
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{base}?{urlencode({name: text for name, text in given.items() if text})}"


@pytest.mark.parametrize("stack", ["aiv-prod", "lab", "carbon254"])
def test_the_first_step_goes_to_the_provider_of_the_settings(plain: Pretended, stack: str) -> None:
    plain.replies |= {("GET", "/hub/login"): BUTTON, ("GET", "/hub/oauth_login"): leads(location(stack))}
    seen = sign_in(visit_of(plain, settings=settings_of(stack)))
    assert "state and PKCE are there" in seen.words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "another"}, "client_id is another"),
        ({"redirect_uri": "http://jupyterhub.aiv.internal/hub/oauth_callback"}, "redirect_uri is http://"),
        ({"redirect_uri": None}, "redirect_uri is missing"),
        ({"state": None}, "state is missing"),
        ({"code_challenge": None}, "code_challenge is missing"),
        ({"code_challenge_method": "plain"}, "code_challenge_method is plain"),
        ({"response_type": "token"}, "response_type is token"),
        (
            {"base": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"},
            "leads to login.microsoftonline.com/common",
        ),
        ({"base": "https://login.example.org/authorize"}, "leads to login.example.org"),
    ],
)
def test_a_first_step_that_goes_elsewhere_fails(
    plain: Pretended, change: dict[str, str | None], words: str
) -> None:
    plain.replies |= {
        ("GET", "/hub/login"): BUTTON,
        ("GET", "/hub/oauth_login"): leads(location("aiv-prod", **change)),
    }
    with pytest.raises(Failed, match=words):
        sign_in(visit_of(plain, settings=settings_of("aiv-prod")))


def test_a_page_of_another_provider_and_a_broken_one_fail(plain: Pretended) -> None:
    visit = visit_of(plain, settings=settings_of("aiv-prod"))
    plain.replies["GET", "/hub/login"] = FORM
    with pytest.raises(Failed, match="no identity provider"):
        sign_in(visit)
    plain.replies["GET", "/hub/login"] = Reply(b"proxy error", 503)
    with pytest.raises(Failed, match="answers 503"):
        sign_in(visit)
    plain.replies["GET", "/hub/login"] = BUTTON
    with pytest.raises(Failed, match="answers 404 and leads nowhere"):
        sign_in(visit)
