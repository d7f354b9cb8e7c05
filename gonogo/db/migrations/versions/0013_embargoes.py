"""embargoes on GPTs

Revision: 0013_embargoes
Revises: 0012_transfers
"""
import sqlalchemy as sa
from alembic import op

import gonogo.db.types
import sqlmodel.sql.sqltypes
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = '0013_embargoes'
down_revision = '0012_transfers'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('embargoes',
    sa.Column('store_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('gpt', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('publisher', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('set_at', gonogo.db.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('not_before', gonogo.db.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('store_id', 'id')
    )
    with op.batch_alter_table('embargoes', schema=None) as batch_op:
        batch_op.create_index('ix_embargoes_gpt', ['store_id', 'gpt', 'status'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('embargoes', schema=None) as batch_op:
        batch_op.drop_index('ix_embargoes_gpt')

    op.drop_table('embargoes')
