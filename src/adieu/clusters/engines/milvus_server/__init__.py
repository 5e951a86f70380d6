"""A Milvus server that the operator runs: one gateway process, database, user and role for each cluster."""
