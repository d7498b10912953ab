"""Folds, scores and their uncertainty."""
