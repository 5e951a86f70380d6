"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Fate, Fates

FATES: Fates = {
    "tenancy.Organization": {
        "id": Fate.NOT_PERSONAL,
        "name": Fate.NOT_PERSONAL,
        "owner_count": Fate.NOT_PERSONAL,
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
        "account": Fate.ERASE,
        "project": Fate.ERASE,
        "role": Fate.ERASE,
        "joined_at": Fate.ERASE,
    },
    "tenancy.Welcome": {"account": Fate.ERASE, "welcomed_at": Fate.ERASE},
}
