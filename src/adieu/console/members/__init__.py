"""The members of an organization, as pages."""
