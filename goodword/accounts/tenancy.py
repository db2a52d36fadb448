"""Tenancy in the database itself (reliability.md I46): no foreign key leads from one program's row to another's.

Add `TieToProgram()` as the last operation of a migration that adds a table or a foreign key of a program.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Every single-column key between two tables that both have a `program_id` is replaced by one over
# (program_id, the column). What is replaced already is left alone, so the statement may run again.
_TIE = """
DO $$
DECLARE
    found record;
    target text;
BEGIN
    FOR found IN
        SELECT con.conname, child.relname AS child, parent.relname AS parent,
               col.attname AS col, ref.attname AS ref
        FROM pg_constraint con
        JOIN pg_class child ON child.oid = con.conrelid
        JOIN pg_class parent ON parent.oid = con.confrelid
        JOIN pg_attribute col ON col.attrelid = child.oid AND col.attnum = con.conkey[1]
        JOIN pg_attribute ref ON ref.attrelid = parent.oid AND ref.attnum = con.confkey[1]
        WHERE con.contype = 'f' AND cardinality(con.conkey) = 1 AND col.attname <> 'program_id'
          AND con.connamespace = current_schema()::regnamespace
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = child.oid AND a.attname = 'program_id')
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = parent.oid AND a.attname = 'program_id')
        ORDER BY child.relname, con.conname
    LOOP
        target := left(found.parent, 40) || '_in_program';
        IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = target) THEN
            EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I UNIQUE (program_id, %I)', found.parent, target, found.ref);
        END IF;
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', found.child, found.conname);
        EXECUTE format(
            'ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (program_id, %I) REFERENCES %I (program_id, %I)'
            ' DEFERRABLE INITIALLY DEFERRED',
            found.child, left(found.conname, 50) || '_in_program', found.col, found.parent, found.ref);
    END LOOP;
END $$
"""


class TieToProgram(Operation):
    """Make every foreign key between program-owned tables carry the program."""

    reversible = True
    reduces_to_sql = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models stay as they are: this is about the database only."""

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any) -> None:  # noqa: ARG002
        schema_editor.execute(_TIE, params=None)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any) -> None:
        """Tighter keys do not hinder older code: nothing to undo."""

    def describe(self) -> str:
        return "Tie foreign keys to the program"
