"""Read what became of a notice."""

from uuid import UUID

from adieu.notices.models import Notice, NoticeState


def state_of(notice_id: UUID) -> NoticeState | None:
    """Tell what became of a notice; one that was settled a week ago is no longer known."""
    state = Notice.objects.filter(id=notice_id).values_list("state", flat=True).first()
    return None if state is None else NoticeState(state)


def is_settled(notice_id: UUID) -> bool:
    """Tell whether nothing more will be tried for a notice."""
    return state_of(notice_id) != NoticeState.OWED
