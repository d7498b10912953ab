"""From a folder on disk to utterances, and from utterances to what other programs read; readers only read."""
