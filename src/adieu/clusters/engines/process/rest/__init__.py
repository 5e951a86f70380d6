"""The part of Milvus' REST API v2 that a cluster offers at its address."""
