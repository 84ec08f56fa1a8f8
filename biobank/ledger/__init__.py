"""Canonical entries and their hash chain; pure, and knows no database."""
