"""Settings, runs and cross-validation."""
