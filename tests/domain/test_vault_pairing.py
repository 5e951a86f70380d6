"""A vault belongs to one installation (Rule P4)."""

from datetime import datetime
from uuid import uuid4

import pytest

from adieu.vault import operations
from adieu.vault.pairing import ForeignVault, LostVault, pair

pytestmark = pytest.mark.django_db(databases=["vault"])

OURS, THEIRS = {1: b"ours" * 8}, {1: b"theirs" * 8}


def test_a_new_vault_becomes_ours_and_stays_it() -> None:
    pair(peppers=OURS, has_accounts=False)
    pair(peppers=OURS, has_accounts=True)


def test_a_vault_of_others_is_refused() -> None:
    pair(peppers=THEIRS, has_accounts=False)
    with pytest.raises(ForeignVault):
        pair(peppers=OURS, has_accounts=False)


def test_a_vault_is_known_by_the_pepper_it_was_made_with() -> None:
    pair(peppers=OURS, has_accounts=False)
    pair(peppers={**OURS, 2: b"newer" * 8}, has_accounts=True)
    with pytest.raises(ForeignVault):
        pair(peppers={2: b"newer" * 8}, has_accounts=True)


def test_a_new_vault_beside_accounts_is_refused() -> None:
    with pytest.raises(LostVault):
        pair(peppers=OURS, has_accounts=True)


def test_an_unmarked_vault_that_knows_people_is_ours(now: datetime) -> None:
    operations.put(account_id=uuid4(), address="alice@example.org", now=now)
    pair(peppers=OURS, has_accounts=True)
