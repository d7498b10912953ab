"""From utterances to a feature store."""
