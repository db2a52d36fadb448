"""A lookup for many ids at once: one array parameter instead of one parameter for each id."""

from typing import Any

from django.db.models import CharField, Lookup


@CharField.register_lookup
class AnyOf(Lookup):
    """`external_id__any_of=ids`: like `in`, but thousands of ids cost no time in building the statement."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """`column = ANY (array)`."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY (%s)", (*parameters, list(self.rhs))
