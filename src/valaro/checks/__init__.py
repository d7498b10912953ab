"""Everything that should be true of a manifest and a store, and what is not."""
