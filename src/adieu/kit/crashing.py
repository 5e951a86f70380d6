"""Named places at which a test ends the process, to see that nothing is lost or done twice (Rule D8).

Note [Crash points]
A point stands between every two effects: before and after each group of statements of the point of no
return, each step's effect, each hand-over of a mail. Without a hook it does nothing. A test records every
point that a deletion passes and kills a process at each, so a point that is added is tested by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

type Hook = Callable[[str], None]

_hooks: list[Hook] = []


def crash_point(name: str) -> None:
    """Tell the hook, if a test installed one, that this place is passed."""
    for hook in _hooks:
        hook(name)


def install(hook: Hook) -> None:
    """Install a hook for as long as the process lives; for tests, which do it in a process of their own."""
    _hooks.append(hook)


@contextmanager
def installed(hook: Hook) -> Iterator[None]:
    """Install a hook for a while; for tests."""
    _hooks.append(hook)
    try:
        yield
    finally:
        _hooks.remove(hook)
