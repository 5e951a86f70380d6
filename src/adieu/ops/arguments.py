"""What can be said after each of the commands."""

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

# Values of OperatorReason, which cannot be imported before the settings are there.
REASONS = ["asked", "mistake", "restore", "law"]
WHY = "why; it is recorded in the operator log"


def add_parent(listed: ArgumentParser) -> None:
    """Who started us, said by `adieu serve` only."""
    listed.add_argument("--parent", type=int, help=SUPPRESS)


def add_file(listed: ArgumentParser) -> None:
    """The file of a backup."""
    listed.add_argument("file", type=Path, metavar="FILE", help="where it is, or is to be")


def add_doctor(listed: ArgumentParser) -> None:
    """What else the doctor should try."""
    listed.add_argument("--send-test-mail", metavar="ADDRESS", help="send one mail to this address first")


def add_deletions(listed: ArgumentParser) -> None:
    """What to do about deletions that are under way."""
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    showing = acts.add_parser("list", help="show deletions that have steps to do, the oldest first")
    showing.add_argument("--stuck", action="store_true", help="only those with a step that is stuck")
    retrying = acts.add_parser("retry", help="let stuck steps be tried again")
    chosen = retrying.add_mutually_exclusive_group(required=True)
    chosen.add_argument("id", nargs="?", type=UUID, metavar="ID", help="of a step or of a deletion")
    chosen.add_argument("--all", action="store_true", help="every step that is stuck")


def add_ledger(listed: ArgumentParser) -> None:
    """What to do about the ledger."""
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    acts.add_parser("verify", help="read every line, and say what waits for you")
    acts.add_parser("replay", help="take in what the ledger says; each start does this, too")
    settling = acts.add_parser("settle", help="say whether a deletion that a restore left open had happened")
    settling.add_argument("id", type=UUID, metavar="DELETION", help="which one, by its id")
    said = settling.add_mutually_exclusive_group(required=True)
    said.add_argument("--was-erased", action="store_true", help="erase the account once more")
    said.add_argument("--was-not-erased", action="store_true", help="let the person in again")
    giving = acts.add_parser("give", help="name an owner of an organization that a restore left without one")
    giving.add_argument("id", type=UUID, metavar="ORGANIZATION", help="which one, by its id")
    giving.add_argument("--to", required=True, metavar="ADDRESS", help="of a member")


def add_identities(listed: ArgumentParser) -> None:
    """What to do about retired addresses."""
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    lifting = acts.add_parser(
        "lift", help="let a retired address be used again; it is read from standard input"
    )
    lifting.add_argument("--reason", required=True, choices=REASONS, help=WHY)


def add_accounts(listed: ArgumentParser) -> None:
    """What to do about somebody's account."""
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    deleting = acts.add_parser("delete", help="delete an account on its person's request")
    deleting.add_argument(
        "--email",
        default="-",
        metavar="ADDRESS",
        help="whose; without it, or as -, it is read from standard input. Others on this machine can read"
        " an argument",
    )
    deleting.add_argument("--reason", required=True, choices=REASONS, help=WHY)
    deciding = deleting.add_mutually_exclusive_group()
    deciding.add_argument(
        "--hand-over-to",
        metavar="ADDRESS",
        help="who becomes owner of the organizations that the person alone owns; as -, it is read from the"
        " next line of standard input",
    )
    deciding.add_argument(
        "--delete-orphaned-organizations",
        action="store_true",
        help="delete the organizations that the person alone owns, also those with other members",
    )


def add_operators(listed: ArgumentParser) -> None:
    """What to do about operators."""
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    acts.add_parser("add", help="make an account an operator; its address is read from standard input")
    acts.add_parser("remove", help="let it be none any more; its address is read from standard input")
    acts.add_parser("list", help="show who is one")


def add_log(listed: ArgumentParser) -> None:
    """There is one thing to do with the log."""
    listed.set_defaults(act="log")


def add_keys(listed: ArgumentParser) -> None:
    """What to do about the keys that sign receipts."""
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    rotating = acts.add_parser("rotate", help="make the next version of keys; earlier ones stay published")
    rotating.add_argument(
        "which",
        choices=["receipts", "pepper"],
        help="those that sign receipts, or the secret behind every address",
    )
    acts.add_parser("publish", help="print what anybody needs to check receipts")


def add_receipt(listed: ArgumentParser) -> None:
    """What to do about a receipt."""
    acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
    verifying = acts.add_parser("verify", help="say whether a receipt is genuine, and what it says")
    verifying.add_argument("file", type=Path, metavar="FILE", help="the receipt that was kept")
    verifying.add_argument(
        "--keys", type=Path, metavar="FILE", help="what the installation published; else this one's keys"
    )
    verifying.add_argument(
        "--address", action="store_true", help="also check whose it is; it is read from standard input"
    )


OF: dict[str, Callable[[ArgumentParser], None]] = {
    "web": add_parent,
    "worker": add_parent,
    "clusters": add_parent,
    "doctor": add_doctor,
    "deletions": add_deletions,
    "ledger": add_ledger,
    "identities": add_identities,
    "accounts": add_accounts,
    "operators": add_operators,
    "log": add_log,
    "keys": add_keys,
    "receipt": add_receipt,
    "backup": add_file,
    "restore": add_file,
}
