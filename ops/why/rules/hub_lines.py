"""What the hub's log says when something is wrong, and what that means: one entry for each known line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_DATABASE = "The hub does not come up without its database; servers that run go on."
_SIGN_IN = "Nobody can sign in; who is signed in already goes on."
_START = "The hub does not come up; servers that run go on, and nobody signs in."


@dataclass(frozen=True)
class Line:
    """One known line: how it reads, what is wrong, what to do, with which commands (names of `hub.py`)."""

    rule: str
    pattern: re.Pattern[str]
    what: str
    follows: str
    advice: str
    commands: tuple[str, ...] = ("logs",)
    user: bool = False
    """The pattern's first group is the name of a user, whose server did not start."""
    never_over: bool = field(default=False)
    """Said once at the start, and true as long as the hub runs."""


def _line(rule: str, pattern: str, what: str, follows: str, advice: str, *commands: str) -> Line:
    return Line(rule, re.compile(pattern, re.DOTALL), what, follows, advice, commands or ("logs",))


def _server(rule: str, pattern: str, what: str, advice: str) -> Line:
    follows = "{0} has no server; the hub takes away what was made for it."
    return Line(rule, re.compile(pattern), what, follows, advice, ("user",), user=True)


# The first that fits counts.
LINES = (
    _line(
        "database-schema",
        r"Found database schema version (\S+) != ([^\s.]+)",
        "the database has the form of another version of JupyterHub ({0}; this hub wants {1}).",
        _DATABASE,
        "After an update: back the database up, and bring it to the new form once (jupyterhub upgrade-db, in "
        "the new image). After a step back: go on with the newer image, or restore the backup.",
    ),
    _line(
        "database-password",
        r"password authentication failed for user",
        "the database refuses the hub's password.",
        _DATABASE,
        "Set the password that the database has (databasePassword), and deploy again.",
        "secrets",
        "up",
    ),
    _line(
        "database-missing",
        r'(?:FATAL|OperationalError).*(database|role) "([^"]+)" does not exist',
        "the server has no {0} {1}.",
        _DATABASE,
        "Let its owner make it, or correct database.name and database.user in {file}.",
        "up",
    ),
    _line(
        "database-access",
        r"no pg_hba\.conf entry|server does not support SSL",
        "the database server does not let the hub in from its address, or not in this way (SSL).",
        _DATABASE,
        "Let its owner allow the nodes' addresses, with SSL as database.sslMode says.",
    ),
    _line(
        "database-certificate",
        r"psycopg.*(?:certificate verify failed|root certificate|does not match host name)",
        "the hub does not trust the database server's certificate.",
        _DATABASE,
        "Name the company's authorities in cluster.caBundle, and the host as the certificate has it.",
        "up",
    ),
    _line(
        "database-host",
        r"could not translate host name \"?([^\s\"]+)",
        "the name of the database server, {0}, cannot be resolved.",
        _DATABASE,
        "Correct database.host in {file}, or the cluster's DNS.",
        "up",
    ),
    _line(
        "database-refused",
        r"connection to server at \"([^\"]+)\".*(?:Connection refused|No route to host)",
        "nobody answers at the database server {0}.",
        _DATABASE,
        "Start it, or correct database.host and database.port; the way to it is in `ops firewall`.",
        "firewall",
    ),
    _line(
        "database-timeout",
        r"connection to server at \"([^\"]+)\".*(?:timeout expired|timed out)",
        "the database server {0} does not answer in time.",
        _DATABASE,
        "A firewall or a policy drops it: database.reach in {file}, and `ops firewall` for the network team.",
        "firewall",
    ),
    _line(
        "database-full",
        r"too many clients already|remaining connection slots",
        "the database server takes no more connections.",
        _DATABASE,
        "Let its owner allow more, or see who holds them.",
    ),
    _line(
        "database-disk",
        r"database or disk is full|No space left on device",
        "the volume of the database is full.",
        _DATABASE,
        "Let it grow: database.size in {file}, where its class lets volumes grow.",
        "up",
    ),
    _line(
        "database-file",
        r"unable to open database file|attempt to write a readonly database|disk image is malformed"
        r"|database is locked",
        "the file of the database cannot be used.",
        _DATABASE,
        "See the hub's volume and who else has it: two hubs on one file harm it. A backup: docs/keeping.md.",
    ),
    _line(
        # Why, JupyterHub says at the level of debugging only.
        "database-unreachable",
        r"Failed to connect to db: (\S+)",
        "the hub cannot use its database ({0}).",
        _DATABASE,
        "It does not say why: the server is down or its name unknown, a policy or a firewall drops it, "
        "password, name or certificate is wrong. The log of the database server tells the last ones apart.",
        "secrets",
        "firewall",
        "logs",
    ),
    _line(
        "client-secret-expired",
        r"AADSTS7000222",
        "the application's client secret at Entra ID has expired.",
        _SIGN_IN,
        "Make a new one in the app registration, set it, and deploy again.",
        "secrets",
        "up",
    ),
    _line(
        "client-secret-wrong",
        r"AADSTS7000215|AADSTS7000216|incorrect_client_credentials|\binvalid_client\b",
        "the identity provider refuses the client secret.",
        _SIGN_IN,
        "Set the secret's value (not its id) of the application of auth.clientId, and deploy again.",
        "secrets",
        "up",
    ),
    _line(
        "redirect-uri",
        r"AADSTS50011|redirect_uri_mismatch|redirect_uri (?:is not|does not|must match)"
        r"|[Ii]nvalid redirect_uri",
        "the identity provider does not know the hub's address for its answers.",
        _SIGN_IN,
        "Register {callback} at the provider, to the letter.",
        "outputs",
    ),
    _line(
        "client-unknown",
        r"AADSTS700016|AADSTS90002|AADSTS900023",
        "Entra ID does not know the application or the tenant.",
        _SIGN_IN,
        "Correct auth.clientId and auth.tenantId in {file}.",
        "up",
    ),
    _line(
        "not-assigned",
        r"AADSTS50105",
        "somebody is not assigned to the application in Entra ID.",
        "That person cannot sign in.",
        "Assign the person, or a group of theirs, to the enterprise application.",
    ),
    _line(
        "consent",
        r"AADSTS65001|AADSTS90094",
        "nobody consented to what the application asks for at Entra ID.",
        _SIGN_IN,
        "An administrator of the tenant grants consent to the application.",
    ),
    _line(
        "conditional-access",
        r"AADSTS53003|AADSTS5007[69]|AADSTS53000",
        "the tenant's Conditional Access refuses somebody's sign-in.",
        "That person cannot sign in.",
        "See the sign-in log of the tenant: it names the policy.",
    ),
    _line(
        "provider-certificate",
        r"(?:oauth|login|userinfo|token).*CERTIFICATE_VERIFY_FAILED|CERTIFICATE_VERIFY_FAILED.*oauth",
        "the hub does not trust the identity provider's certificate.",
        _SIGN_IN,
        "A proxy that opens TLS signs with the company's authority: name it in cluster.caBundle.",
        "up",
    ),
    _line(
        "provider-unreachable",
        r"oauth_callback.*(?:gaierror|Name or service not known|Temporary failure in name resolution"
        r"|ConnectionRefused|Connection refused|Timeout|timed out|No route to host)"
        r"|Error [^\n]* 599 (?:GET|POST) \S+",
        "the hub does not reach the identity provider.",
        _SIGN_IN,
        "The way to it: auth.reach in {file}; what a firewall must let through: `ops firewall`.",
        "firewall",
    ),
    _line(
        "groups-unmanaged",
        r"(\S+) requires \S*manage_groups to also be set",
        "{0} is set, and nothing reads groups.",
        _START,
        "Deploy with the program's own values: they set both.",
        "check",
        "up",
    ),
    Line(
        "nobody-allowed",
        re.compile(r"No allow config found"),
        "no setting lets anybody in.",
        "Everybody who signs in is refused.",
        "Say in auth who may: groups, organisations, or users.",
        ("check", "up"),
        never_over=True,
    ),
    _line(
        "crypt-keys",
        r"Encryption keys must be specified|Encryption keys must be 32 bytes|NoEncryptionKeys"
        r"|in _fernet_default",
        "the keys that encrypt what the hub remembers of a sign-in are missing or malformed.",
        _START,
        "Whence they come: `ops secrets`. Each is 32 bytes, as 64 hexadecimal digits.",
        "secrets",
        "up",
    ),
    _line(
        "crypt-key-gone",
        r"Failed to retrieve encrypted auth_state for (\S+) because",
        "what the hub remembers of a sign-in cannot be decrypted: a key was taken away too early.",
        "{0} and others have to sign in again before they start a server.",
        "Put the older key back into secrets.generations.cryptKeys for as long as docs/rotation.md says.",
        "up",
    ),
    _line(
        "cookie-secret",
        r"Refusing to run JupyterHub with invalid cookie_secret|Cookie secret is \d+ bytes",
        "the cookie secret is malformed.",
        _START,
        "Whence it comes: `ops secrets`. It is 32 bytes, as 64 hexadecimal digits.",
        "secrets",
    ),
    _line(
        "setting-refused",
        r"Bad config encountered during initialization: ([^\n]+)|TraitError: ([^\n]+)",
        "JupyterHub refuses one of its settings.",
        _START,
        "`ops check` holds every setting against the hub's packages; what was changed by hand it cannot see.",
        "check",
        "up",
    ),
    _line(
        "value-refused",
        r"(?:Exception while loading config file|in load_config_file|jupyterhub_config\.py).*"
        r"\n\s*(\w*(?:Error|Exception): [^\n]+)",
        "the hub's configuration ends in an error: {0}.",
        _START,
        "`ops check`; what is missing at hand may be a file or a variable that a Secret brings.",
        "check",
        "logs",
    ),
    _line(
        "proxy-token",
        r"in get_all_routes.*HTTP 403|api/routes[^\n]*(?:403|Forbidden)|Did CONFIGPROXY_AUTH_TOKEN change",
        "hub and proxy do not have the same token.",
        "No route is made: nobody reaches the hub or a server.",
        "Both read it at their start only: restart both.",
        "restart",
    ),
    _line(
        "proxy-unreachable",
        r"Failed to connect to proxy|Cannot connect to proxy|Proxy api_request failed"
        r"|in get_all_routes.*(?:ConnectionRefused|gaierror|Timeout|HTTP 599)"
        r"|api/routes[^\n]*(?:refused|599)",
        "the hub does not reach the proxy.",
        "No route is made: nobody reaches the hub or a new server.",
        "See the proxy's pod; a policy of others may stand between.",
        "proxy",
    ),
    _line(
        "api-rights",
        r"is forbidden: User \S?\"?(system:serviceaccount:\S+?)\\?\"? cannot (\w+) resource \\?\"(\w+)",
        "the hub ({0}) may not {1} {2}.",
        "It can start, stop or see no server.",
        "A deployment puts its Role in order; others may have changed it.",
        "up",
    ),
    _line(
        "api-refused",
        r"Cannot connect to host (\S+) ssl"
        r"|Initial list of \w+ failed|Watching resources never recovered",
        "the hub does not reach the API server of the cluster.",
        "It can start, stop or see no server.",
        "Its policy must let it there: network.apiServer in {file} has address and port.",
        "endpoints",
    ),
    _line(
        "spawns-failed",
        r"Aborting due to (\d+) consecutive spawn failures",
        "{0} servers in a row did not start, and the hub restarted itself.",
        "Whoever was starting a server has to try again.",
        "See why they did not start: one image or one class that is missing does it.",
        "pods",
    ),
    _server(
        "server-timeout",
        r"()pod \S+?/(\S+) did not start in (\d+) seconds",
        "its pod {1} did not start in {2} seconds.",
        "See what the pod waits for.",
    ),
    _server(
        "server-timeout",
        r"(\S+?)'s server failed to start in (\S+) seconds, giving up",
        "it did not start in {1} seconds.",
        "See what its pod waits for.",
    ),
    _server(
        "server-silent",
        r"(\S+?)'s server never showed up at (\S+) after (\S+) seconds",
        "its pod runs, and does not answer the hub at {1}.",
        "The server ended, or a policy stands between hub and pod: see its log.",
    ),
    _server(
        "claim-refused",
        r"()Could not create PVC (\S+)",
        "its claim {1} could not be made.",
        "A quota on claims or storage is full, or the API server is slow: see the error before it.",
    ),
    _server(
        "sign-in-expired",
        r"Auth expired for (\S+?); cannot spawn",
        "its owner has to sign in again first.",
        "Sign out and in again.",
    ),
    _server(
        "server-error",
        r"(?:Unhandled error|Error) starting (\S+?)'s server: (.*)",
        "it could not be made.",
        "Read the hub's words.",
    ),
)
