"""Printing: orders, jobs and printers, and how a label comes to stand on its tube."""
