"""Collecting at a visit: begun, ticked tube by tube, said to be otherwise, finished."""

from litestar import post
from litestar.params import JSONBody

from biobank import specimens
from biobank.api.documents import noun
from biobank.specimens import (
    AllPresent,
    Begin,
    CollectionFactsOrder,
    Deviate,
    Finish,
    ReceiptOrder,
    SpecimenCard,
    SpecimenRow,
    Summary,
    Tick,
    Ticked,
)
from biobank.web import OpenDoor


@post("/collections", sync_to_thread=True)
def begin_collection(door: OpenDoor, data: JSONBody[Begin]) -> list[SpecimenRow]:
    """Begin to collect at a visit: its tubes are expected from now on. A kit brings their labels."""
    return door.act(
        lambda session, actor: specimens.rows(session, specimens.begin(session, actor, data)),
        list[SpecimenRow],
    )


@post("/ticks", sync_to_thread=True, status_code=200)
def tick_tubes(door: OpenDoor, data: JSONBody[Tick]) -> list[Ticked]:
    """Say of scanned tubes of a visit that they are there, in any order."""
    return door.act(lambda session, actor: specimens.tick(session, actor, data), list[Ticked])


@post("/all-present", sync_to_thread=True, status_code=200)
def tick_all(door: OpenDoor, data: JSONBody[AllPresent]) -> list[Ticked]:
    """Say that every tube a visit still expects is there."""
    return door.act(lambda session, actor: specimens.all_present(session, actor, data), list[Ticked])


@post("/deviations", sync_to_thread=True)
def deviate(door: OpenDoor, data: JSONBody[Deviate]) -> list[Ticked]:
    """Say what went otherwise with a tube of a visit."""
    return door.act(lambda session, actor: specimens.deviate(session, actor, data), list[Ticked])


@post("/finished-collections", sync_to_thread=True)
def finish_collection(door: OpenDoor, data: JSONBody[Finish]) -> Summary:
    """End the collection of a visit: what is still expected was not collected."""
    return door.act(lambda session, actor: specimens.finish(session, actor, data), Summary)


@post("/collection-facts", sync_to_thread=True, status_code=200)
def note_facts(door: OpenDoor, data: JSONBody[CollectionFactsOrder]) -> SpecimenCard:
    """Note how a specimen was collected: haemolysis of blood, Bristol type and medicines of stool."""
    return door.act(
        lambda session, actor: specimens.card(
            session, actor, specimens.note_collection(session, actor, data).code
        ),
        SpecimenCard,
    )


@post("/receipts", sync_to_thread=True)
def receive(door: OpenDoor, data: JSONBody[ReceiptOrder]) -> list[SpecimenRow]:
    """Record that tubes were received."""
    return door.act(
        lambda session, actor: specimens.rows(session, specimens.receive(session, actor, data)),
        list[SpecimenRow],
    )


HANDLERS = noun(
    "collecting",
    [begin_collection, tick_tubes, tick_all, deviate, finish_collection, note_facts, receive],
)
