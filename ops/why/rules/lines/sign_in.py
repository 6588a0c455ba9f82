"""What the hub says of its identity provider."""

from __future__ import annotations

from ops.why.rules.lines.line import line

_SIGN_IN = "Nobody can sign in; who is signed in already goes on."

SIGN_IN = (
    line(
        "client-secret-expired",
        r"AADSTS7000222",
        "the application's client secret at Entra ID has expired.",
        _SIGN_IN,
        "Make a new one in the app registration, set it, and deploy again.",
        "secrets",
        "up",
    ),
    line(
        "client-secret-wrong",
        r"AADSTS7000215|AADSTS7000216|incorrect_client_credentials|\binvalid_client\b",
        "the identity provider refuses the client secret.",
        _SIGN_IN,
        "Set the secret's value (not its id) of the application of auth.clientId, and deploy again.",
        "secrets",
        "up",
    ),
    line(
        "redirect-uri",
        r"AADSTS50011|redirect_uri_mismatch|redirect_uri (?:is not|does not|must match)"
        r"|[Ii]nvalid redirect_uri",
        "the identity provider does not know the hub's address for its answers.",
        _SIGN_IN,
        "Register {callback} at the provider, to the letter.",
        "outputs",
    ),
    line(
        "client-unknown",
        r"AADSTS700016|AADSTS90002|AADSTS900023",
        "Entra ID does not know the application or the tenant.",
        _SIGN_IN,
        "Correct auth.clientId and auth.tenantId in {file}.",
        "up",
    ),
    line(
        "not-assigned",
        r"AADSTS50105",
        "somebody is not assigned to the application in Entra ID.",
        "That person cannot sign in.",
        "Assign the person, or a group of theirs, to the enterprise application.",
    ),
    line(
        "consent",
        r"AADSTS65001|AADSTS90094",
        "nobody consented to what the application asks for at Entra ID.",
        _SIGN_IN,
        "An administrator of the tenant grants consent to the application.",
    ),
    line(
        "conditional-access",
        r"AADSTS53003|AADSTS5007[69]|AADSTS53000",
        "the tenant's Conditional Access refuses somebody's sign-in.",
        "That person cannot sign in.",
        "See the sign-in log of the tenant: it names the policy.",
    ),
    line(
        "provider-certificate",
        r"(?:oauth|login|userinfo|token).*CERTIFICATE_VERIFY_FAILED|CERTIFICATE_VERIFY_FAILED.*oauth",
        "the hub does not trust the identity provider's certificate.",
        _SIGN_IN,
        "A proxy that opens TLS signs with the company's authority: name it in cluster.caBundle.",
        "up",
    ),
    line(
        "provider-unreachable",
        r"oauth_callback.*(?:gaierror|Name or service not known|Temporary failure in name resolution"
        r"|ConnectionRefused|Connection refused|Timeout|timed out|No route to host)"
        r"|Error [^\n]* 599 (?:GET|POST) \S+",
        "the hub does not reach the identity provider.",
        _SIGN_IN,
        "The way to it: auth.reach in {file}; what a firewall must let through: `ops firewall`.",
        "firewall",
    ),
)
