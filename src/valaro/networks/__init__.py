"""Generator and classifier networks."""
