"""Audits: a scope of storage held against what was scanned there, reconciled and signed."""
