"""What the mails about a deletion say; each is written when it is handed over."""

from uuid import UUID

from django.conf import settings

from adieu.deletion.farewell import NOTICE_OF_COMPLETION, link_token
from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, StepState
from adieu.deletion.promises import NOTICE_OF_DELAY, NOTICE_OF_STUCK, PROMISE_IN_WORDS
from adieu.deletion.receipts import FILE_NAME, receipt_file
from adieu.deletion.verification import NOTICE_OF_CODE, code_of
from adieu.notices.composing import Attachment, Composed, NothingToSay, OwedNotice, register
from adieu.notices.rendering import render
from adieu.vault.queries import read

COMPLETED = (
    "Your Adieu account and everything that was yours alone is erased. This cannot be undone. "
    "The page below shows each step. It says nothing of who you are."
)
BY_OPERATOR = "The people who run this console deleted it. Ask them if you do not know why."
RECEIPT = (
    f"{FILE_NAME} is your receipt: signed, and good for showing what was erased and when. Keep it, together "
    "with {keys}, which anybody needs to check it."
)
KEYS_PATH = "/.well-known/adieu-keys.json"
LATE = (
    f"Your account works nowhere any more. We said that the rest is erased within {PROMISE_IN_WORDS}. "
    "It is not done yet. The page below shows each step."
)
STUCK = (
    "Your account works nowhere any more. One step of what follows was tried many times and did not work."
    " The page below shows which."
)


def register_mails() -> None:
    """Tell the notices how the mails of a deletion are written."""
    register(NOTICE_OF_CODE, compose_code)
    register(NOTICE_OF_COMPLETION, compose_completion)
    register(NOTICE_OF_DELAY, compose_delay)
    register(NOTICE_OF_STUCK, compose_stuck)


def compose_code(notice: OwedNotice) -> Composed:
    """Write the mail with the code, deriving it now (Rule D4).

    Raises:
        NothingToSay: the request was cancelled or confirmed meanwhile, or a newer code was sent.
    """
    request_id, number = UUID(notice.payload["request_id"]), int(notice.payload["number"])
    is_current = DeletionRequest.objects.filter(
        id=request_id, state=RequestState.OPEN, verification__number=number
    ).exists()
    if not is_current:
        raise NothingToSay
    text, html = render(
        "Your code to delete your account",
        [
            "You asked to delete your Adieu account. Enter this code on the page you asked from.",
            "It works for 10 minutes. Nothing is deleted before you enter it, tick the boxes and go on.",
            "If you did not ask for this, change your password: somebody else is signed in as you.",
        ],
        code=code_of(request_id=request_id, number=number),
    )
    return Composed(_address_of(notice), "Your code to delete your account", text, html)


def compose_completion(notice: OwedNotice) -> Composed:
    """Write the last mail; the receipt goes with it (Rule D9)."""
    deletion_id = UUID(notice.payload["deletion_id"])
    file = receipt_file(deletion_id=deletion_id)
    is_by_operator = DeletionRequest.objects.filter(id=deletion_id, is_by_operator=True).exists()
    attached = (Attachment(FILE_NAME, "application/json", file.text.encode()),) if file else ()
    text, html = render(
        "Your account has been deleted",
        [
            COMPLETED,
            *([BY_OPERATOR] if is_by_operator else []),
            *([RECEIPT.format(keys=f"{settings.ADIEU.base_url}{KEYS_PATH}")] if file else []),
            "With this mail your address is erased here, too.",
            "A keyed fingerprint of it remains. It only serves to refuse a new account with the address.",
        ],
        link=_link(notice),
    )
    return Composed(_address_of(notice), "Your account has been deleted", text, html, attached)


def compose_delay(notice: OwedNotice) -> Composed:
    """Write that it takes longer than promised.

    Raises:
        NothingToSay: it is completed by now, which another mail says.
    """
    deletion_id = UUID(notice.payload["deletion_id"])
    if not DeletionRequest.objects.filter(id=deletion_id, state=RequestState.ERASING).exists():
        raise NothingToSay
    subject = "Deleting your account takes longer than we said"
    paragraphs = [
        LATE,
        "It is tried again and again. There is nothing for you to do. You get one more mail when it is done.",
    ]
    text, html = render(subject, paragraphs, link=_link(notice))
    return Composed(_address_of(notice), subject, text, html)


def compose_stuck(notice: OwedNotice) -> Composed:
    """Write that the people who run this installation have to help.

    Raises:
        NothingToSay: they have done so by now.
    """
    deletion_id = UUID(notice.payload["deletion_id"])
    if not ErasureStep.objects.filter(request_id=deletion_id, state=StepState.STUCK).exists():
        raise NothingToSay
    subject = "Deleting your account needs the people who run Adieu"
    paragraphs = [
        STUCK,
        "The people who run this installation see it, too. There is nothing for you to do.",
    ]
    text, html = render(subject, paragraphs, link=_link(notice))
    return Composed(_address_of(notice), subject, text, html)


def _link(notice: OwedNotice) -> str:
    token = link_token(deletion_id=UUID(notice.payload["deletion_id"]))
    return f"{settings.ADIEU.base_url}/deletions/{token}/"


def _address_of(notice: OwedNotice) -> str:
    if notice.account_id is None:
        raise NothingToSay
    people = read([notice.account_id])
    if notice.account_id not in people:
        raise NothingToSay
    return people[notice.account_id].address
