"""Pages of audits: planned, counted, reconciled, signed; and what they say of storage over time."""
