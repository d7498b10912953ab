"""From sound and faces to feature sequences."""
