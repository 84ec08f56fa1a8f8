"""Setting a machine up: what `make` runs before the program itself can run."""
