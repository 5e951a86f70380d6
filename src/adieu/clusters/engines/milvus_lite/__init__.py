"""milvus-lite: one process and one folder for each cluster."""
