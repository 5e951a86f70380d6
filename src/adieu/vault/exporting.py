"""What the vault gives to the archive of a person's data."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from adieu.core.archiving import Cell, Table
from adieu.vault.models import Entry


def profile(*, account_id: UUID) -> Table:
    """Give what a person said about themselves."""

    def rows() -> Iterator[Sequence[Cell]]:
        fields = ("address", "name", "company", "country", "created_at")
        yield from Entry.objects.filter(account_id=account_id).values_list(*fields)

    return Table(
        "profile",
        "Who you are: your address and what you wrote on the page of account settings.",
        {
            "address": "your e-mail address, as you typed it",
            "name": "your name",
            "company": "your company",
            "country": "your country, as two letters of ISO 3166",
            "since": "when it was first written",
        },
        rows,
    )
