"""Every known line of the hub's log; the first that fits counts."""

from __future__ import annotations

from ops.why.rules.lines.database import DATABASE
from ops.why.rules.lines.running import RUNNING
from ops.why.rules.lines.sign_in import SIGN_IN

LINES = (*DATABASE, *SIGN_IN, *RUNNING)
