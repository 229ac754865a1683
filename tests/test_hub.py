"""Publishing, against a server on this machine that answers as the Hub does."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

import splitgen
from splitgen.errors import NotPublished
from splitgen.output.manifest import write_manifest
from tests.cards import card, contents

TOKEN = "hf_not_a_real_token"
LICENSES = {
    "apache-2.0",
    "mit",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
}  # of https://huggingface.co/docs/hub/repositories-licenses
PUBLISH = """
import sys
from pathlib import Path
from splitgen.errors import SplitgenError
from splitgen.output.hub import check_hub, publish
folder, repo, private = sys.argv[1:]
try:
    check_hub(repo)
    print(publish(Path(folder), repo, private == "true"))
except SplitgenError as error:
    print(error, file=sys.stderr)
    sys.exit(error.status)
"""


class Hub(ThreadingHTTPServer):
    """Dataset repositories in memory; what fails, and with which status, is told by the start of a path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.endpoint = f"http://127.0.0.1:{self.server_port}"
        self.private: dict[str, bool] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.large: dict[str, bytes] = {}
        self.in_lfs: set[str] = set()
        self.commits: list[tuple[str, list[str]]] = []  # message, files added
        self.requests: list[str] = []
        self.broken: dict[str, int] = {}

    def create(self, repo: str, private: bool, **files: bytes) -> None:
        self.private[repo] = private
        self.files[repo] = {".gitattributes": b"*.parquet filter=lfs", **files}


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def do_PUT(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *arguments: Any) -> None:
        pass

    def answer(self, body: bytes) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append(f"{self.command} {path}")
        status = next((code for start, code in self.server.broken.items() if path.startswith(start)), None)
        if status is None and path.startswith("/api") and self.headers["Authorization"] != f"Bearer {TOKEN}":
            status = 401
        if status is not None:
            return self.send(status, {"error": "the stub says no"})
        return self.send(*self.found(path, body))

    def send(self, status: int, answer: Any) -> None:
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def found(self, path: str, body: bytes) -> tuple[int, Any]:
        hub = self.server
        if path == "/api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization'] or 'me'}/{asked['name']}"
            url = {"url": f"{hub.endpoint}/datasets/{repo}"}
            if repo in hub.files:
                return 409, {**url, "error": "You already created this dataset repo"}
            assert asked["type"] == "dataset"
            hub.create(repo, asked.get("visibility") == "private" or asked.get("private") is True)
            return 200, url
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path.startswith("/lfs/"):
            assert hashlib.sha256(body).hexdigest() == path.removeprefix("/lfs/")
            hub.large[path.removeprefix("/lfs/")] = body
            return 200, {}
        repo = "/".join(path.removeprefix("/api").removeprefix("/datasets/").split("/")[:2]).removesuffix(".git")
        if repo not in hub.files:
            return 404, {"error": "Repository not found"}
        if path.endswith("/info/lfs/objects/batch"):
            objects = [
                {**each, "actions": {"upload": {"href": f"{hub.endpoint}/lfs/{each['oid']}"}}}
                for each in json.loads(body)["objects"]
            ]
            return 200, {"transfer": "basic", "objects": objects}
        if path.endswith("/preupload/main"):
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = {name: "lfs" if name.endswith(".parquet") else "regular" for name in names}
            return 200, {"files": [{"path": n, "uploadMode": m, "shouldIgnore": False} for n, m in modes.items()]}
        if path.endswith("/commit/main"):
            self.commit(repo, [json.loads(line) for line in body.splitlines()])
            return 200, {"commitOid": "1" * 40, "commitUrl": f"{hub.endpoint}/datasets/{repo}/commit/{'1' * 40}"}
        if path.endswith("/tree/main"):
            files = hub.files[repo].items()
            return 200, [{"type": "file", "path": name, "size": len(data), "oid": "0" * 40} for name, data in files]
        assert path == f"/api/datasets/{repo}"
        return 200, {"id": repo, "private": hub.private[repo], "sha": "0" * 40, "siblings": [], "tags": []}

    def commit(self, repo: str, lines: list[dict[str, Any]]) -> None:
        added = []
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                message = value["summary"]
                continue
            if line["key"] == "deletedFile":
                del self.server.files[repo][value["path"]]
                continue
            added.append(value["path"])
            if line["key"] == "lfsFile":
                self.server.in_lfs.add(value["path"])
                self.server.files[repo][value["path"]] = self.server.large[value["oid"]]
            else:
                self.server.files[repo][value["path"]] = base64.b64decode(value["content"])
        self.server.commits.append((message, added))


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    out = tmp_path_factory.mktemp("hub") / "my splits"
    splits = "selection.splits={easy:[person,city],hard:[river]}"
    options = ["selection=explicit", splits, "output.figures=false", f"cache_dir={cache}"]
    splitgen.generate(splitgen.load_config([*options, f"out='{out}'"]))
    return out


