"""Clusters, as pages."""
