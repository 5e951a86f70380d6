"""Our own REST API, version 1: the same operations as the pages, as JSON."""
