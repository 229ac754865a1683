"""Publishing a dataset on the Hugging Face Hub, as one commit."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from splitgen import __version__
from splitgen.errors import ConfigError, NotPublished
from splitgen.output.manifest import MANIFEST, files_of

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

KEY = "output.push_to_hub"
OF_THE_HUB = {".gitattributes"}  # it says which files are in LFS
REASONS = {
    401: "the token is not valid. Log in with `hf auth login`, or set HF_TOKEN",
    403: "the token may not write there. Give it that right, or another name",
    404: "there is no such owner, or the token may not see the repository. Check the name and the token",
    409: "the repository has changed meanwhile. Try again",
    429: "too many requests. Try again later",
}


class _Strange(Exception):
    """A repository that is not ours to replace."""


def check_hub(repo: str) -> None:
    """Refuse early what could not be published later, as far as that shows without asking the Hub.

    Args:
        repo: OWNER/NAME, or NAME of the token's owner.
    Raises: ConfigError.
    """
    from huggingface_hub import constants, get_token
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise ConfigError(KEY, f"expected OWNER/NAME as the Hub allows it, found {repo!r}: {error}") from error
    if constants.HF_HUB_OFFLINE:
        raise ConfigError(KEY, "HF_HUB_OFFLINE is set. Unset it, or leave output.push_to_hub null")
    if not get_token():
        raise ConfigError(KEY, "no token for the Hub was found. Log in with `hf auth login`, or set HF_TOKEN")


def publish(folder: Path, repo: str, private: bool) -> str:
    """Make a dataset repository hold what a folder holds, and nothing else, by one commit.

    A repository that exists stays as private or as public as it is. One with files that splitgen did not put there is
    left alone.

    Args:
        folder: of the dataset; hidden files stay out.
        repo: OWNER/NAME, or NAME of the token's owner.
        private: whether a new repository is. True refuses one that exists and is public.
    Returns: the repository's address.
    Raises: NotPublished.
    """
    from huggingface_hub import HfApi

    api = HfApi(library_name="splitgen", library_version=__version__)
    try:
        created = api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
        public = private and not api.dataset_info(created.repo_id).private
        if not public:
            operations = _operations(api, created.repo_id, folder)
            api.create_commit(
                created.repo_id, operations, commit_message=f"splitgen {__version__}", repo_type="dataset"
            )
    except _Strange as error:
        raise _not_published(folder, repo, private, str(error)) from error
    except Exception as error:  # the network can raise anything; the dataset is there all the same
        raise _not_published(folder, repo, private, _reason(error)) from error
    if public:
        raise _not_published(folder, repo, private, "it is public already. Give output.private=false, or another name")
    return str(created)


def _operations(api: HfApi, repo_id: str, folder: Path) -> list[CommitOperationAdd | CommitOperationDelete]:
    """Add every file of the dataset, and delete what an earlier version has left."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    names = [file.as_posix() for file in [*files_of(folder), Path(MANIFEST)]]
    there = set(api.list_repo_files(repo_id, repo_type="dataset")) - OF_THE_HUB
    if there and MANIFEST not in there:
        raise _Strange(f"it holds {sorted(there)[0]}, which is not as splitgen wrote it. Give another name")
    old = sorted(there - set(names))
    additions = [CommitOperationAdd(name, folder / name) for name in names]
    return [*(CommitOperationDelete(name) for name in old), *additions]


def _not_published(folder: Path, repo: str, private: bool, reason: str) -> NotPublished:
    again = f"hf upload {repo} {quote(str(folder))} --repo-type dataset --delete '*'{' --private' if private else ''}"
    return NotPublished(
        f"{folder} is written and complete, but not published as {repo}: {reason}\n"
        f"To publish it without making it again: {again}"
    )


def _reason(error: BaseException) -> str:
    """What went wrong and what to do, in a line: by the status that the Hub gave, else in the error's own words."""
    cause: BaseException | None = error
    while cause is not None and not hasattr(cause, "response"):
        cause = cause.__cause__
    status = getattr(getattr(cause, "response", None), "status_code", None)
    if status in REASONS:
        return f"{REASONS[status]} (status {status})"
    said = " ".join(str(getattr(cause, "server_message", None) or cause or error).split()).rstrip(".")
    if status is None:
        return f"{said or type(error).__name__}. Check the connection, and try again"
    return f"{said}. Try again later (status {status})"
