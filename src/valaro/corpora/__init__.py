"""From a folder on disk to utterances; readers only read."""
