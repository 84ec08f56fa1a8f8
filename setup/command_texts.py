"""What the help of commands says, for the catalogue: docstrings of commands, and `help=` of their options."""

import ast
import inspect
from collections.abc import Collection, Generator, Iterator, Mapping
from typing import IO, Any

from babel.messages.extract import extract_python

Found = tuple[Any, ...]
"""Line, function, message id, comments: what the extractors of Babel yield."""


def extract(
    file: IO[bytes],
    keywords: Mapping[str, Any],
    comment_tags: Collection[str],
    options: Any,
) -> Generator[Found, None, None]:
    """The messages of a module of the command line, as pybabel asks for them."""
    yield from extract_python(file, keywords, comment_tags, options)
    file.seek(0)
    for line, text in helps(ast.parse(file.read())):
        yield line, None, text, []


def helps(module: ast.Module) -> Iterator[tuple[int, str]]:
    """What click shows of a module: of each command its docstring, of each option its help."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and any(map(_makes_command, node.decorator_list)):
            yield node.lineno, inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                value = keyword.value
                if keyword.arg == "help" and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.lineno, value.value


def _makes_command(decorator: ast.expr) -> bool:
    made = decorator.func if isinstance(decorator, ast.Call) else None
    return isinstance(made, ast.Attribute) and made.attr in {"command", "group"}
