"""Reading the activity log."""

from uuid import UUID

from django.db.models import QuerySet

from adieu.activities.models import Activity


def activities_in(*, organization_id: UUID) -> QuerySet[Activity]:
    """Give an organization's activities, the newest first."""
    return Activity.objects.filter(organization_id=organization_id).order_by("-recorded_at", "id")
