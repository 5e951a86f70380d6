"""What confirms a deletion: the person's code, or an operator's word (`on_request.py`). Both go one way."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from adieu.core.keeping import Description
from adieu.deletion.consents import TEXTS
from adieu.deletion.models import DeletionRequest, Verification
from adieu.deletion.requests import refuse_if_blocked
from adieu.deletion.verification import lock_verification, refusal_of_code, use_up
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact

INSERT_CONSENTS = "INSERT INTO deletion_consent (request_id, text_id, given_at)"


class Confirmation(Protocol):
    """Whoever confirms a deletion, and by what: its person by a code, or an operator with a reason."""

    @property
    def account_id(self) -> UUID:
        """Whose account goes."""

    @property
    def is_by_operator(self) -> bool:
        """Whether an operator confirms."""

    @property
    def heir_id(self) -> UUID | None:
        """Who takes over what the person owns alone."""

    def lock(self, *, now: datetime) -> DeletionRequest:
        """Lock the open request, which everybody else waits for."""

    def refusal(self, *, now: datetime) -> Fact | None:
        """Tell what is wrong with this confirmation. It is given, not raised: it may have counted a try."""

    def look(self) -> Description | None:
        """Make sure that nothing is in the way, before anybody is told; tell what goes besides."""

    def settle(self, *, now: datetime) -> None:
        """Settle what is in the way, if that was decided; all of it is locked."""

    def prove(self, request: DeletionRequest, *, now: datetime) -> None:
        """Use up what confirms, or record who did."""

    def keep_consents(self, request: DeletionRequest, *, now: datetime) -> None:
        """Keep which texts were ticked."""


class ByCode:
    """Its person confirms, by the code that was mailed and with every box ticked (Rules D4, D5)."""

    is_by_operator = False
    heir_id = None
    _verification: Verification

    def __init__(self, *, account_id: UUID, code: str, session_digest: str) -> None:
        self.account_id, self._code, self._session_digest = account_id, code, session_digest

    def lock(self, *, now: datetime) -> DeletionRequest:
        """Lock the request together with its code."""
        self._verification = lock_verification(account_id=self.account_id)
        return self._verification.request

    def refusal(self, *, now: datetime) -> Fact | None:
        """Check the code."""
        return refusal_of_code(
            self._verification,
            account_id=self.account_id,
            code=self._code,
            session_digest=self._session_digest,
            now=now,
        )

    def look(self) -> None:
        """Make sure that nothing is in the way."""
        refuse_if_blocked(account_id=self.account_id)

    def settle(self, *, now: datetime) -> None:
        """The person settles what is in the way beforehand."""

    def prove(self, request: DeletionRequest, *, now: datetime) -> None:
        """Use the code up."""
        use_up(self._verification, now=now)
        crash_point("crossing.code_used_up")

    def keep_consents(self, request: DeletionRequest, *, now: datetime) -> None:
        """Keep the texts as evidence."""
        sql.run(
            f"{INSERT_CONSENTS} VALUES {', '.join('(%s, %s, %s)' for _ in TEXTS)}",
            [value for text_id in TEXTS for value in (request.id, text_id, now)],
        )
        crash_point("crossing.consents_kept")
