"""A world with something of every kind in it, for each test here."""

import pytest

from tests.hostile.furnished import Known, furnish
from tests.templates import Furnishing, Templates


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return furnish


@pytest.fixture
def known(templates: Templates) -> Known:
    """What is in the world on SQLite."""
    found: Known = templates.told("sqlite", furnish)
    return found
