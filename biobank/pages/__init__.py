"""Pages for people: HTML over the same actions as the API."""

from collections.abc import Sequence
from pathlib import Path

from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.handlers import BaseRouteHandler
from litestar.template import TemplateConfig

HERE = Path(__file__).parent
STATIC = HERE / "static"


def handlers() -> Sequence[BaseRouteHandler]:
    """Every page."""
    return []


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """Where templates stand."""
    return TemplateConfig(directory=HERE / "templates", engine=JinjaTemplateEngine)
