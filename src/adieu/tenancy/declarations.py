"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Fate, Fates

FATES: Fates = {
    "tenancy.Organization": {
        "id": Fate.NOT_PERSONAL,
        "name": Fate.NOT_PERSONAL,
        "description": Fate.NOT_PERSONAL,
        "website": Fate.NOT_PERSONAL,
        "contact": Fate.ERASE,
        "time_zone": Fate.NOT_PERSONAL,
        "owner_count": Fate.NOT_PERSONAL,
        "locked_at": Fate.NOT_PERSONAL,
        "created_at": Fate.NOT_PERSONAL,
    },
    "tenancy.Project": {
        "id": Fate.NOT_PERSONAL,
        "organization": Fate.NOT_PERSONAL,
        "name": Fate.NOT_PERSONAL,
        "is_default": Fate.NOT_PERSONAL,
        "created_at": Fate.NOT_PERSONAL,
    },
    "tenancy.OrganizationMembership": {
        "id": Fate.ERASE,
        "account": Fate.ERASE,
        "organization": Fate.ERASE,
        "role": Fate.ERASE,
        "joined_at": Fate.ERASE,
    },
    "tenancy.ProjectMembership": {
        "id": Fate.ERASE,
        "member": Fate.ERASE,
        "project": Fate.ERASE,
        "role": Fate.ERASE,
        "joined_at": Fate.ERASE,
    },
    "tenancy.Invitation": {
        "id": Fate.NOT_PERSONAL,
        "organization": Fate.NOT_PERSONAL,
        "project": Fate.NOT_PERSONAL,
        "inviter": Fate.ERASE,
        "address_key": Fate.ERASE,
        "role": Fate.NOT_PERSONAL,
        "project_role": Fate.NOT_PERSONAL,
        "state": Fate.NOT_PERSONAL,
        "invited_at": Fate.NOT_PERSONAL,
        "sent_at": Fate.NOT_PERSONAL,
        "expires_at": Fate.NOT_PERSONAL,
        "ended_at": Fate.NOT_PERSONAL,
    },
    "tenancy.ApiKey": {
        "id": Fate.ERASE,
        "member": Fate.ERASE,
        "name": Fate.ERASE,
        "digest": Fate.ERASE,
        "hint": Fate.ERASE,
        "created_at": Fate.ERASE,
        "last_used_at": Fate.ERASE,
        "expires_at": Fate.ERASE,
    },
    "tenancy.Welcome": {"account": Fate.ERASE, "welcomed_at": Fate.ERASE},
}
