"""Which of the parts are put together: who keeps something of a person, and which engines there are."""

# In the order in which they lock and erase; the account row goes last.
DELETION_KEEPERS = [
    "adieu.deletion.keeper.DeletionKeeper",
    "adieu.tenancy.keeper.TenancyKeeper",
    "adieu.clusters.keeper.ClustersKeeper",
    "adieu.notices.keeper.NoticesKeeper",
    "adieu.vault.keeper.VaultKeeper",
    "adieu.deletion.farewell.FarewellKeeper",
    "adieu.identities.keeper.IdentitiesKeeper",
    "adieu.accounts.keeper.AccountsKeeper",
]

# What runs a cluster, by its kind.
CLUSTER_ENGINES = {
    "milvus-lite": "adieu.clusters.engines.milvus_lite.engine.MilvusLite",
    "milvus-server": "adieu.clusters.engines.milvus_server.engine.on_registered_server",
}
