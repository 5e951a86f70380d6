"""House rules that no other tool knows; each finding says what to do instead."""
