"""The secrets that people bring: all that is missing or unfit is said at once, and none is repeated."""

from __future__ import annotations

import base64
import json

import pytest
from pydantic import SecretStr

from settings.credentials import Checked, check
from settings.flat import KNOWN, TABLE, misplaced, needed
from tests.unit.certificates import PASSWORD, Made, Wish, intermediate, make, pair, pfx
from tests.unit.documents import PROJECT, TODAY, Document, settings, settings_of

HOST = "jupyterhub.localhost"
FROM_CONFIG: Document = {"secrets": {"source": "config"}, "auth": {"administrators": ["eve"]}}
LONG = "a long password for those who administer"
CLIENT_SECRET = "kL8~aGoodLongClientSecretOfTheApplication"
TUNNEL_TOKEN = base64.b64encode(json.dumps({"a": "account", "t": "tunnel", "s": "cw=="}).encode()).decode()
NO_TLS: Document = {"tls": {"source": "none", "termination": "nowhere"}, "ingress": {"port": 80}}
PFX: Document = {"tls": {"source": "pfx"}}


def checked(given: dict[str, str], patch: Document | None = None) -> Checked:
    return check({key: SecretStr(value) for key, value in given.items()}, settings(patch), TODAY)


def found(given: dict[str, str], patch: Document | None = None) -> list[str]:
    return [f"{one.path} {one.what}" for one in checked(given, patch).findings]


def tls(*hosts: str, days: int = 90) -> dict[str, str]:
    certificate, key = pair(*hosts, days=days)
    return {"tlsCert": certificate, "tlsKey": key}


def test_a_good_certificate_passes() -> None:
    assert found(tls(HOST)) == []
    assert found(tls("*.example.localhost"), {"ingress": {"host": "hub.example.localhost"}}) == []


SUBDOMAINS: Document = {"ingress": {"userSubdomains": True}}


def test_a_certificate_covers_the_hosts_of_servers_where_there_are_some() -> None:
    assert found(tls(HOST, f"*.{HOST}"), SUBDOMAINS) == []
    assert found(tls(HOST, f"*.{HOST}")) == []
    for names in ((HOST,), (HOST, "*.localhost"), (HOST, f"ada.{HOST}")):
        (one,) = checked(tls(*names), SUBDOMAINS).findings
        assert one.what.startswith(f"it is not made for *.{HOST}: it names {HOST}")
        assert "servers of all users" in one.follows
    assert len(checked(tls("other.localhost"), SUBDOMAINS).findings) == 2


def test_a_pfx_covers_the_hosts_of_servers_too() -> None:
    def of(*names: str) -> dict[str, str]:
        leaf = make("hub", intermediate(), Wish(hosts=names))
        return {"tlsPfx": pfx(leaf, [intermediate()]), "tlsPfxPassword": PASSWORD}

    patch = {**SUBDOMAINS, **PFX}
    assert [line for line in found(of(HOST, f"*.{HOST}"), patch) if "not made for" in line] == []
    assert [line for line in found(of(HOST), patch) if f"not made for *.{HOST}" in line]


def test_what_is_missing_comes_with_its_command() -> None:
    missing = checked({}, FROM_CONFIG).findings
    assert [one.path for one in missing] == [
        "jupyterhub:tlsCert",
        "jupyterhub:tlsKey",
        "jupyterhub:sharedPassword",
        "jupyterhub:adminPassword",
    ]
    assert all(one.remedy.startswith("pulumi config set --secret jupyterhub:") for one in missing)
    named = check({}, settings(FROM_CONFIG), TODAY, "some-stack").findings
    assert all("pulumi config set --stack some-stack --secret jupyterhub:" in one.remedy for one in named)


def test_an_empty_secret_is_a_missing_one() -> None:
    assert found({**tls(HOST), "sharedPassword": "\n"}, {"secrets": {"source": "config"}}) == [
        "jupyterhub:sharedPassword the testers' password, is not set; it comes from a password generator."
    ]


