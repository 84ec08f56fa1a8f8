"""People: who may do what, and that lists and single things obey the same table."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, create_engine, select

from biobank import people, specimens, storage
from biobank.errors import NotAllowed, NotFound
from biobank.people import WHO_MAY, Actor, Granted, May
from biobank.tables import Container, Participant, Role
from tests.world import MANAGER, OUTSIDER, World

SITES, STUDIES = [UUID(int=1), UUID(int=2)], [UUID(int=11), UUID(int=12)]
GRANTS = st.lists(
    st.builds(
        Granted,
        role=st.sampled_from(Role),
        site_id=st.none() | st.sampled_from(SITES),
        study_id=st.none() | st.sampled_from(STUDIES),
    ),
    max_size=4,
)
MAY = {
    Role.TECHNICIAN: {May.SEE, May.HANDLE, May.REGISTER, May.PRINT},
    Role.AUDITOR: {May.SEE, May.AUDIT},
    Role.RESEARCHER: set(),
    Role.MANAGER: {May.SEE, May.HANDLE, May.REGISTER, May.PRINT, May.AUDIT, May.SET_UP},
    Role.ADMINISTRATOR: {May.ADMINISTER},
}


def actor(*grants: Granted) -> Actor:
    return Actor(UUID(int=99), "somebody", "en", grants)


class Thing:
    """Something at a site, in a study."""

    def __init__(self, site_id: UUID | None, study_id: UUID | None) -> None:
        self.site_id = site_id
        self.study_id = study_id


@pytest.fixture(scope="module")
def crowd() -> Session:
    """Participants in every study at every site, and a container at every site."""
    engine = create_engine("sqlite://")
    tables = [SQLModel.metadata.tables[name] for name in ("participant", "container")]
    SQLModel.metadata.create_all(engine, tables)
    session = Session(engine)
    for site in SITES:
        session.add(Container(code=f"C{site.int}", name="x", type_id=UUID(int=0), site_id=site))
        for study in STUDIES:
            session.add(Participant(study_id=study, site_id=site, pseudonym=f"{site.int}", salt=b""))
    session.flush()
    return session


@pytest.mark.parametrize("may", May)
@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_what_the_table_says_and_no_more(role: Role, may: May) -> None:
    assert people.allowed(actor(Granted(role)), may) is (may in MAY[role])
    assert WHO_MAY[role] == MAY[role]


@given(GRANTS, st.sampled_from(May))
def test_a_list_shows_exactly_what_may_be_opened_one_by_one(
    crowd: Session, grants: list[Granted], may: May
) -> None:
    somebody = actor(*grants)
    tables: tuple[Any, ...] = (Participant, Container)
    for table in tables:
        everything = crowd.exec(select(table)).all()
        shown = crowd.exec(select(table).where(people.visible(somebody, may, table))).all()
        opened = [thing for thing in everything if people.allowed(somebody, may, thing)]
        assert {thing.id for thing in shown} == {thing.id for thing in opened}


def test_a_grant_holds_at_its_site_and_in_its_study_alone() -> None:
    here = actor(Granted(Role.TECHNICIAN, SITES[0], STUDIES[0]))
    assert people.allowed(here, May.SEE, Thing(SITES[0], STUDIES[0]))
    assert not people.allowed(here, May.SEE, Thing(SITES[1], STUDIES[0]))
    assert not people.allowed(here, May.SEE, Thing(SITES[0], STUDIES[1]))
    assert not people.allowed(actor(), May.SEE)


def test_two_grants_do_not_add_up_to_a_third() -> None:
    both = actor(Granted(Role.AUDITOR, SITES[0]), Granted(Role.MANAGER, SITES[1]))
    assert people.allowed(both, May.SEE, Thing(SITES[0], STUDIES[0]))
    assert not people.allowed(both, May.HANDLE, Thing(SITES[0], STUDIES[0]))
    assert both.role == "auditor,manager"


def test_what_may_be_seen_but_not_done_is_not_allowed_and_what_may_not_be_seen_is_not_there() -> None:
    auditor, thing = actor(Granted(Role.AUDITOR, SITES[0])), Thing(SITES[0], STUDIES[0])
    people.require(auditor, May.SEE, thing)
    with pytest.raises(NotAllowed) as refused:
        people.require(auditor, May.HANDLE, thing)
    assert (refused.value.slug, refused.value.facts) == ("not_allowed", {"may": "handle"})
    with pytest.raises(NotFound) as hidden:
        people.require(auditor, May.HANDLE, Thing(SITES[1], STUDIES[0]))
    assert hidden.value.slug == "not_found"
    with pytest.raises(NotAllowed):
        people.require(auditor, May.ADMINISTER)


def test_an_outsider_sees_nothing_anywhere(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(2))
    assert world.ask(specimens.page, OUTSIDER) == []
    assert world.ask(storage.roots, OUTSIDER) == []
    assert len(world.ask(specimens.page)) == 3
    assert len(world.ask(specimens.page, MANAGER)) == 3
