"""What the user of a cluster may do on the server, in the cluster's database and in no other.

By Milvus' names. A server that is older does not know all of them; a newer one knows the old ones.
"""

from collections.abc import Iterator

GLOBAL = (
    *("CreateCollection", "DropCollection", "DescribeCollection", "ShowCollections", "RenameCollection"),
    *("CreateAlias", "DropAlias", "DescribeAlias", "ListAliases"),
)
OF_COLLECTIONS = (
    *(
        "Insert",
        "Delete",
        "Upsert",
        "Search",
        "Query",
        "Load",
        "Release",
        "GetLoadState",
        "GetLoadingProgress",
    ),
    *("CreateIndex", "DropIndex", "IndexDetail", "GetStatistics", "Flush", "GetFlushState", "Compaction"),
    *("CreatePartition", "DropPartition", "HasPartition", "ShowPartitions"),
    *("AddCollectionField", "AlterCollectionSchema"),
)


def rights() -> Iterator[tuple[str, str]]:
    """Give each right as the kind of thing that it is about, and its name."""
    yield from (("Global", name) for name in GLOBAL)
    yield from (("Collection", name) for name in OF_COLLECTIONS)
