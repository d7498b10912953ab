"""From finished runs to one self-contained page."""
