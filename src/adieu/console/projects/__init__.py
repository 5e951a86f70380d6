"""Projects, as pages."""
