"""The parts that synthetic recordings are made of: people, speech, voices, heads and films."""
