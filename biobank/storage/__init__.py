"""Containers, slots, put away, move, take out, bring back, choose a slot."""

from biobank.storage.acts import Act, Said, last_acts
from biobank.storage.barcodes import containers_of
from biobank.storage.choosing import Suggestion, suggest_boxes
from biobank.storage.geometry import Grid, Slot, free_slots, slot_name, slot_named
from biobank.storage.making import (
    ContainerOrder,
    FreezerMade,
    FreezerOrder,
    make_container,
    make_freezer,
)
from biobank.storage.maps import (
    BoxMap,
    ContainerPlace,
    SlotRow,
    Step,
    box_map,
    by_code,
    free_in,
    path,
    paths,
    place_of,
    type_codes,
)
from biobank.storage.moving import ContainerMove, move_container
from biobank.storage.placing import (
    BringBack,
    PutAway,
    Stored,
    bring_back,
    fill_boxes,
    put_away,
)
from biobank.storage.rearranging import Going, Rearrangement, rearrange
from biobank.storage.reseating import Elsewhere, Reseat, Reseating, Seat, reseat, reseat_preview
from biobank.storage.standing import Branch, ContainerRow, contents, inside, roots, trees
from biobank.storage.taking import TakeOut, take_out
from biobank.storage.types import (
    BUILT_IN,
    TypeOrder,
    TypeRow,
    add_built_in_types,
    add_type,
    type_row,
)
from biobank.storage.undoing import Undo, Undone, undo
from biobank.storage.watching import others_here

__all__ = [
    "BUILT_IN",
    "Act",
    "BoxMap",
    "Branch",
    "BringBack",
    "ContainerMove",
    "ContainerOrder",
    "ContainerPlace",
    "ContainerRow",
    "Elsewhere",
    "FreezerMade",
    "FreezerOrder",
    "Going",
    "Grid",
    "PutAway",
    "Rearrangement",
    "Reseat",
    "Reseating",
    "Said",
    "Seat",
    "Slot",
    "SlotRow",
    "Step",
    "Stored",
    "Suggestion",
    "TakeOut",
    "TypeOrder",
    "TypeRow",
    "Undo",
    "Undone",
    "add_built_in_types",
    "add_type",
    "box_map",
    "bring_back",
    "by_code",
    "containers_of",
    "contents",
    "fill_boxes",
    "free_in",
    "free_slots",
    "inside",
    "last_acts",
    "make_container",
    "make_freezer",
    "move_container",
    "others_here",
    "path",
    "paths",
    "place_of",
    "put_away",
    "rearrange",
    "reseat",
    "reseat_preview",
    "roots",
    "slot_name",
    "slot_named",
    "suggest_boxes",
    "take_out",
    "trees",
    "type_codes",
    "type_row",
    "undo",
]
