"""Batches, loops and checkpoints."""
