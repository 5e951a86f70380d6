"""The archive of a person's data: the states that can be."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError

from adieu.vault import archives as store
from adieu.vault.models import Archive

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

SECOND = timedelta(seconds=1)
READY = {"state": "ready", "tables_done": 1, "tables_total": 1, "part_count": 1}
WRONG = [
    {"state": "unknown"},
    {"state": "building"},
    {"leased_until_at": "now"},
    {"ready_at": "now"},
    {"problem": "other"},
    {"state": "failed", "failed_at": "now"},
    {"state": "failed", "problem": "other"},
    {"state": "failed", "failed_at": "now", "problem": "of mine"},
    {**READY, "ready_at": "now"},
    {**READY, "expires_at": "later"},
    {**READY, "ready_at": "now", "expires_at": "now"},
    {**READY, "ready_at": "now", "expires_at": "later", "leased_until_at": "now"},
    {**READY, "ready_at": "now", "expires_at": "later", "tables_total": 2},
    {**READY, "ready_at": "now", "expires_at": "later", "part_count": 0},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_the_database_refuses_states_that_cannot_be(now: datetime, wrong: dict[str, str]) -> None:
    moments = {"now": now, "later": now + SECOND}
    fields = {name: moments.get(str(value), value) for name, value in wrong.items()}
    with pytest.raises(IntegrityError):
        Archive.objects.create(id=uuid4(), account_id=uuid4(), asked_at=now, next_attempt_at=now, **fields)


def test_an_account_has_one(now: datetime) -> None:
    account_id = uuid4()
    store.put(account_id=account_id, now=now)
    store.put(account_id=account_id, now=now)
    with pytest.raises(IntegrityError):
        Archive.objects.create(id=uuid4(), account_id=account_id, asked_at=now, next_attempt_at=now)
