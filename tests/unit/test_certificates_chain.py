"""Chains: put in order and proven link by link; what is missing or foreign is named."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit.certificates import (
    AUTHORITY,
    CHAIN,
    HOST,
    Made,
    Wish,
    alone,
    bundle,
    intermediate,
    judged,
    make,
    refused,
    root,
    served,
    server,
    usage,
    warned,
)


def longer() -> tuple[Made, Made, Made]:
    lower = make("Lower intermediate", intermediate(), AUTHORITY)
    return make("hub", lower), lower, intermediate()


def test_a_missing_intermediate_is_named() -> None:
    leaf, _, upper = longer()
    assert refused(bundle(leaf, upper, root()), leaf.key_pem) == [
        "tlsCert: the certificate of CN=Lower intermediate, which signed CN=hub, is missing; "
        "no part of the chain: CN=Test intermediate; CN=Test root."
    ]


def test_an_intermediate_of_the_same_name_and_another_key_is_refused() -> None:
    twin = make("Test intermediate", root(), AUTHORITY)
    assert refused(bundle(server(), twin, root())) == [
        "tlsCert: CN=Test intermediate is there, but another key of that name signed CN=hub."
    ]


def test_a_leaf_alone_is_warned_of_where_others_connect() -> None:
    assert warned(server().pem) == [
        "the certificate of CN=Test intermediate, which signed CN=hub, is not in it."
    ]
    own = alone(Wish(hosts=("hub.localhost",)))
    assert warned(own.pem, own.key_pem, "hub.localhost") == []


def test_a_foreign_certificate_is_named_and_left_out() -> None:
    stranger = make("stranger", make("Other root", wish=AUTHORITY))
    material, found = judged(bundle(stranger, server(), intermediate()))
    assert [(one.severity, one.what) for one in found] == [
        ("warning", "CN=stranger does not belong to the chain.")
    ]
    assert material is not None
    assert material.certificate_pem == CHAIN


def test_a_foreign_authority_is_a_warning_where_the_chain_is_proven() -> None:
    other = make("Other root", wish=AUTHORITY)
    assert warned(bundle(server(), other, intermediate(), root())) == [
        "CN=Other root does not belong to the chain."
    ]


def test_a_renewed_certificate_of_the_same_key_wins_over_the_old_one() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    old, new = alone(Wish(days=5), key), alone(Wish(days=80), key)
    material, found = judged(bundle(old, new, intermediate()), old.key_pem)
    assert [one.what for one in found] == []
    assert material is not None
    assert material.certificate_pem == bundle(new, intermediate())


def test_a_cross_signed_intermediate_is_sent_and_its_root_is_not() -> None:
    older = make("Older root", wish=AUTHORITY)
    cross = make("Test root", older, AUTHORITY, key=root().key)
    assert served(bundle(root(), cross, server(), intermediate())).certificate_pem == bundle(
        server(), intermediate(), cross
    )


def test_who_signs_without_being_an_authority_is_refused() -> None:
    for wish in (Wish(hosts=()), Wish(hosts=(), authority=True, usage=usage(signs=True))):
        signer = make("No authority", root(), wish)
        leaf = make("hub", signer)
        assert refused(bundle(leaf, signer, root()), leaf.key_pem) == [
            "tlsCert: CN=No authority is not allowed to sign certificates."
        ]


def test_a_chain_longer_than_its_authority_allows_is_refused() -> None:
    upper = make("Upper", root(), Wish(hosts=(), authority=True, path_length=0))
    lower = make("Lower", upper, AUTHORITY)
    leaf = make("hub", lower)
    assert refused(bundle(leaf, lower, upper, root()), leaf.key_pem) == [
        "tlsCert: CN=Upper allows 0 authorities below it, and there are 1."
    ]


def test_an_authority_may_allow_exactly_what_is_below_it() -> None:
    upper = make("Upper", root(), Wish(hosts=(), authority=True, path_length=1))
    lower = make("Lower", upper, Wish(hosts=(), authority=True, path_length=0))
    leaf = make("hub", lower)
    served(bundle(leaf, lower, upper, root()), leaf.key_pem)


def test_a_self_signed_certificate_is_for_the_own_machine_alone() -> None:
    for host, severity in (("hub.test", "warning"), ("hub.localhost", "warning"), (HOST, "error")):
        made = make("hub", wish=Wish(hosts=(host,)))
        _, found = judged(made.pem, made.key_pem, host)
        assert [(one.what, one.severity) for one in found] == [("CN=hub signed itself.", severity)]
