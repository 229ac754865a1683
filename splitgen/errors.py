"""The errors a user can meet: one or two lines that say what, where, expected and found, and what to do.

``args`` are those of the constructor, so that an error raised in another process arrives as it was.
"""

from __future__ import annotations


class SplitgenError(Exception):
    """Something that is not splitgen's fault and that the user can mend.

    Attributes:
        status: the command's exit status, 2 for a wrong config or bad input.
    """

    status = 2


class ConfigError(SplitgenError):
    """A config key holds something that cannot be used; names the key, what was expected and what was found."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(key, problem)
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return f"config key {self.key}: {self.problem}"


class InputError(SplitgenError):
    """A file or a record of it cannot be used; names the place as ``file`` or ``file:line``."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class NotAttainable(SplitgenError):
    """A band lies outside what the pool can give under the selection's constraints (exit status 1)."""

    status = 1


class NotPublished(SplitgenError):
    """A dataset is written, but could not be published on the Hub (exit status 1)."""

    status = 1
