"""Runs the migrations on the connection that `biobank.migrations` hands over, in its transaction."""

from sqlmodel import SQLModel

import biobank.tables  # noqa: F401 - fills the metadata that autogenerate compares with
from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
