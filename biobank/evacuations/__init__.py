"""Emptying a container: where every rack goes, one scan for each, and the way back."""

from biobank.evacuations.boards import WORDS, Board, BoardRow, StepRow, board, boards
from biobank.evacuations.carrying import Carried, Carry, carry, close, turn_back
from biobank.evacuations.planning import Chosen, EvacuationOrder, plan

__all__ = [
    "WORDS",
    "Board",
    "BoardRow",
    "Carried",
    "Carry",
    "Chosen",
    "EvacuationOrder",
    "StepRow",
    "board",
    "boards",
    "carry",
    "close",
    "plan",
    "turn_back",
]
