"""What accounts give to the archive of a person's data."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import Q

from adieu.accounts.addresses import plain_of_account
from adieu.accounts.models import Account, Operator, Session, TermsAgreement
from adieu.activities.models import OperatorAct
from adieu.core.archiving import Cell, Table
from adieu.vault.session_contents import Whereabouts, read_whereabouts

AT_ONCE = 500

type Rows = Iterator[Sequence[Cell]]


def tables(*, account_id: UUID) -> Sequence[Table]:
    """Give the account, its addresses, its sessions, and what its person agreed to."""
    return tuple(make(account_id) for make in TABLES)


def _account(account_id: UUID) -> Table:
    def rows() -> Rows:
        since = Operator.objects.filter(account_id=account_id).values_list("added_at", flat=True).first()
        fields = ("id", "registered_at", "last_login", "locked_at")
        for row in Account.objects.filter(id=account_id).values_list(*fields):
            yield *row, since

    columns = {
        "id": "the id of your account; other files and organizations' logs know you by it",
        "registered_at": "when you signed up",
        "last_signed_in_at": "when you signed in last",
        "locked_at": "since when nobody may use the account, if so",
        "operator_since": "since when you are one of those who run this installation, if so",
    }
    return Table("account", "Your account itself.", columns, rows)


def _addresses(account_id: UUID) -> Table:
    def rows() -> Rows:
        for row in EmailAddress.objects.filter(user_id=account_id).order_by("id"):
            plain = plain_of_account(sealed=row.email, account_id=account_id)
            yield plain, row.verified, row.primary

    columns = {
        "address": "the e-mail address",
        "is_verified": "whether you entered the code that was sent there",
        "is_first": "whether mail goes there",
    }
    return Table("addresses", "The e-mail addresses that you sign in with.", columns, rows)


def _sessions(account_id: UUID) -> Table:
    def rows() -> Rows:
        found = list(Session.objects.filter(account_id=account_id).order_by("started_at"))
        seen = read_whereabouts([row.key_digest for row in found])
        for row in found:
            where = seen.get(row.key_digest, Whereabouts())
            times = (row.started_at, row.last_seen_at, row.expires_at)
            yield *times, where.network_address, where.user_agent

    columns = {
        "started_at": "when it began",
        "last_seen_at": "when it was used last",
        "expires_at": "when it ends, if it is not used",
        "network_address": "the network address (IP) that it was used from last",
        "user_agent": "what the browser says it is",
    }
    return Table("sessions", "The browsers that are signed in to your account now.", columns, rows)


def _agreements(account_id: UUID) -> Table:
    def rows() -> Rows:
        found = TermsAgreement.objects.filter(account_id=account_id).order_by("agreed_at")
        yield from found.values_list("version", "agreed_at")

    columns = {"version": "which version; it is made from the text", "agreed_at": "when you agreed"}
    return Table("agreements", "The operator's terms that you agreed to.", columns, rows)


def _operator_log(account_id: UUID) -> Table:
    def rows() -> Rows:
        about_me = str(account_id)
        found = OperatorAct.objects.filter(Q(actor_id=account_id) | Q(subject_id=about_me))
        for row in found.order_by("recorded_at", "id").iterator(AT_ONCE):
            by = "you" if row.actor_id == account_id else "somebody else"
            yield row.id, row.recorded_at, by, row.kind, row.reason, row.subject_id == about_me

    columns = {
        "id": "its id",
        "recorded_at": "when it was done",
        "by": "who did it: you, or somebody else who runs this installation",
        "kind": "what was done, as subject.event",
        "reason": "why",
        "is_about_you": "whether it was done to your account",
    }
    about = (
        "What you did as one of those who run this installation, and what they did to your account, as"
        " their log has it. To whom else it was done is not here."
    )
    return Table("operator_log", about, columns, rows)


TABLES: tuple[Callable[[UUID], Table], ...] = (_account, _addresses, _sessions, _agreements, _operator_log)
