"""The activity log, as a page."""
