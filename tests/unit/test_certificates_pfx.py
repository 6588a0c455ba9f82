"""TLS material as PFX (PKCS#12): the same comes out as from PEM, and what does not open says why."""

from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from settings.finding import Finding
from settings.material import Material, from_pem, from_pfx
from tests.unit.certificates import (
    AUTHORITY,
    HOST,
    PASSWORD,
    Key,
    Made,
    Wish,
    bundle,
    intermediate,
    make,
    pem_of,
    pfx,
    pfx_bytes,
    root,
    rsa_key,
    server,
)
from tests.unit.documents import TODAY

GOOD = pfx(server(), [intermediate(), root()])

# Made by `openssl pkcs12 -export -legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg sha1`, as
# Windows and OpenSSL 1 write them: a leaf for hub.example.org and its root, both until 2100.
OLD = """
MIIEwgIBAzCCBIgGCSqGSIb3DQEHAaCCBHkEggR1MIIEcTCCA2cGCSqGSIb3DQEHBqCCA1gwggNUAgEAMIIDTQYJKoZIhvcNAQcB
MBwGCiqGSIb3DQEMAQYwDgQIIWmu27VFZXACAggAgIIDINo62QDdFCUe6uXQZjfWj7A2x5fDcrhqgBCu+BIu2M28Zp5xHyStgW8c
Ku4cb5C61I7uHFp68/mSQSU5TPreOIa8ly8553STRRqs3hPKfGxHLFpfNJXhAXC42oK/M14cRwG9FpVn4qx+IiCk8S0xAORlX6fp
9KdsDFflrAKtjOwX3183+XJZ5f70RjqPBW9Qt59C9WJmpmA88pCPwcGSqFC6QyOb8NFGoC2EznuwPGsiH5Lv5+PlJCSLnAwYdtmv
U51G6C1ZmY8gY1POGKdZs3tIp9LJYPJG3CXd+qnzYzIHwhiIKCNKkx7h/WeQDIGOYWMAAi1nX+MY0HuwZuxWnxupJsxE935HAz0K
FjLXBwDsTd9eflvlWHtlAmPk8oOQdZH752NjxyPeXxleP/mf3ElHlg/Hggw/JFLCwirErvoBNJFjz62ZewpFeNd/VS9w+DstlkiC
TrYHKWl6atTn9jUBZCPhrkPs7e9uY5HcPGMD3fVQMpoOu4dGF/PlTFbbL68n4hXAaSQ1uCiV2p9EqgIzlxI415oBZZl5xWzuxmiT
FnJMOaooQ0wQL/Wk+z0jWA7o2ZAFHILpTEiGROqYJ+oiRvfx7HJRWs/W4ovCQIETYjnaGkXYK7ZB10eCmwsDzoD+/HXOom1b746O
+Mm4NrJ/LPMVBwAFl7+gZ9GE8PI6YQaUkRSKpW1G7JoO2ocLjQeivHuEwf4V/T98wlvS9w152l3OUqpokKmGjm+Xu0vExAIz5kxZ
HO6mqyKpXQuOrC6Nn5pcNhMcPwyalRmWeTzLfFegaZMmAqzPcx93EbFI7B+I4womsF4dhG6yG0j4iwqMD9vZnXEwHYyF0ae11blv
ZdTWmaszZ7q2mfuocdPfvju52vuCHIvKq3VQ67RL2IFFkA8KIUbvmVHwgA+i00ETa1Q+XUYdCoLqI1MpPARUhWs99bqrCaA5/aK9
ojocKrrMyxpslyShxDPpgAqjcTiAPt2Ot2XgXZu4FoXYhEXlEtNsNi94sBSMUKpyK8FBbuWo0AU3Iz5jDLI6U1sasHYsQ2fQJv80
vuRzMweBB1o1MIIBAgYJKoZIhvcNAQcBoIH0BIHxMIHuMIHrBgsqhkiG9w0BDAoBAqCBtDCBsTAcBgoqhkiG9w0BDAEDMA4ECG/t
qYzPOMGUAgIIAASBkLJoMgEZGdWuYf1ZcLgvWGhZy4S21QuaLS3Yn5cY8C44zSBkFfDaT2ooH9rgFzMSaIBwKEI6kxVmo7Qj2tQh
ITejoiCaoUdnqc6d22F3dZ6VDehRScTCk36hh6V6uJtlRVBtbj5j3Tl1CSVssfRCCBQOeNTQdqVNLovMPqagw7ljiHIvy3er9Nrr
zKdxYxvRCzElMCMGCSqGSIb3DQEJFTEWBBTXKeto3Af7XRWwGHz6s2kkh0n1wDAxMCEwCQYFKw4DAhoFAAQUHRhCfwsE9DwqA64a
Urqd3CfeiycECB4vHgzLGFfFAgIIAA==
"""


