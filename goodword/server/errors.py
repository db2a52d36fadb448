"""Troubles that the person who runs the product can put right. Their text says how; no traceback is shown."""


class OperatorError(RuntimeError):
    """Something about this machine or installation is not as it must be."""


class EmbeddedError(OperatorError):
    """The embedded database cannot do what was asked."""


class PortTaken(OperatorError):
    """The address cannot be listened at."""


class MigrationFailed(OperatorError):
    """The database could not be brought to the level of this release."""
