"""secret addresses of calendars

Revision: 0014_calendars
Revises: 0013_embargoes
"""
import sqlalchemy as sa
from alembic import op

import gonogo.db.types
import sqlmodel.sql.sqltypes

revision = '0014_calendars'
down_revision = '0013_embargoes'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('calendars',
    sa.Column('store_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sha256', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', gonogo.db.types.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('store_id', 'person'),
    sa.UniqueConstraint('sha256')
    )


def downgrade() -> None:
    op.drop_table('calendars')
