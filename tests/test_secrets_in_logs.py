"""What goes wrong is written down without what somebody typed."""

import json

import pytest
import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from biobank import logs
from biobank.tables import Person
from tests.world import MANAGER, World


def test_a_traceback_in_the_log_holds_no_values_of_variables(capfd: pytest.CaptureFixture[str]) -> None:
    def hash_it(password: str) -> None:
        raise ZeroDivisionError(len(password))

    try:
        logs.write_json()
        try:
            hash_it("correct horse battery staple")
        except ZeroDivisionError as error:
            structlog.get_logger("biobank").error("unforeseen", exc_info=error)
    finally:
        structlog.reset_defaults()
    written = capfd.readouterr().err
    assert json.loads(written)["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert "correct horse" not in written


def test_what_the_database_refuses_is_told_without_what_was_sent(world: World) -> None:
    def break_a_rule(session: Session) -> None:
        person = session.exec(select(Person).where(col(Person.name) == MANAGER)).one()
        person.language = "a secret"
        person.name = None  # type: ignore[assignment]  # a rule of the database alone

    with pytest.raises(IntegrityError) as refused:
        world.database.write(break_a_rule)
    assert "parameters hidden" in str(refused.value)
    assert "[parameters: {" not in str(refused.value)
