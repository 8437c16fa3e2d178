"""The one exception that the command shows to the person as a sentence."""


class Stop(Exception):  # noqa: N818 - it is not always an error, it always ends the command
    """The command cannot go on; the message says why and what the person can do."""

    def __init__(self, message: str, *, code: int = 1):
        super().__init__(message)
        self.code = code
