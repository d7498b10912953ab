"""Training a network of faces, whose features become `dface`."""
