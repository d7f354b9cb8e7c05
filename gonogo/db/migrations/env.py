"""Alembic's environment: runs on the connection that `gonogo.db.session.migrate` hands over."""

from alembic import context

from gonogo.db.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
