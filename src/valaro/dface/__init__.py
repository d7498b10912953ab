"""Making the network behind `dface` from pictures of faces; `features` reads and runs it."""
