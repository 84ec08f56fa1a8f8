"""A visit with its kit, as the tests of its page need them."""

from biobank import specimens
from tests import collected
from tests.world import World

STUDY = collected.STUDY.replace(b"all_present = true", b'all_present = true\ndatasets = ["fmri", "psg"]')


def lives(world: World, visit: str) -> list[str]:
    """How far each tube of a visit has come, in the order of the page."""
    return [row.life for row in collected.bench(world, visit).rows]


def prepared(world: World, event: str = "BL") -> tuple[str, specimens.KitCard]:
    """A visit of a participant, and a kit for its event that is nobody's yet."""
    collected.adopt(world, STUDY)
    return collected.enrol(world, event=event), collected.kits(world, event)[0]
