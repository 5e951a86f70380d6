"""What was erased, written down outside the database (Rules L1, L2)."""
