"""The way in: Ingress or route, its class and controller, and the certificate that it serves."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Facts, Json, at, condition, name_of, ref
from ops.why.rules.controllers import last_of
from ops.why.times import STARTING, moment
from settings.door import Gateway, Nginx, NoTls, Traefik, hosts

_NOBODY = "Nobody comes in by the host's name."
_BROWSERS = "Browsers warn, and programs refuse the connection."


def ingresses(facts: Facts) -> Iterator[Cause]:
    """Judge the Ingress."""
    way = facts.settings.ingress
    if way.tunnel or not isinstance(way, Traefik | Nginx) or not facts.knows("ingresses"):
        return
    if not facts.all("ingresses") and any(one.status == "deployed" for one in facts.revisions):
        yield _cause(
            facts,
            rule="ingress-missing",
            about=Ref("Ingress", facts.release),
            what="the release is deployed, and its Ingress is not there.",
            advice="Somebody deleted it: go back to the release's own last revision, which makes it anew.",
            commands=(
                facts.shell.helm("rollback", facts.release, str(last_of(facts))),
                facts.shell.pulumi("refresh"),
            ),
        )
    for one in facts.all("ingresses"):
        yield from _ingress(one, facts)


def _ingress(one: Json, facts: Facts) -> Iterator[Cause]:
    wanted = at(one, "spec.ingressClassName")
    known = [name_of(found) for found in facts.all("ingressclasses")]
    since = moment(at(one, "metadata.creationTimestamp"))
    if facts.knows("ingressclasses") and wanted and wanted not in known:
        yield _cause(
            facts,
            rule="ingress-class-missing",
            about=ref(one, "Ingress"),
            what=f"the cluster has no IngressClass {wanted} (it has {', '.join(sorted(known)) or 'none'}).",
            advice=f"No controller takes it: correct ingress.className in {facts.shell.file}, or install it.",
            commands=(facts.shell.cluster("get", "ingressclass"), facts.shell.up()),
        )
    elif not at(one, "status.loadBalancer.ingress") and facts.since(since) > STARTING.total_seconds():
        said = next((event for event in facts.events_of(ref(one, "Ingress")) if event.warning), None)
        yield _cause(
            facts,
            rule="ingress-no-address",
            about=ref(one, "Ingress"),
            what=f"it has no address: the controller of its class ({wanted}) has not taken it.",
            says=said.message if said else "status.loadBalancer is empty",
            advice="See whether that controller runs and watches this namespace, and whether its own Service "
            "has an address.",
            commands=(facts.shell.describe(ref(one, "Ingress")), facts.shell.cluster("get", "svc", "-A")),
        )


def routes(facts: Facts) -> Iterator[Cause]:
    """Judge the route of a Gateway."""
    if not isinstance(facts.settings.ingress, Gateway) or facts.settings.ingress.tunnel:
        return
    for one in facts.all("httproutes"):
        parents = at(one, "status.parents") or ()
        refused = [
            each
            for parent in parents
            for each in parent.get("conditions") or ()
            if each.get("type") in ("Accepted", "ResolvedRefs") and each.get("status") != "True"
        ]
        if refused or not parents:
            yield _cause(
                facts,
                rule="route-refused" if refused else "route-unanswered",
                about=ref(one, "HTTPRoute"),
                what="its Gateway does not accept it." if refused else "no Gateway has answered it.",
                says="; ".join(f"{each.get('reason')}: {each.get('message')}" for each in refused),
                advice="Gateway, listener and namespace must fit (ingress.gateway, gatewayNamespace, "
                "sectionName), and its listener let routes of this namespace in.",
                commands=(facts.shell.describe(ref(one, "HTTPRoute")),),
            )


def certificates(facts: Facts) -> Iterator[Cause]:
    """Judge the certificate that the way in serves, and what should bring it."""
    tls = facts.settings.tls
    if isinstance(tls, NoTls):
        return
    for one in facts.all("certificates"):
        state = condition(one, "Ready")
        if name_of(one) == tls.secret_name and state.get("status") != "True":
            yield _not_issued(one, state, facts)
    if not facts.knows("tls"):
        return
    secret = facts.named("tls", tls.secret_name)
    if secret is None and facts.knows("releases") and not facts.revisions:
        return  # Nothing is deployed yet: that is told, and what lacks for it is no news.
    if secret is None:
        yield _cause(
            facts,
            rule="certificate-missing",
            about=Ref("Secret", tls.secret_name),
            what="the Secret of the certificate is not there.",
            follows="The controller serves a certificate of its own: browsers warn.",
            advice="Whoever keeps it puts it into the namespace (type kubernetes.io/tls)."
            if tls.source == "existingSecret"
            else "A deployment brings it.",
            commands=(facts.shell.ops("secrets"),),
        )
    else:
        yield from _judged(secret, facts)


def _not_issued(one: Json, state: Json, facts: Facts) -> Cause:
    orders = ("certificaterequests", "orders", "challenges")
    return _cause(
        facts,
        rule="certificate-not-issued",
        about=ref(one, "Certificate"),
        what="cert-manager has not issued it.",
        says=f"{state.get('reason', '')}: {state.get('message', '')}".strip(": ") or "no condition Ready",
        advice="Its request, and with ACME its order and challenges, say why.",
        commands=(
            facts.shell.describe(ref(one, "Certificate")),
            facts.shell.kubectl("get", ",".join(orders)),
        ),
    )


def _judged(secret: Json, facts: Facts) -> Iterator[Cause]:
    about = ref(secret, "Secret")
    try:
        text = base64.b64decode(str((at(secret, "data") and secret["data"].get("tls.crt")) or ""))
        found = x509.load_pem_x509_certificate(text)
    except (ValueError, binascii.Error):
        yield _cause(
            facts,
            rule="certificate-unreadable",
            about=about,
            what="its tls.crt is no certificate.",
            follows=_BROWSERS,
            advice="Put a PEM chain into it, that of the host first.",
            commands=(facts.shell.ops("secrets"),),
        )
        return
    renew = "Bring a new one: docs/tls.md."
    if found.not_valid_after_utc <= facts.now:
        yield _cause(
            facts,
            rule="certificate-expired",
            about=about,
            what=f"the certificate ended on {found.not_valid_after_utc:%Y-%m-%d}.",
            follows=_BROWSERS,
            advice=renew,
            commands=(facts.shell.ops("secrets"), facts.shell.up()),
        )
    elif found.not_valid_before_utc > facts.now + timedelta(minutes=5):
        yield _cause(
            facts,
            rule="certificate-early",
            about=about,
            what=f"the certificate holds from {found.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on only.",
            follows=_BROWSERS,
            advice="Wait, or bring one that holds now; is the clock right?",
        )
    lacking = [host for host in hosts(facts.settings.ingress) if not _serves(found, host)]
    if lacking:
        yield _cause(
            facts,
            rule="certificate-host",
            about=about,
            what=f"the certificate is not for {' and '.join(lacking)}.",
            follows=_BROWSERS,
            advice=renew,
            commands=(facts.shell.ops("secrets"), facts.shell.up()),
        )


def _serves(found: x509.Certificate, host: str) -> bool:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        served = names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        served = [str(one.value) for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    above = f"*.{host.partition('.')[2]}"
    return any(name.lower() in (host, above) for name in served)


def _cause(facts: Facts, **words: object) -> Cause:
    given: dict[str, object] = {"follows": _NOBODY, "weight": Weight.DOOR, **words}
    return Cause(**given)  # type: ignore[arg-type]
