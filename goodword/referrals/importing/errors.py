"""What can be wrong with a file as a whole. What is wrong with a row is a `Problem` with its line."""

from goodword.domain.errors import DomainError


class FileRefused(DomainError):
    """The file cannot be read; nothing was written."""

    def __init__(self, message: str, *, remedy: str, line: int = 0) -> None:
        super().__init__(message, remedy=remedy)
        self.line = line
        self.remedy = remedy


class NotACsvFile(FileRefused):
    """The content is a spreadsheet, an archive or a picture, whatever the name says."""

    code = "unsupported_media_type"


class EmptyFile(FileRefused):
    """There is no row in it."""

    code = "empty_file"


class FileTooLarge(FileRefused):
    """More than one import may take."""

    code = "too_large"


class WrongEncoding(FileRefused):
    """The text is not UTF-8."""

    code = "encoding"


class WrongDelimiter(FileRefused):
    """The columns are parted by another character than was said."""

    code = "delimiter"


class BadHeader(FileRefused):
    """Columns are missing, stand twice or have no name."""

    code = "header"


class BrokenQuotes(FileRefused):
    """A quote opens and does not close."""

    code = "unclosed_quote"


class AlreadyImported(FileRefused):
    """The same content was imported before."""

    code = "already_imported"


class BadRows(FileRefused):
    """Some rows are wrong, and the person did not choose to leave them out."""

    code = "bad_rows"


class CannotUndo(DomainError):
    """The import cannot be taken back; the message says why."""

    code = "cannot_undo"
