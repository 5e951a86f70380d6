"""Searching a scope, once in a run: several tests look at what was found."""

from functools import cache

from tests.protocol.explorer import Explored, explore
from tests.protocol.invariants import RULES
from tests.protocol.model import Scope, follow
from tests.protocol.state import Bug, State

MOST = 200_000


def search(scope: Scope, *bugs: Bug, most: int = MOST) -> Explored[State]:
    """Search a scope, with some guards taken away."""
    return explore(scope.first(), follow(scope, bugs), always=RULES, possible=scope.possible, most=most)


searched = cache(search)
