"""A study with two arms and nobody in it yet, at noon of one day."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from biobank import clock, studies
from biobank.tables import (
    SignIn,
)
from tests.progress.rows import NOON, PROTOCOL, Field
from tests.world import MANAGER, World


@pytest.fixture
def field(world: World) -> Iterator[Field]:
    clock.set_clock(lambda: NOON)
    world.database.write(_open_sessions_again)
    world.act(lambda session, actor: studies.load(session, actor, PROTOCOL), person=MANAGER)
    yield Field(world)
    clock.set_clock()


def _open_sessions_again(session: Session) -> None:
    for sign_in in session.exec(select(SignIn)):
        sign_in.ends_at = NOON + timedelta(hours=1)
