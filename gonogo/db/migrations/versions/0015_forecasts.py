"""forecasts that were kept

Revision: 0015_forecasts
Revises: 0014_calendars
"""
import sqlalchemy as sa
from alembic import op

import gonogo.db.types
import sqlmodel.sql.sqltypes

revision = '0015_forecasts'
down_revision = '0014_calendars'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('forecasts',
    sa.Column('store_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('launch', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', gonogo.db.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('due', gonogo.db.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('probability', sa.Float(), nullable=False),
    sa.Column('seed', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('runs', sa.Integer(), nullable=False),
    sa.Column('by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('store_id', 'id')
    )
    with op.batch_alter_table('forecasts', schema=None) as batch_op:
        batch_op.create_index('ix_forecasts_launch', ['store_id', 'launch', 'made_at'], unique=False)


def downgrade() -> None:
    op.drop_table('forecasts')
