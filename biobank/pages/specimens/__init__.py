"""Pages of specimens: the card of one, lists of many."""
