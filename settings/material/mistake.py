"""What to say about a text that is something else than it should be: what it is, and the way on."""

from __future__ import annotations

from settings.finding import Finding

_SERVE = "The ingress cannot serve TLS."
_SET_PFX = "set tls.source to pfx, and: base64 < tls.pfx | pulumi config set --secret jupyterhub:tlsPfx"
_SET_PEM = "set tls.source to pem, and the PEM files as jupyterhub:tlsCert and jupyterhub:tlsKey"
_CUT = ("the END line of a block is missing: it was not pasted whole", "Set it from the file: `< tls.pem`.")
_EMPTY = ("it is empty", "Set it from the file: `< tls.pem`.")
_UNPACK = (
    "it is PEM in base64 once more, as Kubernetes shows Secrets",
    "Decode it first: base64 -d < file > tls.pem",
)
_PFX_INSTEAD = ("it is a PFX (PKCS#12)", f"Either {_SET_PFX}")

_CERTIFICATE = {
    "empty": _EMPTY,
    "cut": _CUT,
    "PEM in base64": _UNPACK,
    "PFX": (
        _PFX_INSTEAD[0],
        f"{_PFX_INSTEAD[1]}; or take it apart: openssl pkcs12 -in tls.pfx -nokeys -out tls.crt",
    ),
    "DER": (
        "it is DER in base64, without BEGIN and END lines",
        "Make PEM of it: base64 -d < file | openssl x509 -inform der -out tls.crt",
    ),
    "binary": (
        "it is binary (DER, PFX, or text in UTF-16)",
        f"DER: openssl x509 -inform der -in tls.cer -out tls.crt. PFX: {_SET_PFX}",
    ),
    "key": ("it is a private key and no certificate", "Set the certificate here, and the key as tlsKey."),
    "request": ("it is a certificate request", "Send it to the authority, and set what comes back."),
    "PKCS#7": (
        "it is a PKCS#7 bundle (.p7b)",
        "Make PEM of it: openssl pkcs7 -print_certs -in tls.p7b -out tls.crt",
    ),
    "trusted certificate": (
        "it is in OpenSSL's own form (TRUSTED CERTIFICATE)",
        "Make PEM of it: openssl x509 -in tls.pem -out tls.crt",
    ),
}

_KEY = {
    "empty": _EMPTY,
    "cut": _CUT,
    "PEM in base64": _UNPACK,
    "encrypted key": (
        "it is encrypted, and no passphrase can be given with it",
        "Take the passphrase off (Pulumi encrypts the value): openssl pkey -in tls.key -out plain.key",
    ),
    "PFX": (
        _PFX_INSTEAD[0],
        f"{_PFX_INSTEAD[1]}; or take it apart: openssl pkcs12 -in tls.pfx -nocerts -nodes -out tls.key",
    ),
    "DER": (
        "it is DER in base64, without BEGIN and END lines",
        "Make PEM of it: base64 -d < file | openssl pkey -inform der -out tls.key",
    ),
    "binary": (
        "it is binary (DER, PFX, or text in UTF-16)",
        f"DER: openssl pkey -inform der -in tls.der -out tls.key. PFX: {_SET_PFX}",
    ),
    "certificate": ("it is a certificate and no private key", "Set the key here."),
    "public key": ("it is a public key", "Set the private key that belongs to the certificate."),
    "OpenSSH key": (
        "it is in OpenSSH's own form",
        "Make PEM of it (a copy: the file is rewritten): ssh-keygen -p -N '' -m PEM -f copy.key",
    ),
    "DSA key": ("it is a DSA key, which no browser takes", "Make an RSA or EC key and have it signed."),
    "request": ("it is a certificate request", "Set the key that the request was made with."),
}

_FILE = {
    "empty": ("it is empty", "Set it: base64 < tls.pfx | pulumi config set --secret jupyterhub:tlsPfx"),
    "binary": (
        "it is the file itself, and text is needed",
        "Encode it: base64 < tls.pfx | pulumi config set --secret jupyterhub:tlsPfx",
    ),
    **dict.fromkeys(
        ("certificate", "key", "encrypted key", "PEM in base64"),
        ("it is PEM and no PFX (PKCS#12)", f"Either {_SET_PEM}; or set the PFX."),
    ),
}

_TABLES = {
    "certificate": (_CERTIFICATE, "it is no PEM certificate", "Set a PEM file: `< tls.crt`."),
    "key": (_KEY, "it is no PEM key without a passphrase", "Set a PEM file: `< tls.key`."),
    "file": (
        _FILE,
        "it is no PFX (PKCS#12) in base64",
        "Encode the file: base64 < tls.pfx | pulumi config set --secret jupyterhub:tlsPfx",
    ),
}


def mistaken(wanted: str, kind: str, path: str) -> Finding:
    """Say that a text is another thing than the one wanted (certificate, key, file)."""
    table, what, remedy = _TABLES[wanted]
    what, remedy = table.get(kind, (what, remedy))
    return Finding(path=path, rule="tls-form", what=f"{what}.", follows=_SERVE, remedy=remedy)


def damaged(what: str, path: str) -> Finding:
    """Say that something has the right form outside and nothing readable inside."""
    return Finding(
        path=path,
        rule="tls-form",
        what=f"{what} is damaged, or of a kind that nothing here can read.",
        follows=_SERVE,
        remedy="Set it again from the file; openssl can say more about the file itself.",
    )
