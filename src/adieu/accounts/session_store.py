"""Django's session engine over two stores: a row in the main database, the content in the vault."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from adieu.accounts.models import Session
from adieu.core.keys import derive_key
from adieu.vault import session_contents as contents
from adieu.vault.session_contents import SessionContent, Whereabouts

SIGNED_IN_IDLE = timedelta(hours=6)
ANONYMOUS_IDLE = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
KEY_LENGTH = 32


class SessionStore(SessionBase):
    """One browser's session.

    Note [Two stores, one session]: the content is written before the row and erased after it, and it is
    read only when the row is there, has not run out, and says the same account as the content. So a row
    that is gone ends the session at once, on every process, and a crash between the two stores ends it too.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.whereabouts = Whereabouts()
        self._row: Session | None = None

    def load(self) -> dict[str, Any]:
        """Read the session, or start an empty one when its row is gone."""
        row = _live_rows(digest_of_key(self.session_key or ""), timezone.now()).first()
        data = self._content_of(row) if row else None
        if data is None:
            self._session_key = None
            return {}
        self._row = row
        return data

    def exists(self, session_key: str) -> bool:
        """Tell whether a key is in use."""
        return Session.objects.filter(key_digest=digest_of_key(session_key)).exists()

    def create(self) -> None:
        """Make a new session under a key of its own."""
        while True:
            self._session_key = get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:  # noqa: FBT002 - Django's own signature
        """Write the session.

        Raises:
            CreateError: the key is in use, and the session was to be new.
            UpdateError: the row is gone; nothing is written in its place.
        """
        if self.session_key is None:
            self.create()
            return
        # A new key has nothing to load, and would be dropped for that.
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        account_id = account_in(data)
        now = timezone.now()
        written = SessionContent(
            key_digest=digest_of_key(self.session_key),
            account_id=account_id,
            content=self.encode(data),
            # Nobody's sessions are shown to nobody; and when a person is erased, nothing would tell that
            # this one was theirs.
            whereabouts=self.whereabouts if account_id else Whereabouts(),
            expires_at=now + idle_time(account_id),
        )
        (_add if must_create else _replace)(written, now)

    def delete(self, session_key: str | None = None) -> None:
        """End a session: this one, unless a key is given."""
        key = session_key or self.session_key
        if key is None:
            return
        digest = digest_of_key(key)
        Session.objects.filter(key_digest=digest).delete()
        contents.erase_contents([digest])

    @classmethod
    def clear_expired(cls) -> None:
        """Refuse: `sessions.sweep` does it, and is told the time."""
        raise NotImplementedError

    def is_live(self) -> bool:
        """Tell whether the session that was read still lives at this moment, and is the same account's."""
        row = self._row
        if row is None or row.account_id is None:
            return False
        return _live_rows(row.key_digest, timezone.now()).filter(account_id=row.account_id).exists()

    def touch(self) -> None:
        """Note that the session was seen, once a minute at most, unless this request saves it anyway."""
        now = timezone.now()
        row = self._row
        if row is None or self.modified or now - row.last_seen_at < SEEN_EVERY:
            return
        expires_at = now + idle_time(row.account_id)
        # Of requests that run side by side, the condition lets one through.
        same = _live_rows(row.key_digest, now).filter(last_seen_at=row.last_seen_at)
        if same.update(last_seen_at=now, expires_at=expires_at):
            seen = self.whereabouts if row.account_id else Whereabouts()
            contents.note_seen(key_digest=row.key_digest, whereabouts=seen, expires_at=expires_at)

    def encode(self, session_dict: Mapping[str, Any]) -> str:
        """Write as plain JSON: it stands in the vault, and a scan for a person must be able to find them."""
        return str(self.serializer().dumps(session_dict), "latin-1")

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Read what `encode` wrote."""
        written = session_data.encode("latin-1") if isinstance(session_data, str) else session_data
        data: dict[str, Any] = self.serializer().loads(written)
        return data

    def get_session_cookie_age(self) -> int:
        """Give the idle time in seconds; the cookie itself ends with the browser."""
        return int(idle_time(account_in(self)).total_seconds())

    def get_expire_at_browser_close(self) -> bool:
        """Set no end in the cookie: the row has the only one, and it moves without a new cookie."""
        return True

    def _content_of(self, row: Session) -> dict[str, Any] | None:
        content = contents.read_content(key_digest=row.key_digest)
        if content is None:
            return None
        data = self.decode(content)
        return data if account_in(data) == row.account_id else None


def digest_of_key(session_key: str) -> str:
    """Give what may be stored of a session's key: whoever reads it cannot take the session over."""
    key = derive_key(settings.ROOT_KEY, "session-keys")
    return hmac.digest(key, session_key.encode(errors="replace"), hashlib.sha256).hex()


def idle_time(account_id: UUID | None) -> timedelta:
    """Tell how long a session lives unseen: hours when somebody is signed in, minutes otherwise."""
    return ANONYMOUS_IDLE if account_id is None else SIGNED_IN_IDLE


def account_in(data: Mapping[str, Any] | SessionBase) -> UUID | None:
    """Tell whose session this is by what it holds."""
    account_id = data.get(SESSION_KEY)
    return None if account_id is None else UUID(account_id)


def _live_rows(key_digest: str, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(key_digest=key_digest, expires_at__gt=now)


def _add(written: SessionContent, now: datetime) -> None:
    if not contents.add(written):
        raise CreateError
    row = Session(
        key_digest=written.key_digest,
        account_id=written.account_id,
        started_at=now,
        last_seen_at=now,
        expires_at=written.expires_at,
    )
    try:
        row.save(force_insert=True)
    except IntegrityError as error:
        contents.erase_contents([written.key_digest])
        raise SessionInterrupted("The account of this session is gone.") from error


def _replace(written: SessionContent, now: datetime) -> None:
    live = _live_rows(written.key_digest, now)
    if not live.exists():
        raise UpdateError
    contents.replace(written)
    changed = {"account_id": written.account_id, "last_seen_at": now, "expires_at": written.expires_at}
    try:
        is_written = live.update(**changed)
    except IntegrityError:
        is_written = 0
    if not is_written:
        # The session or its account went between the look and the update: nothing may stay in the vault.
        contents.erase_strays([written.key_digest])
        raise UpdateError
