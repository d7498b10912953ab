"""Run one function over many jobs."""
