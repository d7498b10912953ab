"""From annotators' votes to fuzzy labels and levels."""
