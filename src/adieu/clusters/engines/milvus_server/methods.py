"""Which methods of Milvus a cluster offers: what is in no list here is not offered.

Those are left out that say something of the whole server, that read or write its object storage (`Import`,
snapshots), or that name things by numbers that are one for all databases.
"""

FORWARDED = frozenset(
    {
        *(
            "CreateCollection",
            "DropCollection",
            "HasCollection",
            "DescribeCollection",
            "BatchDescribeCollection",
        ),
        *(
            "ShowCollections",
            "AlterCollection",
            "AlterCollectionField",
            "RenameCollection",
            "TruncateCollection",
        ),
        *(
            "AddCollectionField",
            "AddCollectionStructField",
            "AlterCollectionSchema",
            "GetCollectionStatistics",
        ),
        *("LoadCollection", "ReleaseCollection", "GetLoadingProgress", "GetLoadState", "GetReplicas"),
        *("CreatePartition", "DropPartition", "HasPartition", "ShowPartitions", "GetPartitionStatistics"),
        *("LoadPartitions", "ReleasePartitions"),
        *("CreateAlias", "DropAlias", "AlterAlias", "DescribeAlias", "ListAliases"),
        *("CreateIndex", "AlterIndex", "DescribeIndex", "DropIndex"),
        *("GetIndexStatistics", "GetIndexState", "GetIndexBuildProgress"),
        *("Insert", "Delete", "Upsert", "Search", "HybridSearch", "Query"),
        *("Flush", "GetFlushState", "ManualCompaction", "GetCompactionState"),
        *("GetPersistentSegmentInfo", "GetQuerySegmentInfo", "RunAnalyzer", "GetVersion", "AllocTimestamp"),
    }
)

# Answered here, or forwarded with more care.
ANSWERED = frozenset({"Connect", "ListDatabases", "DescribeDatabase"})

# Refused with a reason: the console keeps these.
KEPT_BY_US = frozenset(
    {
        *("CreateDatabase", "DropDatabase", "AlterDatabase"),
        *("CreateCredential", "UpdateCredential", "DeleteCredential", "ListCredUsers", "SelectUser"),
        *("CreateRole", "AlterRole", "DropRole", "SelectRole", "OperateUserRole"),
        *("OperatePrivilege", "OperatePrivilegeV2", "SelectGrant", "BackupRBAC", "RestoreRBAC"),
        *("CreatePrivilegeGroup", "DropPrivilegeGroup", "ListPrivilegeGroups", "OperatePrivilegeGroup"),
        *("AddUserTags", "DeleteUserTags", "GetUserTags", "ListUsersWithTag"),
        *("CreateRowPolicy", "DropRowPolicy", "ListRowPolicies"),
    }
)
