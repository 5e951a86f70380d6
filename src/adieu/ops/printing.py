"""Commands that print lines: what they do is one function for each act, what they refuse is one line."""

import sys
from argparse import Namespace
from dataclasses import dataclass
from importlib import import_module

from adieu.kit.environment import Environment


@dataclass(frozen=True)
class Printing:
    """A command of an installation that is there.

    Its module has `ACTS`, a function that gives lines for each act, and `REFUSALS`, the facts that are no
    fault of ours. It is imported when the settings are loaded.
    """

    name: str
    help: str
    module: str
    opens_ledger: bool = False
    """Whether the database has to be as the ledger says before anything is done."""

    def __call__(self, chosen: Namespace, environment: Environment) -> int:
        """Print what the chosen act tells, or why it is refused."""
        from adieu.ops import preparing

        # A rotation that was cut off is finished by the same command.
        preparing.set_up_what_is_there(environment, is_rotating=getattr(chosen, "which", "") == "pepper")
        if self.opens_ledger:
            preparing.open_ledger()
        acts = import_module(self.module)
        try:
            for line in acts.ACTS[chosen.act](chosen):
                print(line)
        except acts.REFUSALS as fact:
            print(f"adieu: {fact}", file=sys.stderr)
            return 1
        return 0


COMMANDS = (
    Printing(
        "deletions", "Show deletions that are under way, and let stuck ones go on.", "adieu.ops.deletions"
    ),
    Printing(
        "ledger",
        "Look at the list of deletions outside the database, and settle what a restore left open.",
        "adieu.ops.ledgers",
    ),
    Printing(
        "identities",
        "Lift a retired address, so that it can be used for an account again.",
        "adieu.ops.identities",
        opens_ledger=True,
    ),
    Printing(
        "accounts",
        "Delete somebody's account on their request.",
        "adieu.ops.accounts",
        opens_ledger=True,
    ),
    Printing("operators", "Name the people who run this installation.", "adieu.ops.operators"),
    Printing("log", "Show what operators did.", "adieu.ops.operators"),
    Printing("keys", "Rotate keys, and publish those that sign receipts.", "adieu.ops.signing"),
)
