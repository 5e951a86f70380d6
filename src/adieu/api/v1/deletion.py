"""`/api/v1/account/deletion…`: the way out, as JSON (Rules D1 to D6, D10)."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Status

from adieu.accounts import sessions
from adieu.accounts.session_store import digest_of_key
from adieu.accounts.step_up import is_recently_proved
from adieu.api.v1 import schemas
from adieu.api.v1.refusals import ReauthenticationRequired, blocker_as_json
from adieu.deletion import crossing, farewell, queries, requests, verification
from adieu.deletion.consents import TEXTS
from adieu.kit.who import account_id_of

router = Router(tags=["deletion"])
public_router = Router(tags=["deletion"], auth=None)


def require_proof(request: HttpRequest) -> None:
    """Refuse whoever proved who they are more than 10 minutes ago (Rule D1).

    Raises:
        ReauthenticationRequired: with the address where it is done.
    """
    if not is_recently_proved(request, timezone.now()):
        raise ReauthenticationRequired(request.build_absolute_uri(reverse("account_reauthenticate")))


@router.get("/preflight", response=schemas.PreflightOut)
def preflight(request: HttpRequest) -> dict[str, object]:
    """Tell whether the account can go, what blocks, what goes and what stays."""
    found = queries.preflight(account_id=account_id_of(request))
    return {
        "deletable": found.is_deletable,
        "blockers": [blocker_as_json(blocker) for blocker in found.blockers],
        "goes": [vars(going) for going in found.description.goes],
        "stays": [vars(staying) for staying in found.description.stays],
        "told": list(found.description.told),
        "consents": [{"id": text_id, "text": text} for text_id, text in TEXTS.items()],
    }


@router.post(
    "",
    response={201: schemas.RequestOut, 401: schemas.Problem, 409: schemas.Blocked, 422: schemas.Problem},
)
def open_request(request: HttpRequest, body: schemas.OpenIn) -> Status[object]:
    """Open a deletion request with the reason for leaving."""
    require_proof(request)
    opened = requests.open_request(
        account_id=account_id_of(request), reason=body.reason, comment=body.comment, now=timezone.now()
    )
    return Status(201, opened)


@router.post(
    "/code",
    response={
        202: schemas.CodeOut,
        401: schemas.Problem,
        409: schemas.Blocked,
        410: schemas.Problem,
        422: schemas.Problem,
        429: schemas.Problem,
    },
)
def send_code(request: HttpRequest, body: schemas.CodeIn) -> Status[object]:
    """Mail a verification code to the account's address."""
    require_proof(request)
    sent = verification.send_code(
        account_id=account_id_of(request),
        address=body.email,
        session_digest=digest_of_key(request.session.session_key or ""),
        network_address=request.META["REMOTE_ADDR"],
        now=timezone.now(),
    )
    return Status(202, sent)


@router.post(
    "/confirm",
    response={
        202: schemas.ConfirmOut,
        409: schemas.Problem,
        410: schemas.Problem,
        422: schemas.WrongCodeProblem,
        503: schemas.Problem,
    },
)
def confirm(request: HttpRequest, body: schemas.ConfirmIn) -> Status[object]:
    """Delete the account for good. The sign-in that asked ends with it."""
    deletion_id = crossing.confirm(
        account_id=account_id_of(request),
        code=body.code,
        consents=body.consents,
        session_digest=digest_of_key(request.session.session_key or ""),
        now=timezone.now(),
    )
    sessions.let_go(request)
    token = farewell.link_token(deletion_id=deletion_id)
    status_url = request.build_absolute_uri(reverse("api-v1:progress", args=[token]))
    return Status(202, {"deletion_id": deletion_id, "status_url": status_url})


@router.delete("", response={204: None, 410: schemas.Problem})
def cancel(request: HttpRequest) -> Status[None]:
    """Keep the account; possible before the point of no return only."""
    requests.cancel(account_id=account_id_of(request), now=timezone.now())
    return Status(204, None)


@public_router.get(
    "/deletions/{token}",
    response={200: schemas.ProgressOut, 404: schemas.Problem},
    url_name="progress",
)
def progress(request: HttpRequest, response: HttpResponse, token: str) -> object:
    """Show how far a deletion is, without sign-in."""
    del request
    # The address is the secret (Rule D10).
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    found = farewell.progress_by_token(token=token, now=timezone.now())
    return {
        **vars(found),
        "promised_by_at": found.promised_by_at,
        "shown_until_at": found.shown_until_at,
        "goes": [],
        "stays": [],
        "told": [],
        **found.described,
    }