def judged(file: str, password: str = PASSWORD, host: str = HOST) -> tuple[Material | None, list[Finding]]:
    return from_pfx(SecretStr(file), SecretStr(password), host, TODAY)


def refused(file: str, password: str = PASSWORD) -> list[str]:
    material, found = judged(file, password)
    assert material is None
    assert all(one.follows and one.remedy for one in found)
    return [f"{one.path.removeprefix('jupyterhub:')}: {one.what}" for one in found]


@st.composite
def chains(draw: st.DrawFn) -> tuple[Made, list[Made]]:
    """A leaf, and in any order what stands above it and beside it, a link missing now and then."""
    kinds: st.SearchStrategy[Key | None] = st.sampled_from([None, rsa_key()])
    above = [root()]
    for number in range(draw(st.integers(0, 3))):
        above.append(make(f"Intermediate {number}", above[-1], AUTHORITY, draw(kinds)))
    leaf = make("hub", above[-1], Wish(days=draw(st.sampled_from([-5, 5, 90]))), draw(kinds))
    others = draw(st.lists(st.sampled_from([*above, intermediate(), server()]), unique=True))
    whole = draw(st.booleans())
    return leaf, draw(st.permutations(above if whole else others))


@settings(max_examples=30)
@given(chains(), st.sampled_from(["", PASSWORD, "pässwörd €"]), st.booleans(), st.integers(0, 4))
def test_a_pfx_says_the_same_as_pem_of_the_same_material(
    chain: tuple[Made, list[Made]], password: str, old: bool, place: int
) -> None:
    leaf, others = chain
    text = bundle(*others[:place], leaf, *others[place:])
    from_text, of_text = from_pem(SecretStr(text), SecretStr(leaf.key_pem), HOST, TODAY)
    from_file, of_file = judged(pfx(leaf, others, password, old=old and bool(password)), password)
    assert from_text == from_file
    assert [(one.rule, one.what, one.severity) for one in of_text] == [
        (one.rule, one.what, one.severity) for one in of_file
    ]


def test_good_files_pass_in_every_writing() -> None:
    lines = base64.encodebytes(pfx_bytes(server(), [intermediate()])).decode()
    writings = (
        GOOD,
        lines,
        lines.replace("\n", "\r\n"),
        # What `certutil -encode` writes, whatever the file is.
        f"-----BEGIN CERTIFICATE-----\r\n{lines}-----END CERTIFICATE-----\r\n",
        pfx(server(), [intermediate()], old=True),
    )
    for writing in writings:
        material, found = judged(writing)
        assert found == []
        assert material is not None
        assert material.certificate_pem == bundle(server(), intermediate())


def test_a_file_without_a_password_opens_with_an_empty_one() -> None:
    assert judged(pfx(server(), [intermediate()], ""), "")[1] == []


def test_a_file_with_the_old_ciphers_of_windows_opens() -> None:
    material, found = judged(OLD)
    assert found == []
    assert material is not None
    assert material.subject == "CN=old"


@pytest.mark.parametrize("password", ["wrong", "", PASSWORD + "x", PASSWORD.upper(), "\ud800"])
def test_a_wrong_password_is_told(password: str) -> None:
    assert refused(GOOD, password) == ["tlsPfxPassword: it does not open the PFX."]


