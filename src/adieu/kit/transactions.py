"""The only verbs for transactions.

`transaction` opens one and refuses to nest; `transaction_required` leaves it to the caller;
`savepoint` is for a part that may be rolled back alone.
"""

from django_subatomic.db import in_transaction, run_after_commit, savepoint, transaction, transaction_required

__all__ = ["in_transaction", "run_after_commit", "savepoint", "transaction", "transaction_required"]
