"""What happened to a specimen before it was frozen, and the SPREC code that follows from it."""
