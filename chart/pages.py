"""Values for the hub's own pages: templates of ours over JupyterHub's, and what they say of this hub."""

from __future__ import annotations

from chart.hub_files import folder, module
from chart.merge import Values, disjoint
from settings import Settings
from settings.auth import Auth, Cloudflare, Entra, GitHub, SharedPassword

_FOLDER = "pages"
_FILES = (
    "404.html",
    "error.html",
    "home.html",
    "login.html",
    "logout.html",
    "not_running.html",
    "page.html",
    "spawn.html",
    "spawn_pending.html",
)
_INSTALL = """\
import signing_out
from refusals import for_pages

signing_out.install()
c.JupyterHub.template_vars.update({"refusals": for_pages})
"""
# What a provider is called, and what one needs there.
_WAYS: dict[type[Auth], tuple[str, str]] = {
    Entra: ("Microsoft Entra ID", "You sign in with your work account, at Microsoft Entra ID."),
    GitHub: (
        "GitHub",
        "You sign in with your GitHub account, which must be in a team that may use this hub.",
    ),
    Cloudflare: ("Cloudflare Access", "You sign in as everywhere behind Cloudflare Access."),
    SharedPassword: (
        "",
        "This is a test: all testers have one password, and can be told apart by their names alone. "
        "Keep nothing here that others must not see.",
    ),
}


def pages(settings: Settings) -> Values:
    """Say on the hub's pages whose it is, how one signs in, and whom to ask."""
    provider, way_in = _WAYS[type(settings.auth)]
    told = {
        "organisation": settings.about.organisation,
        "provider": provider,
        "provider_sign_out": _way_out(settings.auth),
        "way_in": way_in,
        "contact": settings.auth.contact or "",
        "help_url": settings.about.help or "",
    }
    templates = disjoint((name, module(f"{_FOLDER}/{name}")) for name in _FILES)
    return {
        "hub": {
            "extraFiles": {**module("refusals.py"), **module("signing_out.py"), **templates},
            "templatePaths": [folder(_FOLDER)],
            "templateVars": told,
            "extraConfig": {"pages": _INSTALL},
        }
    }


def _way_out(auth: Auth) -> str:
    """Give the address where somebody ends the session at the provider, too."""
    match auth:
        case Entra():
            return f"https://{auth.login_host}/{auth.tenant_id}/oauth2/v2.0/logout"
        case GitHub():
            return "https://github.com/logout"
        case Cloudflare():
            return f"https://{auth.team}.cloudflareaccess.com/cdn-cgi/access/logout"
        case _:
            return ""