def publish(
    folder: Path, repo: str, endpoint: str, private: bool = True, **env: str
) -> subprocess.CompletedProcess[str]:
    home = str(folder.parent / "hf_home")  # without a token of the user's
    settings = {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN, "HF_HOME": home, "NO_PROXY": "*"}
    command = [sys.executable, "-c", PUBLISH, str(folder), repo, str(private).lower()]
    environment = {**os.environ, **settings, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", **env}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_publishes_what_it_made_once_it_is_verified(tmp_path: Path, hub: Hub, cache: Path):
    options = [
        "selection=explicit",
        "selection.splits={easy:[person,city]}",
        f"cache_dir={cache}",
        "out=OUT",
        "output.figures=false",
    ]
    settings = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", "splitgen", *options, "output.push_to_hub=me/mine"]
    environment = {**os.environ, **settings, "HF_HOME": str(tmp_path / "home"), "NO_PROXY": "*"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.rstrip().endswith(f"Published: {hub.endpoint}/datasets/me/mine")
    assert {name: content for name, content in hub.files["me/mine"].items() if name != ".gitattributes"} == contents(
        tmp_path / "OUT"
    )
    assert "push_to_hub" not in "".join(path.read_text() for path in (tmp_path / "OUT").rglob("*.json"))
    hub.broken["/api/datasets/me/mine/commit"] = 403
    run = subprocess.run([*command, "overwrite=true"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)  # fmt: skip
    assert run.returncode == 1
    assert "OUT is written" in run.stderr


def test_what_is_not_as_its_cards_say_is_not_published(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    from splitgen import api

    original = api.write_dataset

    def careless(folder: Path, *arguments: Any) -> Any:
        written = original(folder, *arguments)
        (folder / "README.md").write_text("mine")
        return written

    monkeypatch.setattr(api, "write_dataset", careless)
    monkeypatch.setattr(api, "check_hub", lambda repo: None)
    monkeypatch.setattr(api, "publish", lambda *arguments: pytest.fail("it was published"))
    options = ["selection=explicit", "selection.splits={a:[city]}", "output.figures=false", f"out={tmp_path / 'out'}"]
    options.append(f"cache_dir={cache}")
    with pytest.raises(NotPublished, match="is written, but not as its cards say"):
        splitgen.generate(splitgen.load_config([*options, "output.push_to_hub=me/mine"]))


def test_every_file_arrives_once_as_it_is_in_one_commit_of_a_private_repository(dataset: Path, hub: Hub):
    done = publish(dataset, "me/hard", hub.endpoint)
    assert (done.returncode, done.stdout) == (0, f"{hub.endpoint}/datasets/me/hard\n"), done.stderr
    there = hub.files["me/hard"]
    assert there.pop(".gitattributes")
    assert there == contents(dataset)
    assert {"README.md", "croissant.json", "SHA256SUMS", "hard/card.json"} <= there.keys()
    ((message, added),) = hub.commits
    assert message == f"splitgen {splitgen.__version__}"
    assert sorted(added) == sorted(there)
    assert hub.private == {"me/hard": True}
    assert hub.in_lfs == {name for name in there if name.endswith(".parquet")}


def test_hidden_files_stay_at_home(tmp_path: Path, hub: Hub):
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "notes").write_text("mine")
    write_manifest(tmp_path)
    assert publish(tmp_path, "me/hard", hub.endpoint).returncode == 0
    assert list(hub.files["me/hard"]) == [".gitattributes", "SHA256SUMS"]


def test_publishing_again_deletes_what_the_new_version_does_not_have(tmp_path: Path, hub: Hub):
    folder = tmp_path / "splits"
    folder.mkdir()
    (folder / "README.md").write_text("first")
    (folder / "old.parquet").write_bytes(b"old")
    write_manifest(folder)
    assert publish(folder, "me/hard", hub.endpoint).returncode == 0
    (folder / "old.parquet").unlink()
    (folder / "README.md").write_text("second")
    write_manifest(folder)
    assert publish(folder, "me/hard", hub.endpoint).returncode == 0
    assert {".gitattributes": b"*.parquet filter=lfs", **contents(folder)} == hub.files["me/hard"]
    assert len(hub.commits) == 2


@pytest.mark.parametrize(("private", "there"), [(True, True), (False, True), (False, False)])
def test_a_repository_that_exists_stays_as_private_as_it_is(private: bool, there: bool, tmp_path: Path, hub: Hub):
    hub.create("me/hard", there)
    (tmp_path / "README.md").write_text("splits")
    write_manifest(tmp_path)
    assert publish(tmp_path, "me/hard", hub.endpoint, private).returncode == 0
    assert hub.private == {"me/hard": there}
    assert not [request for request in hub.requests if "settings" in request or request.startswith("PUT /api")]


def test_what_is_to_be_private_is_not_put_where_all_can_see_it(tmp_path: Path, hub: Hub):
    hub.create("me/hard", private=False)
    (tmp_path / "README.md").write_text("splits")
    write_manifest(tmp_path)
    done = publish(tmp_path, "me/hard", hub.endpoint)
    assert done.returncode == 1
    assert "it is public already. Give output.private=false, or another name" in done.stderr
    assert list(hub.files["me/hard"]) == [".gitattributes"]


def test_a_repository_of_something_else_is_left_alone(dataset: Path, hub: Hub):
    hub.create("me/thesis", True, **{"notes.txt": b"years of work"})
    done = publish(dataset, "me/thesis", hub.endpoint)
    assert done.returncode == 1
    assert "it holds notes.txt, which is not as splitgen wrote it. Give another name" in done.stderr
    assert hub.files["me/thesis"]["notes.txt"] == b"years of work"


def test_a_name_alone_is_of_the_tokens_owner(tmp_path: Path, hub: Hub):
    (tmp_path / "README.md").write_text("splits")
    write_manifest(tmp_path)
    done = publish(tmp_path, "hard", hub.endpoint, private=False)
    assert done.stdout == f"{hub.endpoint}/datasets/me/hard\n", done.stderr
    assert hub.private == {"me/hard": False}


@pytest.mark.parametrize(
    ("start", "status", "reason"),
    [
        ("/api/repos/create", 401, "the token is not valid. Log in with `hf auth login`, or set HF_TOKEN (status 401)"),
        ("/api", 403, "the token may not write there. Give it that right, or another name (status 403)"),
        ("/api/repos/create", 500, "the stub says no. Try again later (status 500)"),
        ("/api/datasets/me/hard/commit", 409, "the repository has changed meanwhile. Try again (status 409)"),
        ("/api/datasets/me/hard/tree", 404, "there is no such owner"),
        ("/lfs", 403, "the token may not write there"),
    ],
)
def test_what_the_hub_refuses_is_said_in_two_lines(start: str, status: int, reason: str, tmp_path: Path, hub: Hub):
    hub.broken = {start: status}
    (tmp_path / "big.parquet").write_bytes(b"rows" * 1000)
    write_manifest(tmp_path)
    done = publish(tmp_path, "me/hard", hub.endpoint)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first.startswith(f"{tmp_path} is written and complete, but not published as me/hard: {reason}")
    assert second.endswith(f": hf upload me/hard {tmp_path} --repo-type dataset --delete '*' --private")


def test_a_hub_that_is_not_there_is_said_in_two_lines(tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    write_manifest(tmp_path)
    done = publish(tmp_path, "me/hard", endpoint)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert "is written and complete, but not published as me/hard:" in first
    assert first.endswith("Check the connection, and try again")
    assert second.startswith("To publish it without making it again: hf upload me/hard ")


@pytest.mark.parametrize(
    ("repo", "env", "found"),
    [
        ("datasets/me/hard", {}, "expected OWNER/NAME as the Hub allows it, found 'datasets/me/hard'"),
        ("me/", {}, "expected OWNER/NAME"),
        ("me/a b", {}, "expected OWNER/NAME"),
        ("me/hard", {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set. Unset it, or leave output.push_to_hub null"),
        ("me/hard", {"HF_TOKEN": ""}, "no token for the Hub was found. Log in with `hf auth login`, or set HF_TOKEN"),
    ],
)
def test_what_cannot_be_published_is_refused_before_the_hub_is_asked(
    repo: str, env: dict[str, str], found: str, tmp_path: Path, hub: Hub
):
    done = publish(tmp_path, repo, hub.endpoint, **env)
    assert done.returncode == 2
    assert done.stderr.startswith(f"config key output.push_to_hub: {found}")
    assert len(done.stderr.splitlines()) == 1
    assert hub.requests == []


def test_the_front_matter_is_what_the_hub_and_datasets_know(dataset: Path):
    from datasets.info import DatasetInfosDict
    from datasets.utils import resources
    from datasets.utils.metadata import MetadataConfigs, known_task_ids
    from huggingface_hub import DatasetCard

    data = DatasetCard.load(dataset / "README.md").data
    sizes = json.loads((Path(resources.__file__).parent / "size_categories.json").read_text())
    assert set(data.size_categories) <= set(sizes)
    assert set(data.task_categories) <= known_task_ids.keys() | {"token-classification"}
    assert data.license == ["apache-2.0"]
    configs = MetadataConfigs.from_dataset_card_data(data)
    assert list(configs) == ["easy", "hard"]
    assert configs.get_default_config_name() == "easy"
    infos = DatasetInfosDict.from_dataset_card_data(data)
    assert infos["hard"].splits["train"].num_examples == card(dataset, "hard")["counts"]["examples"]
    assert {"id", "tokens", "ner_tags", "spans"} <= infos["hard"].features.keys()


def test_the_licences_of_our_sources_are_identifiers_of_the_hub():
    def stated(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from ([node["license"]] if node.get("license") else [])
            for value in node.values():
                yield from stated(value)

    conf = Path(__file__).parent.parent / "conf"
    files = [*conf.glob("pool/*.yaml"), *conf.glob("benchmark/*.yaml")]
    found = {file.stem: set(stated(yaml.safe_load(file.read_text(encoding="utf-8")))) for file in files}
    assert set().union(*found.values()) == LICENSES
    assert found["asknews"] == {"apache-2.0", "cc-by-nc-4.0"}
    assert not any(
        found[name] for name in ("gliner", "conll", "hf", "offsets", "labels", "published_split", "golde2025")
    )
