"""Settings: what an installation may choose, and the clock it runs by."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from biobank import clock
from biobank.errors import Malformed
from biobank.settings import Settings, from_environment


def test_without_any_choice_it_runs_here_and_on_a_file() -> None:
    settings = from_environment({})
    assert settings == Settings()
    assert settings.url == "sqlite:///var/biobank.db"
    assert (settings.host, settings.port, settings.secure) == ("127.0.0.1", 8000, False)


def test_everything_can_be_chosen() -> None:
    settings = from_environment(
        {
            "BIOBANK_HOME": "/srv/biobank",
            "BIOBANK_DATABASE_URL": "postgresql+psycopg:///biobank",
            "BIOBANK_HOST": "0.0.0.0",  # noqa: S104 - a setting that is read, not a server
            "BIOBANK_PORT": "8443",
            "BIOBANK_HOSTS": "biobank.example.org, 10.0.0.9",
            "BIOBANK_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2,",
            "BIOBANK_THREADS": "4",
            "BIOBANK_PDF_FONT": "",
            "BIOBANK_SPOOLER": "no",
            "HOME": "/root",
        }
    )
    assert settings.home == Path("/srv/biobank")
    assert settings.url == "postgresql+psycopg:///biobank"
    assert (settings.port, settings.threads) == (8443, 4)
    assert settings.hosts == ("biobank.example.org", "10.0.0.9")
    assert settings.trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert not settings.spooler
    assert settings.secure
    assert Settings(tls_cert="cert.pem").secure


@pytest.mark.parametrize("value", ["eight", "-1", "8.0", " 8", "８"])
def test_a_number_that_is_none_is_refused_by_its_name(value: str) -> None:
    with pytest.raises(Malformed) as refused:
        from_environment({"BIOBANK_THREADS": value})
    assert refused.value.slug == "setting_unreadable"
    assert "BIOBANK_THREADS" in str(refused.value)


def test_a_choice_that_is_neither_yes_nor_no_is_refused_by_its_name() -> None:
    with pytest.raises(Malformed) as refused:
        from_environment({"BIOBANK_SPOOLER": "perhaps"})
    assert refused.value.slug == "setting_unreadable"
    assert "BIOBANK_SPOOLER" in str(refused.value)


def test_there_is_one_clock_and_it_can_be_set_and_given_back() -> None:
    then = datetime(2026, 5, 4, tzinfo=UTC)
    clock.set_clock(lambda: then)
    assert clock.now() == then
    clock.set_clock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().tzinfo is UTC


def test_keys_are_of_version_seven_and_sort_as_they_were_made() -> None:
    keys = [clock.new_key() for _ in range(2000)]
    assert {key.version for key in keys} == {7}
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_secrets_are_long_and_differ() -> None:
    made = {clock.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(secret) for secret in made} == {43}
    assert {clock.chance(3) for _ in range(200)} == {0, 1, 2}
