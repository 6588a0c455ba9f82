"""The certificate at the door: for this name, from somebody whom we believe, and for how long."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography import x509

from ops.smoke.outcome import Failed, Seen, Skipped
from ops.smoke.visit import Visit
from ops.smoke.way import Unreachable, Way
from settings.door import hosts

_LAST_DAYS = 3
_HTTP = 80
_HTTPS = 443
# Nobody is called so: any name below the host has to lead there.
_SOMEBODY = "ops-smoke"
_OK, _REDIRECTS = 200, range(300, 400)
_FOLLOWS = "Browsers refuse the page, and servers of users cannot be reached."
# OpenSSL's numbers: X509_V_ERR_*.
_WORDS = {
    9: ("it is not valid yet", "Look at the clock of this machine, and at the certificate's first day."),
    10: ("it has expired", "Bring a new one: docs/tls.md says how, for each tls.source."),
    18: ("it is signed by itself", "Bring the certificate of an authority: docs/tls.md."),
    19: (
        "its authority is not among those believed here",
        "Name the company's authorities by --ca-file; if the browsers of its users know them, that is all.",
    ),
    20: (
        "its authority is not among those believed here, or its chain is not whole",
        "Name the company's authorities by --ca-file; send the intermediate certificates along: docs/tls.md.",
    ),
    62: ("it is for another name", "Bring one for the host of the settings: docs/tls.md."),
}
_WORDS[21] = _WORDS[20]


def certificate(visit: Visit) -> Seen:
    """The name matches, the chain holds, and days are left; plain HTTP shows no page."""
    way = visit.way
    if not way.encrypted:
        raise Skipped("tls.termination is nowhere: connections are not encrypted")
    served = _served(way, "Nobody reaches the hub.", visit.live.stack)
    if visit.settings.ingress.user_subdomains:
        _served(way.at(f"{_SOMEBODY}.{way.host}"), "Nobody reaches their server.", visit.live.stack)
    days = (served.not_valid_after_utc - datetime.now(tz=UTC)).days
    until = f"{served.not_valid_after_utc:%Y-%m-%d}"
    if days < _LAST_DAYS:
        raise Failed(
            f"the certificate ends on {until}: {max(days, 0)} days are left",
            "After that browsers refuse the page.",
            "Bring a new one today: docs/tls.md says how, for each tls.source.",
            stops=False,
        )
    remarks = [f"the certificate ends on {until}: ask for a new one"] * (
        days < visit.settings.monitoring.thresholds.certificate_days
    )
    names = " and ".join(hosts(visit.settings.ingress))
    return Seen(
        f"for {names}, by {_issuer(served)}, {days} days left; {_plain(way)}",
        tuple(remarks),
    )


def _served(way: Way, follows: str, stack: str) -> x509.Certificate:
    try:
        with way.connected() as secure:
            assert isinstance(secure, ssl.SSLSocket)  # noqa: S101 -- for the type: the way is encrypted
            return x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
    except ssl.SSLCertVerificationError as error:
        what, remedy = _WORDS.get(error.verify_code, (error.verify_message, "docs/tls.md"))
        raise Failed(f"the certificate of {way.host} does not hold: {what}", _FOLLOWS, remedy) from error
    except Unreachable as error:
        raise Failed(
            f"no connection: {error}",
            follows,
            f"See whether the name leads to the ingress controller, and `ops why {stack}`.",
        ) from error


def _issuer(served: x509.Certificate) -> str:
    names = served.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else served.issuer.rfc4514_string()


def _plain(way: Way) -> str:
    """Look at port 80 of the host: it may lead to https or be closed, and must show no page."""
    if way.port != _HTTPS or not way.leads_to(_HTTP):
        return "plain HTTP was not looked at: no way to it is known"
    bare = Way(f"http://{way.host}", way.detours, way.trust)
    try:
        answer = bare.ask("GET", "/hub/login")
    except Unreachable:
        return "plain HTTP is closed"
    to = answer.header("Location")
    if answer.status in _REDIRECTS and urlsplit(to).scheme == "https":
        return "plain HTTP leads to https"
    if answer.status == _OK or answer.status in _REDIRECTS:
        raise Failed(
            "plain HTTP shows the sign-in page",
            "Passwords and cookies can be read on the way.",
            "Let the ingress controller lead port 80 to https: docs/tls.md.",
            stops=False,
        )
    return f"plain HTTP answers {answer.status}"
