"""`/api/v1/account`: who am I."""

from django.http import HttpRequest
from ninja import Router

from adieu.accounts.queries import profile
from adieu.api.v1 import schemas
from adieu.kit.who import account_id_of

router = Router(tags=["account"])


@router.get("", response=schemas.AccountOut)
def show(request: HttpRequest) -> dict[str, object]:
    """Tell who is signed in."""
    account_id = account_id_of(request)
    person = profile(account_id=account_id)
    return {
        "id": account_id,
        "email": person.address,
        "name": person.name,
        "company": person.company,
        "country": person.country,
    }
