"""Pages of studies: protocols, participants, visits and what is collected at them."""
