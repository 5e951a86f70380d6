"""How far a request reaches: who comes with an API key acts in the key's organization and nowhere else.

Note [Reach]
Every permission and every list of organizations asks here, so that no address of the API can forget to.
Whoever comes with a session reaches all that is theirs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_organization: ContextVar[UUID | None] = ContextVar("organization", default=None)


@contextmanager
def confined_to(organization_id: UUID) -> Iterator[None]:
    """Let everything inside reach one organization only."""
    earlier = _organization.set(organization_id)
    try:
        yield
    finally:
        _organization.reset(earlier)


def reach() -> UUID | None:
    """Give the only organization within reach, or None where there is no such limit."""
    return _organization.get()


def is_within_reach(organization_id: UUID) -> bool:
    """Tell whether an organization can be reached."""
    only = reach()
    return only is None or only == organization_id
