"""`adieu keys`: the keys that sign receipts and heads of their log."""

from argparse import Namespace
from collections.abc import Callable, Iterator

from django.conf import settings

from adieu.core.receipts import PublishedKeys
from adieu.deletion.receipts import published_keys, require_fitting_keys
from adieu.kit import keys
from adieu.kit.errors import Fact, UnableToStart
from adieu.ledger.entries import LedgerDamaged
from adieu.ledger.receipt_log import UnableToIssue
from adieu.ledger.stores import UnableToRead
from adieu.ops import peppers


def rotate(chosen: Namespace) -> Iterator[str]:
    """Rotate the pepper, or make the next version of both keys that sign; the earlier ones stay published.

    Raises:
        KeyUnusable: the keys that there are cannot be used, or none can be written.
        UnableToStart: the pepper cannot be rotated; nothing was moved.
    """
    if chosen.which == "pepper":
        yield from peppers.rotate()
        return
    for purpose, what in ((keys.RECEIPT, "Receipts"), (keys.LOG, "Heads of their log")):
        version = keys.make_next(data_dir=settings.ADIEU.data_dir, purpose=purpose)
        yield f"{what} are signed with keys/{purpose}-{version}.key from now on."
    yield "Copy both to every machine, and into the backup of your keys. Keep the earlier ones."


def publish(chosen: Namespace) -> Iterator[str]:
    """Print what anybody needs to check receipts.

    Raises:
        UnableToStart: the ledger, which has the log's name, cannot be read.
    """
    del chosen
    yield own_keys().text.removesuffix("\n")


def problems() -> Iterator[str]:
    """Say that the keys here are not those that receipts were signed with, if so."""
    try:
        require_fitting_keys()
    except UnableToStart as problem:
        yield str(problem).removesuffix(".")
    except UnableToIssue:
        yield "the keys in keys/ do not fit the last signed head of the log of receipts"
    except (UnableToRead, LedgerDamaged):
        # Said of the ledger itself.
        return


def own_keys() -> PublishedKeys:
    """Give what this installation publishes.

    Raises:
        UnableToStart: the ledger, which has the log's name, cannot be read.
    """
    try:
        return published_keys()
    except UnableToRead as error:
        raise UnableToStart(f"{error} Look at ADIEU_LEDGER.") from error


REFUSALS: tuple[type[Fact], ...] = ()
ACTS: dict[str, Callable[[Namespace], Iterator[str]]] = {"rotate": rotate, "publish": publish}
