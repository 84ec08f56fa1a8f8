"""Strategies, whatever the guests and the rooms: no room overflows, nobody stands where they may not."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from biobank.storage import Room, Traits, seating
from biobank.storage.allowing import Limit
from biobank.storage.seating import Guest, Seated

PLASMA, SERUM = Traits(materials="plasma_edta", storage="-80"), Traits(materials="serum")


def key(number: int) -> UUID:
    return UUID(int=number)


@st.composite
def rooms(draw: st.DrawFn) -> list[Room]:
    made = []
    for number in range(draw(st.integers(1, 6))):
        size = draw(st.sampled_from([4, 9]))
        limit = Limit("materials", ["serum"], "C", "Serum alone")
        made.append(
            Room(
                id=key(1000 + number),
                code=f"C{number}",
                name=f"Box {number}",
                root=draw(st.sampled_from(["F1", "F2", "F3"])),
                root_name="",
                order=((number, 0, ""),),
                type_id=key(1),
                size=size,
                taken=draw(st.integers(0, size)),
                celsius=draw(st.sampled_from([-80, -80, 4])),
                limits=(limit,) if draw(st.integers(0, 3)) == 0 else (),
            )
        )
    return made


@st.composite
def guests(draw: st.DrawFn) -> list[Guest]:
    return [
        Guest(
            id=key(number),
            person=key(500 + draw(st.integers(0, 2))),
            family=key(600 + draw(st.integers(0, 2))),
            traits=draw(st.sampled_from([PLASMA, SERUM])),
        )
        for number in range(draw(st.integers(1, 20)))
    ]


def require_sound(seated: Seated, those: list[Guest], there: list[Room]) -> None:
    by_id = {room.id: room for room in there}
    traits = {guest.id: guest.traits for guest in those}
    assert seated.keys() <= traits.keys()
    for room, count in Counter(seated.values()).items():
        assert count <= by_id[room].free
    assert all(by_id[room].takes(traits[guest]) for guest, room in seated.items())


@given(guests(), rooms())
def test_who_takes_the_first_room_is_left_out_only_where_all_are_full(
    those: list[Guest], there: list[Room]
) -> None:
    for seated in (seating.first_free(those, there), seating.least_empty(those, there)):
        require_sound(seated, those, there)
        count = Counter(seated.values())
        for guest in those:
            if guest.id not in seated:
                assert all(count[room.id] >= room.free for room in there if room.takes(guest.traits))


@given(guests(), rooms())
def test_the_fullest_rooms_are_filled_first(those: list[Guest], there: list[Room]) -> None:
    alike = [Guest(guest.id, guest.person, guest.family, SERUM) for guest in those]
    seated = seating.least_empty(alike, there)
    count = Counter(seated.values())
    for room in there:
        if count[room.id] and room.takes(SERUM):
            fuller = [other for other in there if 0 < other.free < room.free and other.takes(SERUM)]
            assert all(count[other.id] == other.free for other in fuller)


@given(guests(), rooms())
def test_participants_come_together_where_any_box_has_room_for_all_of_theirs(
    those: list[Guest], there: list[Room]
) -> None:
    seated = seating.together(those, there, {})
    require_sound(seated, those, there)
    first = those[0].person
    group = [guest for guest in those if guest.person == first]
    fits = [
        room for room in there if room.free >= len(group) and all(room.takes(guest.traits) for guest in group)
    ]
    if fits:
        assert {seated.get(guest.id) for guest in group} == {fits[0].id}


@given(guests(), rooms())
def test_aliquots_of_a_specimen_stand_in_two_freezers_evenly_where_both_have_room(
    those: list[Guest], there: list[Room]
) -> None:
    seated = seating.split(those, there, {})
    require_sound(seated, those, there)
    roots = {room.id: room.root for room in there}
    for family in {guest.family for guest in those}:
        group = [guest for guest in those if guest.family == family]
        if len(group) == len(those) and all(room.free >= len(those) for room in there):
            count = Counter(roots[seated[guest.id]] for guest in group if guest.id in seated)
            if len({guest.traits for guest in group}) == 1 and count and len(group) > 1:
                assert len(count) == 2
                assert max(count.values()) - min(count.values()) <= 1


def test_a_specimen_with_a_tube_in_another_freezer_already_needs_only_one_more() -> None:
    room = Room(
        id=key(1),
        code="C1",
        name="Box",
        root="F1",
        root_name="",
        order=(),
        type_id=key(2),
        size=9,
        taken=0,
        celsius=-80,
        limits=(),
    )
    tube = Guest(key(10), key(20), key(30), PLASMA)
    assert seating.split([tube], [room], {}) == {tube.id: room.id}
    assert seating.split([tube], [room], {(key(30), "F1"): 1}) == {}
    assert seating.split([tube], [room], {(key(30), "F9"): 1}) == {tube.id: room.id}