def test_an_old_cipher_that_is_unknown_here_comes_with_the_conversion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without_legacy(data: bytes, password: bytes) -> None:
        raise UnsupportedAlgorithm("RC2 is not known here")

    monkeypatch.setattr(pkcs12, "load_pkcs12", without_legacy)
    (only,) = judged(OLD)[1]
    assert only.what == "it does not open the PFX (or this machine does not know its old cipher, RC2)."
    assert "openssl pkcs12 -legacy -in tls.pfx -nodes" in only.remedy


CASES = {
    "empty": (" \n", "it is empty."),
    "a word": ("no file", "it is no PFX (PKCS#12) in base64."),
    "binary": (
        pfx_bytes(server(), []).decode(errors="replace"),
        "it is the file itself, and text is needed.",
    ),
    "PEM": (server().pem, "it is PEM and no PFX (PKCS#12)."),
    "PEM in base64": (base64.b64encode(server().pem.encode()).decode(), "it is PEM and no PFX (PKCS#12)."),
    "DER": (base64.b64encode(server().der).decode(), "it is no PFX (PKCS#12) in base64."),
    "half of base64": (GOOD[: len(GOOD) // 2 - 1], "it is no PFX (PKCS#12) in base64."),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_pfx_is_told_by_what_it_is(case: str) -> None:
    text, what = CASES[case]
    assert refused(text) == [f"tlsPfx: {what}"]


def test_a_damaged_file_does_not_open() -> None:
    data = pfx_bytes(server(), [intermediate()])
    assert refused(base64.b64encode(data[:-20]).decode()) == ["tlsPfxPassword: it does not open the PFX."]


def test_a_file_without_a_key_is_refused() -> None:
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    chain = [made.certificate for made in (server(), intermediate())]
    data = pkcs12.serialize_key_and_certificates(None, None, None, chain, encryption)
    assert refused(base64.b64encode(data).decode()) == ["tlsPfx: there is no private key in it."]


def test_a_file_without_a_certificate_is_refused() -> None:
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    data = pkcs12.serialize_key_and_certificates(None, server().key, None, None, encryption)
    assert refused(base64.b64encode(data).decode()) == ["tlsPfx: there is no certificate in it."]


def der(tag: int, *parts: bytes) -> bytes:
    """One ASN.1 element, its length as BER allows it and DER does not; no library here writes two keys."""
    content = b"".join(parts)
    size = len(content).to_bytes(3, "big")
    return bytes([tag, 0x83]) + size + content


def with_keys(*keys: Key) -> str:
    """A PFX without encryption that holds the server's certificate and these keys."""
    bags = bytes.fromhex("060b2a864886f70d010c0a01")
    data, x509 = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("060a2a864886f70d01091601")
    form = (
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    made = [der(0x30, bags + b"\x01", der(0xA0, key.private_bytes(*form))) for key in keys]
    certificate = der(0x30, x509, der(0xA0, der(0x04, server().der)))
    made.append(der(0x30, bags + b"\x03", der(0xA0, certificate)))
    safe = der(0x30, data, der(0xA0, der(0x04, der(0x30, *made))))
    return base64.b64encode(
        der(0x30, b"\x02\x01\x03", der(0x30, data, der(0xA0, der(0x04, der(0x30, safe)))))
    ).decode()


def test_a_file_with_several_keys_is_refused() -> None:
    assert refused(with_keys(root().key, server().key)) == ["tlsPfx: there are several private keys in it."]


def test_a_certificate_without_its_key_is_told() -> None:
    assert "tlsPfx: the key belongs to another certificate than CN=hub." in refused(with_keys(root().key))


def test_pem_of_a_pfx_is_no_pem() -> None:
    text = pem_of(pfx_bytes(server(), []))
    material, found = from_pem(SecretStr(text), SecretStr(server().key_pem), HOST, TODAY)
    assert material is None
    assert len(found) == 1
