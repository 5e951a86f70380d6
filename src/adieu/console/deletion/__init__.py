"""The way out, as pages."""
