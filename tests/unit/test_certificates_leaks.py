"""No secret is ever said: every way to fail, searched by value in all that a person or a log could see."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from settings.load import load
from settings.material import from_pem, from_pfx
from tests.unit.certificates import (
    HOST,
    PASSWORD,
    Wish,
    bundle,
    intermediate,
    make,
    pfx,
    pfx_bytes,
    rsa_key,
    server,
)
from tests.unit.documents import TODAY, Document, committed, local, patched
from tests.unit.test_certificates_mistakes import OTHER_THAN_A_CERTIFICATE, OTHER_THAN_A_KEY
from tests.unit.test_certificates_pfx import CASES as OTHER_THAN_A_FILE
from tests.unit.test_certificates_pfx import GOOD, OLD, with_keys

LOCAL = "jupyterhub.localhost"
OWN = make("hub", intermediate(), Wish(hosts=(LOCAL,), days=40000))
CHAIN = bundle(OWN, intermediate())
PEM = {"tlsCert": CHAIN, "tlsKey": OWN.key_pem}
FILE = {"tlsPfx": pfx(OWN, [intermediate()]), "tlsPfxPassword": PASSWORD}
PASSWORDS = {"sharedPassword": "Quokka-7-tulip", "adminPassword": "Wombat-9-" + "petunia-" * 4}


@dataclass(frozen=True)
class Case:
    """A stack's config that fails, or warns."""

    secrets: dict[str, str]
    patch: Document | None = None
    stack: str = "local"
    plain: tuple[str, ...] = ()
    nested: bool = False

    def config(self) -> None:
        document = patched(committed(self.stack), self.patch or {})
        values = {f"jupyterhub:{key}": value for key, value in self.secrets.items()}
        values["jupyterhub:settings"] = json.dumps(document)
        encrypted = {f"jupyterhub:{key}" for key in self.secrets if key not in self.plain}
        pulumi.runtime.set_all_config(
            values, sorted(encrypted | ({"jupyterhub:settings"} if self.nested else set()))
        )


def _of_certificates() -> Iterator[tuple[str, Case]]:
    for name, (text, _) in OTHER_THAN_A_CERTIFICATE.items():
        yield f"certificate: {name}", Case({**PEM, "tlsCert": text})
    for name, (text, _) in OTHER_THAN_A_KEY.items():
        yield f"key: {name}", Case({**PEM, "tlsKey": text})
    yield "swapped", Case({"tlsCert": OWN.key_pem, "tlsKey": CHAIN})
    yield "another key", Case({**PEM, "tlsKey": server().key_pem})
    yield "encrypted", Case({**PEM, "tlsKey": OWN.key_as(PrivateFormat.PKCS8, b"Numbat-passphrase")})
    for wish in (Wish(days=-1), Wish(since=-9), Wish(authority=True), Wish(hosts=(), days=9)):
        made = make("odd", intermediate(), wish, rsa_key(1024))
        yield f"unfit: {wish}", Case({"tlsCert": made.pem, "tlsKey": made.key_pem})


def _of_files() -> Iterator[tuple[str, Case]]:
    tls: Document = {"tls": {"source": "pfx"}}
    for name, (text, _) in OTHER_THAN_A_FILE.items():
        yield f"file: {name}", Case({**FILE, "tlsPfx": text}, tls)
    yield "wrong password", Case({**FILE, "tlsPfxPassword": "Bandicoot-5-rose"}, tls)
    yield "broken password", Case({**FILE, "tlsPfxPassword": "Bandicoot\n5-rose"}, tls)
    yield "another host", Case({**FILE, "tlsPfx": GOOD}, tls)
    yield "old ciphers", Case({"tlsPfx": OLD, "tlsPfxPassword": "Bandicoot-5-rose"}, tls)
    yield "several keys", Case({**FILE, "tlsPfx": with_keys(OWN.key, server().key)}, tls)
    yield "one missing", Case({"tlsPfxPassword": "Bandicoot-5-rose"}, tls)


def _of_passwords() -> Iterator[tuple[str, Case]]:
    wanted: Document = {"secrets": {"source": "config"}, "auth": {"administrators": ["eve"]}}
    both = {**PEM, **PASSWORDS}
    yield "short", Case({**both, "sharedPassword": "Qk-7-t", "adminPassword": "Wombat-9-petunia"}, wanted)
    yield "equal", Case({**both, "sharedPassword": PASSWORDS["adminPassword"]}, wanted)
    yield "line ends", Case({**both, "sharedPassword": "Quokka-7\r\ntulip-rose"}, wanted)
    yield "blanks", Case({**both, "sharedPassword": " Quokka-7-tulip "}, wanted)
    yield "unused", Case(both)
    yield "unknown", Case({**PEM, "oauthClientSecert": "Echidna-11-clover"})
    yield "unknown and plain", Case({**PEM, "sharedPasword": "Echidna-11-clover"}, plain=("sharedPasword",))
    yield "plain", Case({**both, "tunnelToken": "Echidna-11-clover"}, wanted, plain=("tunnelToken", "tlsKey"))
    yield "document refused", Case(both, {"hub": {"replicas": 2}})
    yield (
        "nested",
        Case(both, {"auth": {"password": "Echidna-11-clover"}, "hub": "Potoroo-clover"}, nested=True),
    )


