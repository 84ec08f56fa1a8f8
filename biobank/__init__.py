"""Biobank: a specimen inventory that never loses a tube.

It registers blood and stool aliquots against participant and visit, prints labels that
scan back, keeps every tube's place, and writes a chain of custody that proves itself.
"""

__version__ = "0.1.0"
