"""What changes in the hub's database becomes part of the audit trail: users, groups, roles, tokens, shares.

Runs in the hub. Everything that the hub keeps goes through SQLAlchemy's sessions, so nothing passes by: the
API, sign-in, the configuration at start, commands beside the hub. Told once it is committed, never before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit_facts import CLASSES, Fact, appeared, changed, disappeared, membership
from audit_record import Record, guarded, made, write
from jupyterhub import orm
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.base import INCLUDE_PENDING_MUTATIONS, PASSIVE_NO_INITIALIZE

_SEEN, _READY = "audit_seen", "audit_ready"
# Who belongs to what: each relation is told by whichever side was changed.
_BELONGING = {
    orm.User: ("groups", "roles"),
    orm.Group: ("users", "roles"),
    orm.Service: ("roles",),
    orm.Role: ("users", "groups", "services"),
}


def watch_database() -> None:
    """Listen to every session of this process."""
    for cls in CLASSES:
        event.listen(cls, "after_insert", _seen(appeared))
        event.listen(cls, "after_update", _seen(changed))
        event.listen(cls, "after_delete", _seen(disappeared))
    event.listen(Session, "after_flush", _flushed)
    event.listen(Session, "do_orm_execute", _in_bulk)
    event.listen(Session, "after_commit", _committed)
    event.listen(Session, "after_rollback", _forgotten)


def _seen(describe: Any) -> Any:  # noqa: ANN401 -- SQLAlchemy's listeners
    def listener(_mapper: Any, _connection: Any, target: Any) -> None:  # noqa: ANN401
        session = inspect(target).session
        session.info.setdefault(_SEEN, []).append((describe, target))

    return listener


def _flushed(session: Session, _context: object) -> None:
    """Put what was just written into words, while names and former values are still at hand."""
    seen = session.info.pop(_SEEN, [])
    with guarded("the database"), session.no_autoflush:
        for describe, target in seen:
            _keep(session, describe(target))
        _keep(session, _belonging(session))


def _belonging(session: Session) -> Iterator[Fact]:
    told = set()
    for one in [*session.new, *session.dirty, *session.deleted]:
        for relation in _BELONGING.get(type(one), ()):
            history = (
                inspect(one)
                .attrs[relation]
                .state.get_history(relation, PASSIVE_NO_INITIALIZE | INCLUDE_PENDING_MUTATIONS)
            )
            for change, others in (("add", history.added), ("remove", history.deleted)):
                for other in others or ():
                    pair = (change, *sorted((id(one), id(other))))
                    if pair not in told:
                        told.add(pair)
                        yield membership(change, one, other)


def _in_bulk(state: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's own
    """Tell of rows that one statement removes without making objects of them."""
    if not state.is_delete or not state.bind_mapper or state.bind_mapper.class_ not in CLASSES:
        return
    with guarded("the database"), state.session.no_autoflush:
        chosen = select(state.bind_mapper.class_).where(*state.statement._where_criteria)
        for target in state.session.scalars(chosen).unique():
            _keep(state.session, disappeared(target))


def _keep(session: Session, facts: Iterator[Fact]) -> None:
    ready: list[Record] = session.info.setdefault(_READY, [])
    for fact in facts:
        ready.append(made(fact.event, "success", user=fact.user, reason=fact.reason, **fact.details))


def _committed(session: Session) -> None:
    for one in session.info.pop(_READY, []):
        with guarded(one["event"]):
            write(one)


def _forgotten(session: Session) -> None:
    session.info.pop(_SEEN, None)
    session.info.pop(_READY, None)