def _of_stacks() -> Iterator[tuple[str, Case]]:
    secret = {"oauthClientSecret": "Bilby 3 marigold", "tunnelToken": "Dunnart-4-fern"}
    yield "client secret, token", Case(secret, stack="lab")
    yield "short", Case({"oauthClientSecret": "Bilby-3", "databasePassword": "Dunn-4"}, stack="carbon254")
    broken = {"oauthClientSecret": "b0b1b2b3-1111-4222-8333-444455556666", "databasePassword": "Dun\tnart-4"}
    yield "its id", Case({**broken, **FILE}, stack="aiv-prod")


CASES = dict([*_of_certificates(), *_of_files(), *_of_passwords(), *_of_stacks()])


@pytest.fixture
def _clean() -> Iterator[None]:
    yield
    pulumi.runtime.set_all_config({}, [])


def pieces(values: Iterator[str] | list[str]) -> set[str]:
    """What must not be seen: each line of each secret, and the hidden values of a document."""
    lines = {line.strip() for value in values for line in value.splitlines()}
    return {line for line in lines if len(line) > 5 and not line.startswith("-----")}


def everything_of(error: BaseException) -> Iterator[str]:
    """What an error could show: itself, and all that hangs on it."""
    seen: BaseException | None = error
    while seen is not None:
        yield f"{seen} {seen!r} {seen.args} {vars(seen)}"
        seen = seen.__cause__ or seen.__context__
    yield "".join(traceback.format_exception(error))


def said_by_load(monkeypatch: pytest.MonkeyPatch) -> str:
    said: list[str] = []
    for level in ("debug", "info", "warn", "error"):
        monkeypatch.setattr(pulumi.log, level, said.append)
    try:
        said.append(repr(load()[1]))
    except pulumi.RunError as error:
        said += everything_of(error)
    return "\n".join(said)


@pytest.mark.usefixtures("_clean")
@pytest.mark.parametrize("name", CASES)
def test_no_way_to_fail_says_a_secret(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    case.config()
    said = said_by_load(monkeypatch)
    out, err = capfd.readouterr()
    assert "What to do" in said, "this case neither fails nor warns"
    hidden = pieces([*case.secrets.values(), "Echidna-11-clover", "Potoroo-clover", "Numbat-passphrase"])
    assert [piece for piece in hidden if piece in said + out + err] == []


def test_the_search_would_find_a_secret_that_is_said() -> None:
    assert pieces([OWN.key_pem]) & set(OWN.key_pem.splitlines())
    error = pulumi.RunError("clean")
    error.__context__ = ValueError(PASSWORDS["sharedPassword"])
    assert any(PASSWORDS["sharedPassword"] in text for text in everything_of(error))


mangled = st.tuples(
    st.integers(0, 4000), st.sampled_from(["cut", "change", "repeat", "insert"]), st.binary(max_size=8)
)


def mangle(data: bytes, change: tuple[int, str, bytes]) -> bytes:
    place, how, put = change
    place %= max(len(data), 1)
    rest = {
        "cut": b"",
        "change": put + data[place + len(put) :],
        "repeat": data[: place + 40],
        "insert": put + data,
    }
    return data[:place] + rest[how]


@settings(max_examples=150)
@given(mangled, st.booleans())
def test_a_damaged_certificate_or_key_is_a_finding_and_never_an_error(
    change: tuple[int, str, bytes], whole: bool
) -> None:
    """Inside the DER, where parsers stumble, and in the text around it."""
    der = base64.encodebytes(mangle(server().der, change)).decode()
    inside = f"-----BEGIN CERTIFICATE-----\n{der}-----END CERTIFICATE-----\n" + intermediate().pem
    text = inside if whole else mangle(bundle(server(), intermediate()).encode(), change).decode("latin-1")
    key = mangle(server().key_pem.encode(), change).decode("latin-1")
    for certificate, private in ((text, server().key_pem), (bundle(server(), intermediate()), key)):
        material, found = from_pem(SecretStr(certificate), SecretStr(private), HOST, TODAY)
        said = "\n".join(map(str, found))
        assert material or any(one.severity == "error" for one in found)
        assert [piece for piece in pieces([server().key_pem]) if piece in said] == []


FILE_BYTES = pfx_bytes(server(), [intermediate()], "")


@settings(max_examples=100)
@given(mangled)
def test_a_damaged_file_is_a_finding_and_never_an_error(change: tuple[int, str, bytes]) -> None:
    """Without encryption, so that what is damaged is found by the readers of what lies inside."""
    text = base64.b64encode(mangle(FILE_BYTES, change)).decode()
    material, found = from_pfx(SecretStr(text), SecretStr(""), HOST, TODAY)
    assert material or any(one.severity == "error" for one in found)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_a_finding_and_is_not_repeated(first: str, second: str) -> None:
    for found in (
        from_pem(SecretStr(first), SecretStr(second), HOST, TODAY)[1],
        from_pfx(SecretStr(first), SecretStr(second), HOST, TODAY)[1],
    ):
        said = "\n".join(map(str, found))
        assert found
        assert not [text for text in (first, second) if len(text) > 20 and text in said]


@pytest.mark.usefixtures("_clean")
def test_the_committed_document_with_good_secrets_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("settings.document.RULES", ())
    Case(PEM).config()
    assert local()["tls"]["source"] == "pem"
    assert said_by_load(monkeypatch).startswith("Brought(")
