"""`welcome`: says what this server is and what it reaches; notes it for later; shows it as a page."""

from __future__ import annotations

import argparse
import json
import socketserver
import sys
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from notebook_welcome.facts import gather, note
from notebook_welcome.words import for_browser, for_terminal


class Page(BaseHTTPRequestHandler):
    """Answers every request with the page as it is now."""

    def do_GET(self) -> None:
        """Look again, and show it."""
        body = for_browser(gather(fresh=True)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        """Name who asks: over a Unix socket nobody has an address."""
        return "the lab"

    def log_message(self, format: str, *args: object) -> None:
        """Keep the server's log for what matters."""


def main(words: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="welcome", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="ask the services now, whatever is noted")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--note", action="store_true", help="look, note it, say nothing")
    parser.add_argument("--serve", metavar="SOCKET", help="show the page on a Unix socket")
    asked = parser.parse_args(words)
    if asked.serve:
        Path(asked.serve).unlink(missing_ok=True)
        with socketserver.ThreadingUnixStreamServer(asked.serve, Page) as server:
            server.serve_forever()
    facts = gather(fresh=asked.fresh or asked.note)
    note(facts)
    if asked.json:
        sys.stdout.write(json.dumps(asdict(facts)) + "\n")
    elif not asked.note:
        sys.stdout.write(for_terminal(facts))
    return 0
