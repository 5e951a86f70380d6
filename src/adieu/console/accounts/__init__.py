"""Signing up, signing in, account settings and terms, as pages."""
