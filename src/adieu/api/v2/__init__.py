"""The part of Zilliz Cloud's REST API, version 2, that fits: its clients work unchanged (control plane)."""