def test_nothing_is_asked_for_that_is_not_used() -> None:
    assert needed(settings(NO_TLS)) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (tls("other.localhost"), "jupyterhub:tlsCert it is not made for jupyterhub.localhost"),
        (tls("*.jupyterhub.localhost"), "jupyterhub:tlsCert it is not made for jupyterhub.localhost"),
        (tls(), "jupyterhub:tlsCert it is not made for jupyterhub.localhost"),
        (tls(HOST, days=0), "jupyterhub:tlsCert CN=hub ended on 2026-11-21."),
        (
            {**tls(HOST), "tlsKey": tls("other.test")["tlsKey"]},
            "jupyterhub:tlsKey the key belongs to another",
        ),
        ({**tls(HOST), "tlsCert": "no certificate"}, "jupyterhub:tlsCert it is no PEM certificate."),
        ({**tls(HOST), "tlsKey": "no key"}, "jupyterhub:tlsKey it is no PEM key"),
    ],
)
def test_a_certificate_that_cannot_serve_is_refused(given: dict[str, str], expected: str) -> None:
    (only,) = found(given)
    assert only.startswith(expected)


def test_pem_and_pfx_hand_on_the_same_material() -> None:
    made: Made = make("hub", intermediate(), Wish(hosts=(HOST,)))
    pem = {"tlsCert": made.pem + intermediate().pem, "tlsKey": made.key_pem}
    file = {"tlsPfx": pfx(made, [intermediate()]), "tlsPfxPassword": PASSWORD + "\n"}
    assert found(file, PFX) == []
    assert checked(pem).material == checked(file, PFX).material
    assert checked(pem).material is not None


def test_short_and_equal_passwords_are_refused() -> None:
    good = {**tls(HOST), "sharedPassword": "password", "adminPassword": LONG}
    assert found(good, FROM_CONFIG) == []
    assert found({**good, "sharedPassword": "short"}, FROM_CONFIG) == [
        "jupyterhub:sharedPassword it is shorter than 8 characters."
    ]
    assert found({**good, "adminPassword": "password of twenty-something"}, FROM_CONFIG) == [
        "jupyterhub:adminPassword it is shorter than 32 characters."
    ]
    assert found({**good, "sharedPassword": LONG + "\r\n"}, FROM_CONFIG) == [
        "jupyterhub:adminPassword it is the shared password."
    ]


def test_line_ends_after_a_password_are_taken_off_and_nothing_else_is() -> None:
    good = {**tls(HOST), "adminPassword": LONG}
    for pasted, meant in (("pass word\r\n", "pass word"), ("\npass word\n\n", "pass word")):
        secrets = checked({**good, "sharedPassword": pasted}, FROM_CONFIG).secrets
        assert secrets["sharedPassword"].get_secret_value() == meant
    assert found({**good, "sharedPassword": "pass word \n"}, FROM_CONFIG) == [
        "jupyterhub:sharedPassword it begins or ends with a blank."
    ]
    assert found({**good, "sharedPassword": "pass\nword"}, FROM_CONFIG) == [
        "jupyterhub:sharedPassword there are line ends or invisible characters in it."
    ]


def test_what_is_set_and_not_used_is_a_warning() -> None:
    (only,) = checked({**tls(HOST), "sharedPassword": "password"}).findings
    assert only.severity == "warning"
    assert only.what == "it is set, and these settings do not use it."
    assert "secrets.source: config" in only.follows
    assert "sharedPassword" not in checked({**tls(HOST), "sharedPassword": "password"}).secrets


def wanted_by(name: str, patch: Document | None = None) -> list[str]:
    return [row.key for row in needed(settings_of(name, patch))]


def test_each_stack_wants_its_own_secrets() -> None:
    assert wanted_by("local") == ["tlsCert", "tlsKey"]
    assert wanted_by("lab") == ["oauthClientSecret", "tunnelToken", "namedSecrets"]
    production = ["tlsPfx", "tlsPfxPassword", "oauthClientSecret", "databasePassword", "namedSecrets"]
    assert wanted_by("aiv-prod") == wanted_by("aiv-staging") == production
    assert wanted_by("iav-test") == ["sharedPassword", "adminPassword"]
    assert wanted_by("carbon254") == ["oauthClientSecret", "databasePassword", "tunnelToken", "namedSecrets"]


def test_with_a_store_only_the_certificate_comes_from_pulumi_s_config() -> None:
    store = {"kind": "existing", "name": "vault"}
    for source in ({"source": "externalSecrets", "store": store}, {"source": "cluster"}):
        assert wanted_by("aiv-prod", {"secrets": source}) == ["tlsPfx", "tlsPfxPassword"]
        assert wanted_by("carbon254", {"secrets": {**source, "name": None}}) == []


