"""Runs the revisions on the connection that ``app.database.migrating`` hands over."""

from alembic import context
from geoalchemy2 import alembic_helpers

from app.database.tables import Base


def run() -> None:
    """Run the revisions in the transaction of the caller's connection."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        include_object=alembic_helpers.include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
