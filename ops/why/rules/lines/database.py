"""What the hub says of its database."""

from __future__ import annotations

from ops.why.rules.lines.line import line

_DATABASE = "The hub does not come up without its database; servers that run go on."

DATABASE = (
    line(
        "database-schema",
        r"Found database schema version (\S+) != ([^\s.]+)",
        "the database has the form of another version of JupyterHub ({0}; this hub wants {1}).",
        _DATABASE,
        "After an update: back the database up, and bring it to the new form once (jupyterhub upgrade-db, in "
        "the new image). After a step back: go on with the newer image, or restore the backup.",
    ),
    line(
        "database-password",
        r"password authentication failed for user",
        "the database refuses the hub's password.",
        _DATABASE,
        "Set the password that the database has (databasePassword), and deploy again.",
        "secrets",
        "up",
    ),
    line(
        "database-missing",
        r'(?:FATAL|OperationalError).*(database|role) "([^"]+)" does not exist',
        "the server has no {0} {1}.",
        _DATABASE,
        "Let its owner make it, or correct database.name and database.user in {file}.",
        "up",
    ),
    line(
        "database-access",
        r"no pg_hba\.conf entry|server does not support SSL",
        "the database server does not let the hub in from its address, or not in this way (SSL).",
        _DATABASE,
        "Let its owner allow the nodes' addresses, with SSL as database.sslMode says.",
    ),
    line(
        "database-certificate",
        r"psycopg.*(?:certificate verify failed|root certificate|does not match host name)",
        "the hub does not trust the database server's certificate.",
        _DATABASE,
        "Name the company's authorities in cluster.caBundle, and the host as the certificate has it.",
        "up",
    ),
    line(
        "database-host",
        r"could not translate host name \"?([^\s\"]+)",
        "the name of the database server, {0}, cannot be resolved.",
        _DATABASE,
        "Correct database.host in {file}, or the cluster's DNS.",
        "up",
    ),
    line(
        "database-refused",
        r"connection to server at \"([^\"]+)\".*(?:Connection refused|No route to host)",
        "nobody answers at the database server {0}.",
        _DATABASE,
        "Start it, or correct database.host and database.port; the way to it is in `ops firewall`.",
        "firewall",
    ),
    line(
        "database-timeout",
        r"connection to server at \"([^\"]+)\".*(?:timeout expired|timed out)",
        "the database server {0} does not answer in time.",
        _DATABASE,
        "A firewall or a policy drops it: database.reach in {file}, and `ops firewall` for the network team.",
        "firewall",
    ),
    line(
        "database-full",
        r"too many clients already|remaining connection slots",
        "the database server takes no more connections.",
        _DATABASE,
        "Let its owner allow more, or see who holds them.",
    ),
    line(
        "database-disk",
        r"database or disk is full|No space left on device",
        "the volume of the database is full.",
        _DATABASE,
        "Let it grow: database.size in {file}, where its class lets volumes grow.",
        "up",
    ),
    line(
        "database-file",
        r"unable to open database file|attempt to write a readonly database|disk image is malformed"
        r"|database is locked",
        "the file of the database cannot be used.",
        _DATABASE,
        "See the hub's volume and who else has it: two hubs on one file harm it. A backup: docs/keeping.md.",
    ),
    line(
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
)
