"""The values of a release, one small function per concern, joined without overlap.

Two leaves are left to the Hub component, since only a deployment knows them: `hub.existingSecret`
and `proxy.secretToken`, the one secret that the chart reads from nowhere else.
"""

from __future__ import annotations

from chart.audit import audit, ordinary_log
from chart.authorities import authorities
from chart.capabilities import capabilities
from chart.core import hub, metrics
from chart.culling import culling
from chart.database import database
from chart.door import door, end_to_end, strangers, subdomains
from chart.egress_proxy import egress_proxy
from chart.homes import homes
from chart.images import images
from chart.last_day import last_day
from chart.merge import Values, disjoint
from chart.mirror import mirrored
from chart.network import policies
from chart.pages import pages
from chart.placement import availability, placement, scheduling
from chart.platform import platform
from chart.profiles import profile_list
from chart.prompt import prompt
from chart.restarts import restarts
from chart.roles import administrators, emergency, machines
from chart.security import security
from chart.services import object_store, services
from chart.sign_in import sign_in
from chart.smoke import smoke
from chart.spawning import spawning
from chart.volumes import volumes
from settings import Settings


def build(settings: Settings) -> Values:
    """Give the values for these settings."""
    concerns = (
        images,
        hub,
        culling,
        metrics,
        smoke,
        sign_in,
        last_day,
        administrators,
        emergency,
        machines,
        audit,
        ordinary_log,
        pages,
        security,
        authorities,
        prompt,
        restarts,
        egress_proxy,
        database,
        volumes,
        homes,
        object_store,
        services,
        platform,
        policies,
        profile_list,
        capabilities,
        spawning,
        door,
        subdomains,
        end_to_end,
        strangers,
        scheduling,
        placement,
        availability,
    )
    written = disjoint((concern.__name__, concern(settings)) for concern in concerns)
    return disjoint([("the concerns", written), ("mirrored", mirrored(settings, written))])
