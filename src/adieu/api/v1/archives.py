"""`/api/v1/account/export`: the archive of one's data, for its person's session only (GDPR, Articles 15, 20).

An API key works in one organization, and this is about the whole person: a key does not get it.
"""

from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Status

from adieu.api.v1 import schemas
from adieu.api.v1.deletion import require_proof
from adieu.api.v1.schemas_archives import ArchiveOut
from adieu.archives import operations
from adieu.archives.operations import FILE_NAME, MEDIA_TYPE, ArchiveNotFound, Progress
from adieu.kit.downloads import download_file
from adieu.kit.who import account_id_of
from adieu.vault.models import ArchiveState

router = Router(tags=["account"])


@router.get("", response={200: ArchiveOut, 404: schemas.Problem})
def show(request: HttpRequest) -> dict[str, object]:
    """Tell how far the archive is."""
    return _described(request, _archive_of(account_id_of(request)))


@router.post("", response={202: ArchiveOut, 401: schemas.Problem, 429: schemas.Problem})
def ask(request: HttpRequest) -> Status[object]:
    """Ask for an archive in place of an earlier one; one that is under way is not begun anew."""
    require_proof(request)
    begun = operations.ask(account_id=account_id_of(request), now=timezone.now())
    return Status(202, _described(request, begun))


@router.get(
    "/download",
    response={200: None, 401: schemas.Problem, 404: schemas.Problem, 409: schemas.Problem},
    url_name="archive-file",
)
def fetch(request: HttpRequest) -> StreamingHttpResponse:
    """Send the file, a ZIP."""
    require_proof(request)
    account_id = account_id_of(request)
    found = _archive_of(account_id)
    size, parts = operations.content(account_id=account_id, archive_id=found.id, now=timezone.now())
    return download_file(request, parts, name=FILE_NAME, media_type=MEDIA_TYPE, size=size)


def _archive_of(account_id: UUID) -> Progress:
    found = operations.progress(account_id=account_id, now=timezone.now())
    if found is None:
        raise ArchiveNotFound
    return found


def _described(request: HttpRequest, archive: Progress) -> dict[str, object]:
    is_ready = archive.state == ArchiveState.READY
    url = request.build_absolute_uri(reverse("api-v1:archive-file"))
    return {**vars(archive), "download_url": url if is_ready else None}
