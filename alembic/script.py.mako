"""${message}."""

import sqlalchemy as sa
import sqlmodel

from alembic import op
from biobank import guards
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Forward only."""
    ${upgrades if upgrades else "pass"}
    guards.assert_guards(op.get_bind())


def downgrade() -> None:
    """There is no way back: a ledger is not undone."""
    raise NotImplementedError("migrations go forward only; restore a backup instead")
