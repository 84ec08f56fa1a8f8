"""A terminal for the tests: the `biobank` command on a folder and a database of its own."""

import json
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result

from biobank.commands import biobank
from biobank.database import Database


class Terminal:
    """Runs commands in this process; without an address, on the SQLite file of the home folder."""

    def __init__(self, home: Path, address: str = "") -> None:
        self.home = home
        self.address = address or f"sqlite:///{home / 'biobank.db'}"
        self._environment = {
            "BIOBANK_HOME": str(home),
            "BIOBANK_DATABASE_URL": address,
            "LC_ALL": "C",
            "COLUMNS": "200",
        }

    def run(self, *words: str, typed: str | None = None, **settings: str) -> Result:
        """Run a command, whatever comes of it; what is not a refusal of ours is raised."""
        environment = {**self._environment, **settings}
        return CliRunner(catch_exceptions=False).invoke(biobank, words, input=typed, env=environment)

    def within(self, command: click.Command) -> None:
        """Run a command of a test's own where the others run."""
        CliRunner(catch_exceptions=False).invoke(command, [], env=self._environment)

    def says(self, *words: str, typed: str | None = None) -> str:
        """What a command that is done says."""
        result = self.run(*words, typed=typed)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    def answers(self, *words: str, typed: str | None = None) -> Any:
        """What a command that is done answers in JSON."""
        return json.loads(self.says(*words, "--json", typed=typed))

    def refused(self, *words: str, typed: str | None = None, **settings: str) -> str:
        """What a command that is refused says; nothing of it stands where programs read."""
        result = self.run(*words, typed=typed, **settings)
        assert (result.exit_code, result.stdout) == (1, "")
        return result.stderr

    def database(self) -> Database:
        """The database the commands work on; whoever asks closes it."""
        return Database(self.address)