@pytest.mark.parametrize(
    ("name", "key", "value", "what"),
    [
        ("lab", "oauthClientSecret", "tooshort", "it is shorter than 16 characters."),
        ("lab", "oauthClientSecret", "Iv1.0123456789abcdef", "it is the clientId."),
        ("lab", "oauthClientSecret", "two words and a few more", "there are blanks in it."),
        (
            "aiv-prod",
            "oauthClientSecret",
            "0b5e7c9a-1111-4222-8333-444455556666",
            "it is the secret's id, not its value.",
        ),
        ("aiv-prod", "databasePassword", "seven77", "it is shorter than 8 characters."),
        ("lab", "tunnelToken", f"cloudflared service install {TUNNEL_TOKEN}", "it is no tunnel token"),
        ("lab", "tunnelToken", base64.b64encode(b"[1, 2]").decode(), "it is no tunnel token"),
        ("lab", "tunnelToken", base64.b64encode(b'{"a": "account"}').decode(), "it is no tunnel token"),
        ("lab", "tunnelToken", "no base64!", "it is no tunnel token"),
    ],
)
def test_a_secret_of_the_wrong_form_is_refused(name: str, key: str, value: str, what: str) -> None:
    document = settings_of(name)
    made = make("hub", intermediate(), Wish(hosts=(document.ingress.host,)))
    good = {
        "tlsPfx": pfx(made, [intermediate()]),
        "tlsPfxPassword": PASSWORD,
        "oauthClientSecret": CLIENT_SECRET,
        "tunnelToken": f" {TUNNEL_TOKEN}\n",
        "databasePassword": "good enough",
    }
    given = {row.key: SecretStr(good[row.key]) for row in needed(document) if not row.optional}
    assert check(given, document, TODAY).findings == []
    (only,) = check({**given, key: SecretStr(value)}, document, TODAY).findings
    assert (only.path, only.severity) == (f"jupyterhub:{key}", "error")
    assert only.what.startswith(what)


def test_keys_that_may_not_be_there_are_told_by_their_names() -> None:
    names = {
        "jupyterhub:settings",
        "jupyterhub:oauthClientSecert",
        "jupyterhub:Settings",
        "jupyterhub:somethingElse",
        "jupyterhub:databasePassword",
        "jupyterhub:tlsKey",
        "pulumi:disable-default-providers",
    }
    found_there = [f"{one.path} {one.what}" for one in misplaced(names, {"jupyterhub:tlsKey"})]
    assert found_there == [
        "jupyterhub:Settings there is no such key (did you mean jupyterhub:settings?).",
        "jupyterhub:databasePassword it stands in the stack file in plain text.",
        "jupyterhub:oauthClientSecert there is no such key (did you mean jupyterhub:oauthClientSecret?).",
        "jupyterhub:somethingElse there is no such key.",
    ]
    assert [one.what for one in misplaced(["jupyterhub:settings"], ["jupyterhub:settings"])] == [
        "the document has a secure value inside."
    ]


def test_what_is_unknown_and_in_plain_text_is_to_be_made_anew() -> None:
    for encrypted, told in ((["jupyterhub:tlsKye"], False), ([], True)):
        (only,) = misplaced(["jupyterhub:tlsKye"], encrypted)
        assert "pulumi config rm 'jupyterhub:tlsKye'" in only.remedy
        assert ("make a new one" in only.remedy) is told


def test_a_secret_that_was_set_as_a_name_is_not_repeated() -> None:
    for name in ("a secret with blanks", "s3cr3t" * 20, "line\nline"):
        (only,) = misplaced([f"jupyterhub:{name}"], [])
        assert name not in str(only)


def test_the_page_lists_every_key_as_the_code_knows_it() -> None:
    page = (PROJECT / "docs" / "secrets.md").read_text().splitlines()
    rows = [line for line in page if line.startswith("| `jupyterhub:")]
    for row, line in zip(TABLE, rows, strict=True):
        cells = (f"`{row.path}`", row.what, row.when, row.shortest or "", row.origin, f"`{row.command()}`")
        assert line == "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
    assert len(KNOWN) == len(TABLE)
