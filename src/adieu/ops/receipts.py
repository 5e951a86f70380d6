"""`adieu receipt verify`: whether a receipt is genuine, without asking anybody (Rule L3)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adieu.core.canonical import NotAnAddress, canonical_email
from adieu.core.receipts import (
    LONGEST_FILE,
    Genuine,
    NotAReceipt,
    NotGenuine,
    NotKeys,
    PublishedKeys,
    ReceiptFile,
    address_digest,
    read_file,
    read_keys,
    verify,
)
from adieu.core.tlog import read_proof
from adieu.kit.errors import Fact


class Refused(Fact):
    """The receipt is refused."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return self.why


def keys_from(path: Path) -> PublishedKeys:
    """Read published keys from a file.

    Raises:
        Refused: it cannot be read, or holds none.
    """
    try:
        return read_keys(_text(path))
    except NotKeys:
        raise Refused(f"{path} holds no published keys of an installation.") from None


def check(path: Path, *, keys: PublishedKeys, address: str | None) -> Iterator[str]:
    """Check a receipt, and say what it says.

    Args:
        path: The file that the person kept.
        keys: What the installation published.
        address: Whose receipt it is said to be, if that is to be checked, too.

    Raises:
        Refused: it is not genuine, is another person's, or cannot be read.
    """
    try:
        file = read_file(_text(path))
        genuine = verify(file, keys=keys)
    except NotAReceipt:
        raise Refused(f"{path} is no receipt of a deletion, or was cut off.") from None
    except NotGenuine:
        raise Refused(
            f"{path} is NOT genuine: no key of {keys.origin} has signed it, or it was changed, or it does not"
            " stand in the log of receipts."
        ) from None
    if address is not None:
        _refuse_other_person(file, genuine, address)
    yield "This receipt is genuine."
    yield from _lines(genuine, address)


def _refuse_other_person(file: ReceiptFile, genuine: Genuine, address: str) -> None:
    try:
        canonical = canonical_email(address)
    except NotAnAddress as fact:
        raise Refused(str(fact)) from None
    nonce = read_proof(file.proof).extra
    if genuine.says.get("address_digest") != address_digest(nonce=nonce, canonical=canonical):
        raise Refused("The receipt is genuine, and it is NOT about this address.")


def _lines(genuine: Genuine, address: str | None) -> Iterator[str]:
    says = genuine.says
    yield f"Signed by:   {genuine.head.origin}"
    yield f"In its log:  number {genuine.index + 1} of {genuine.head.size}"
    yield f"Deletion:    {says.get('deletion')}"
    if address is not None:
        yield "Of:          the address you named"
    by = ", by an operator" if says.get("confirmed_by") == "operator" else ""
    yield f"Confirmed:   {says.get('confirmed_at')}{by}"
    yield f"Completed:   {says.get('completed_at')}"
    if says.get("repeated_at"):
        yield f"Repeated:    {says['repeated_at']}, after a backup had been restored"
    yield from (f"Erased:      {_counted(going)}" for going in says.get("erased") or ())
    yield from (
        f"Stays:       {staying['what']} ({staying['how_long']})" for staying in says.get("stays") or ()
    )


def _counted(going: Mapping[str, Any]) -> str:
    return f"{going['count']} {going['one'] if going['count'] == 1 else going['many']}"


def _text(path: Path) -> str:
    """Read a file that may be anything."""
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}).") from None
    if len(content) > LONGEST_FILE:
        raise Refused(f"{path} is too long for what it should be.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Refused(f"{path} is no text.") from None
