"""An image that cannot be had: what the registry said, and where the remedy for that lies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ops.why.cause import Cause, Weight
from ops.why.facts import Facts, at
from ops.why.troubles import Trouble

REASONS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)


@dataclass(frozen=True)
class _Answer:
    """One way in which a registry, or the way to it, refuses."""

    rule: str
    words: re.Pattern[str]
    what: str
    advice: str
    ask: str = ""
    """Which of our commands tells more."""


def _answer(rule: str, words: str, what: str, advice: str, ask: str = "") -> _Answer:
    return _Answer(rule, re.compile(words, re.IGNORECASE), what, advice, ask)


# The first that fits counts: a certificate that is refused is told with the words of a failed request.
_ANSWERS = (
    _answer(
        "image-name-invalid",
        r"couldn't parse image name|invalid reference format|InvalidImageName",
        "is no name of an image",
        "Correct {field} in {file}.",
    ),
    _answer(
        "image-never",
        r"pull policy of Never",
        "is not on the node, and nothing may pull it",
        "Bring it to the node, or let it be pulled from a registry.",
    ),
    _answer(
        "image-host-unknown",
        r"no such host|name resolution|server misbehaving|lookup \S+ on",
        "is at {host}, a name that the node cannot resolve",
        "Correct the registry in {field}, take a mirror (images.mirror), or repair DNS on the node.",
        "firewall",
    ),
    _answer(
        "image-certificate",
        r"x509|certificate|tls: ",
        "is at {host}, whose certificate the node does not trust",
        "Give the nodes the authority of that certificate (for containerd, in certs.d): no setting of "
        "a stack reaches there. A mirror that they trust does as well: images.mirror.",
    ),
    _answer(
        "image-plain-http",
        r"server gave HTTP response to HTTPS client",
        "is at {host}, which speaks plain HTTP",
        "Give the registry a certificate, or take images from one that has one: images.mirror.",
    ),
    _answer(
        "image-limited",
        r"429|toomanyrequests|rate limit",
        "was asked for too often: {host} has a limit",
        "Sign in there (images.pullSecrets), or take images from a mirror: images.mirror.",
    ),
    _answer(
        "image-unauthorised",
        r"401|unauthorized|authentication required|no basic auth|authorization failed|pull access denied"
        r"|insufficient_scope",
        "needs a sign-in at {host}, and {secrets}",
        "Name a Secret that may pull it in images.pullSecrets of {file}, with the registry's host as {host}; "
        "docs/secrets.md has how it is set. The registry may also hide by this that the image is not there.",
        "secrets",
    ),
    _answer(
        "image-denied",
        r"403|denied|forbidden",
        "is refused by {host} to whoever asked ({secrets})",
        "Let the account of images.pullSecrets read that repository; a proxy between may refuse as well.",
        "secrets",
    ),
    _answer(
        "image-not-found",
        r"not found|NotFound|manifest unknown|name unknown|does not exist",
        "is not at {host}",
        "Push it, or correct name and tag in {field} of {file}.",
    ),
    _answer(
        "image-other-machine",
        r"no match for platform|exec format",
        "is for another kind of processor",
        "Build it for the node's architecture.",
    ),
    _answer(
        "image-no-space",
        r"no space left|disk quota",
        "does not fit on the node's disk",
        "Make room on the node, or use a smaller image.",
    ),
    _answer(
        "image-refused",
        r"connection refused|connection reset|no route to host|network is unreachable",
        "is at {host}, where nobody answers",
        "Correct the registry in {field}, or find out with its owner why nothing listens there.",
        "firewall",
    ),
    _answer(
        "image-timeout",
        r"i/o timeout|deadline exceeded|timed? ?out|handshake timeout|EOF",
        "is at {host}, which does not answer in time",
        "A firewall drops it or a proxy is missing on the node: `ops firewall` has what to ask for; a mirror "
        "that the nodes reach: images.mirror.",
        "firewall",
    ),
    _answer(
        "image-registry-fails",
        r"50[0-9]|internal server error|bad gateway|unavailable",
        "is at {host}, which has an error of its own",
        "Ask the registry's owner, and try again.",
    ),
)
_OTHER = _answer("image-not-pulled", "", "cannot be pulled", "Read the words above; try it on the node.")


def found(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell why an image did not come."""
    words = _fullest(trouble, facts)
    image = _image(trouble, words)
    answer = next((one for one in _ANSWERS if one.words.search(words or trouble.reason)), _OTHER)
    host = _host(image)
    asked = [one.get("name", "") for one in at(trouble.pod, "spec.imagePullSecrets") or ()]
    values = {
        "host": host,
        "field": _field(image, facts),
        "file": facts.shell.file,
        "secrets": f"the pod signs in with {', '.join(asked)}" if asked else "the pod has no pull secret",
    }
    yield Cause(
        rule=answer.rule,
        about=trouble.about,
        what=f"the image {image} {answer.what.format(**values)}.",
        says=words or trouble.reason,
        follows="The node tries again, ever more rarely; the pod does not start before it has the image.",
        advice=answer.advice.format(**values),
        commands=(*([facts.shell.ops(answer.ask)] if answer.ask else []), facts.shell.up()),
        when=trouble.when,
        weight=Weight.USER if trouble.of_user else Weight.CORE,
    )


def pulling(trouble: Trouble, facts: Facts) -> Iterator[Cause]:
    """Tell that an image is on its way."""
    image = _image(trouble, trouble.words)
    yield Cause(
        rule="image-pulling",
        about=trouble.about,
        what=f"the node is still pulling the image {image}.",
        says=trouble.words,
        follows="The pod starts once it is there; who waits for it may give up before.",
        advice="Wait. A smaller image or a nearer registry (images.mirror) make it shorter.",
        commands=(facts.shell.describe(trouble.about),),
        when=trouble.when,
        weight=Weight.USER if trouble.of_user else Weight.CORE,
    )


def _fullest(trouble: Trouble, facts: Facts) -> str:
    """Older kubelets have the registry's words in an event only, and `Back-off` in the status."""
    said = [
        one.message
        for one in facts.events_of(trouble.about)
        if one.warning and "Failed to pull image" in one.message
    ]
    return max([trouble.words, *said[:1]], key=lambda text: (": " in text, len(text)))


def _image(trouble: Trouble, words: str) -> str:
    named = [at(trouble.pod, f"spec.{kind}") or () for kind in ("initContainers", "containers")]
    for one in [each for kind in named for each in kind]:
        if one.get("name") == trouble.container:
            return str(one.get("image"))
    said = re.search(r'[Ii]mage "([^"]+)"', words)
    return said[1] if said else "of the pod"


def _host(image: str) -> str:
    first, slash, _ = image.partition("/")
    return first if slash and (set(".:") & set(first) or first == "localhost") else "docker.io"


def _field(image: str, facts: Facts) -> str:
    named = [(f"images.{field}", one) for field, one in facts.settings.images.named()]
    for place, profile in enumerate(facts.settings.profiles):
        named += [(f"profiles[{place}].{below}", one) for below, one in profile.named_images()]
    for field, one in named:
        if image in (one.reference, f"{one.name}:{one.tag}") or image.startswith(f"{one.name}:"):
            return field
    return "images"
