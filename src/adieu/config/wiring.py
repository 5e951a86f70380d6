"""Who keeps something of a person, in the order in which they lock and erase; the account row goes last."""

DELETION_KEEPERS = [
    "adieu.deletion.keeper.DeletionKeeper",
    "adieu.tenancy.keeper.TenancyKeeper",
    "adieu.notices.keeper.NoticesKeeper",
    "adieu.vault.keeper.VaultKeeper",
    "adieu.deletion.farewell.FarewellKeeper",
    "adieu.identities.keeper.IdentitiesKeeper",
    "adieu.accounts.keeper.AccountsKeeper",
]
