"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Exported, Exports, Fate, Fates, Withheld

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

EXPORTS: Exports = {
    "tenancy.Organization": {"contact": Exported("organizations", "is_contact")},
    "tenancy.OrganizationMembership": {
        "id": Exported("organizations", "id"),
        "account": Exported("account", "id"),
        "organization": Exported("organizations", "organization_id"),
        "role": Exported("organizations", "role"),
        "joined_at": Exported("organizations", "joined_at"),
    },
    "tenancy.ProjectMembership": {
        "id": Exported("projects", "id"),
        "member": Exported("projects", "organization_id"),
        "project": Exported("projects", "project_id"),
        "role": Exported("projects", "role"),
        "joined_at": Exported("projects", "joined_at"),
    },
    "tenancy.Invitation": {
        "inviter": Exported("invitations_sent", "organization_id"),
        "address_key": Exported("invitations_received", "organization_id"),
    },
    "tenancy.ApiKey": {
        "id": Exported("api_keys", "id"),
        "member": Exported("api_keys", "organization_id"),
        "name": Exported("api_keys", "name"),
        "digest": Withheld("made from the key, which is a secret"),
        "hint": Withheld("the last letters of the key, which is a secret"),
        "created_at": Exported("api_keys", "created_at"),
        "last_used_at": Exported("api_keys", "last_used_at"),
        "expires_at": Exported("api_keys", "expires_at"),
    },
    "tenancy.Welcome": {
        "account": Exported("account", "id"),
        "welcomed_at": Exported("welcome", "welcomed_at"),
    },
}
