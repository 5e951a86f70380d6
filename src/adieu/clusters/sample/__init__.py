"""A few dozen foods by how they taste, which anybody can load into a cluster and search at once."""
