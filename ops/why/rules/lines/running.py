"""What the hub says of its settings and keys, the proxy, the API server, and users' servers."""

from __future__ import annotations

import re

from ops.why.rules.lines.line import Line, line, server

_START = "The hub does not come up; servers that run go on, and nobody signs in."

RUNNING = (
    line(
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
    line(
        "crypt-keys",
        r"Encryption keys must be specified|Encryption keys must be 32 bytes|NoEncryptionKeys"
        r"|in _fernet_default",
        "the keys that encrypt what the hub remembers of a sign-in are missing or malformed.",
        _START,
        "Whence they come: `ops secrets`. Each is 32 bytes, as 64 hexadecimal digits.",
        "secrets",
        "up",
    ),
    line(
        "crypt-key-gone",
        r"Failed to retrieve encrypted auth_state for (\S+) because",
        "what the hub remembers of a sign-in cannot be decrypted: a key was taken away too early.",
        "{0} and others have to sign in again before they start a server.",
        "Put the older key back into secrets.generations.cryptKeys for as long as docs/rotation.md says.",
        "up",
    ),
    line(
        "cookie-secret",
        r"Refusing to run JupyterHub with invalid cookie_secret|Cookie secret is \d+ bytes",
        "the cookie secret is malformed.",
        _START,
        "Whence it comes: `ops secrets`. It is 32 bytes, as 64 hexadecimal digits.",
        "secrets",
    ),
    line(
        "setting-refused",
        r"Bad config encountered during initialization: ([^\n]+)|TraitError: ([^\n]+)",
        "JupyterHub refuses one of its settings.",
        _START,
        "`ops check` holds every setting against the hub's packages; what was changed by hand it cannot see.",
        "check",
        "up",
    ),
    line(
        "value-refused",
        r"(?:Exception while loading config file|in load_config_file|jupyterhub_config\.py).*"
        r"\n\s*(\w*(?:Error|Exception): [^\n]+)",
        "the hub's configuration ends in an error: {0}.",
        _START,
        "`ops check`; what is missing at hand may be a file or a variable that a Secret brings.",
        "check",
        "logs",
    ),
    line(
        "proxy-token",
        r"in get_all_routes.*HTTP 403|api/routes[^\n]*(?:403|Forbidden)|Did CONFIGPROXY_AUTH_TOKEN change",
        "hub and proxy do not have the same token.",
        "No route is made: nobody reaches the hub or a server.",
        "Both read it at their start only: restart both.",
        "restart",
    ),
    line(
        "proxy-unreachable",
        r"Failed to connect to proxy|Cannot connect to proxy|Proxy api_request failed"
        r"|in get_all_routes.*(?:ConnectionRefused|gaierror|Timeout|HTTP 599)"
        r"|api/routes[^\n]*(?:refused|599)",
        "the hub does not reach the proxy.",
        "No route is made: nobody reaches the hub or a new server.",
        "See the proxy's pod; a policy of others may stand between.",
        "proxy",
    ),
    line(
        "api-rights",
        r"is forbidden: User \S?\"?(system:serviceaccount:\S+?)\\?\"? cannot (\w+) resource \\?\"(\w+)",
        "the hub ({0}) may not {1} {2}.",
        "It can start, stop or see no server.",
        "A deployment puts its Role in order; others may have changed it.",
        "up",
    ),
    line(
        "api-refused",
        r"Cannot connect to host (\S+) ssl"
        r"|Initial list of \w+ failed|Watching resources never recovered",
        "the hub does not reach the API server of the cluster.",
        "It can start, stop or see no server.",
        "Its policy must let it there: network.apiServer in {file} has address and port.",
        "endpoints",
    ),
    line(
        "spawns-failed",
        r"Aborting due to (\d+) consecutive spawn failures",
        "{0} servers in a row did not start, and the hub restarted itself.",
        "Whoever was starting a server has to try again.",
        "See why they did not start: one image or one class that is missing does it.",
        "pods",
    ),
    server(
        "server-timeout",
        r"()pod \S+?/(\S+) did not start in (\d+) seconds",
        "its pod {1} did not start in {2} seconds.",
        "See what the pod waits for.",
    ),
    server(
        "server-timeout",
        r"(\S+?)'s server failed to start in (\S+) seconds, giving up",
        "it did not start in {1} seconds.",
        "See what its pod waits for.",
    ),
    server(
        "server-silent",
        r"(\S+?)'s server never showed up at (\S+) after (\S+) seconds",
        "its pod runs, and does not answer the hub at {1}.",
        "The server ended, or a policy stands between hub and pod: see its log.",
    ),
    server(
        "claim-refused",
        r"()Could not create PVC (\S+)",
        "its claim {1} could not be made.",
        "A quota on claims or storage is full, or the API server is slow: see the error before it.",
    ),
    server(
        "sign-in-expired",
        r"Auth expired for (\S+?); cannot spawn",
        "its owner has to sign in again first.",
        "Sign out and in again.",
    ),
    server(
        "server-error",
        r"(?:Unhandled error|Error) starting (\S+?)'s server: (.*)",
        "it could not be made.",
        "Read the hub's words.",
    ),
)
