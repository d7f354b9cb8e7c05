"""what a launch passed over, and how it opens

Revision: 0010_opened
Revises: 0009_memos
"""
import sqlalchemy as sa
from alembic import op

import sqlmodel.sql.sqltypes


revision = '0010_opened'
down_revision = '0009_memos'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('launch_exclusions',
    sa.Column('store_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('launch', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('release', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('wave', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('store_id', 'launch', 'release')
    )
    with op.batch_alter_table('releases') as table:
        table.add_column(sa.Column('opens_as', sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('releases') as table:
        table.drop_column('opens_as')
    op.drop_table('launch_exclusions')
