"""The archive of a person's data: asked for, built in the background, downloaded within the hour."""
