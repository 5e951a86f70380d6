"""The end of every step that erases something in the vault."""

from adieu.core.keeping import NotYet
from adieu.kit.crashing import crash_point
from adieu.vault.checkpoints import UnableToCheckpoint, checkpoint


def leave_no_byte() -> None:
    """Make sure that no byte of what was erased is left in a file (Rule P3).

    Raises:
        NotYet: somebody keeps reading the vault.
    """
    crash_point("vault.erased")
    try:
        checkpoint()
    except UnableToCheckpoint as error:
        raise NotYet from error
    crash_point("vault.emptied")
