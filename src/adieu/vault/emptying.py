"""The end of every step that erases something in the vault.

Note [One compaction for many]
A compaction takes time with the vault's size, and on PostgreSQL it locks each table meanwhile. So there a
step that has just erased something waits for its next try, two seconds later, when the steps of this and of
other deletions have erased theirs, too. The first that comes again pays for all of them, and the others find
nothing owed. Nobody waits for longer: whoever comes again and finds a debt pays it, however new it is.
"""

from django.db import connections

from adieu.core.keeping import NotYet
from adieu.kit.crashing import crash_point
from adieu.vault import debts
from adieu.vault.checkpoints import UnableToCheckpoint, checkpoint
from adieu.vault.copies import UnableToCopy, renew_after_erasure
from adieu.vault.router import VAULT


def leave_no_byte() -> None:
    """Make sure that no byte of what was erased is left in a file, nor in the vault's copy (Rules P2, P3).

    Raises:
        NotYet: somebody keeps reading the vault, the copy cannot be written, or others may still owe the
            same (Note [One compaction for many]).
    """
    crash_point("vault.erased")
    if debts.has_just_owed() and connections[VAULT].vendor == "postgresql":
        raise NotYet
    try:
        checkpoint()
        renew_after_erasure()
    except (UnableToCheckpoint, UnableToCopy) as error:
        raise NotYet from error
    crash_point("vault.emptied")
