"""The engines: order, bounded memory, errors, and that processes end. Functions are inside tests, to be pickled by value."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pyarrow as pa
import pytest

from splitgen.config import EngineConfig
from splitgen.engines import load_engine, local
from splitgen.engines.batches import pack, unpack
from splitgen.errors import ConfigError, InputError, NotAttainable, SplitgenError


@pytest.fixture
def processes(monkeypatch):
    """The local engine starts processes for any work."""
    monkeypatch.setattr(local, "WORTH_SECONDS", 0.0)


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    yield
    import ray

    ray.shutdown()


@pytest.fixture(params=["local", "ray"])
def engine(request, processes):
    if request.param == "ray":
        request.getfixturevalue("ray")
    return load_engine(EngineConfig(request.param, workers=2))


def numbers(count: int) -> Iterator[pa.Table]:
    return (pa.table({"x": [number]}) for number in range(count))


def values(tables: Iterator[pa.Table]) -> list[object]:
    return [table["x"][0].as_py() for table in tables]


def gone(pids: set[int]) -> bool:
    """Whether the processes end; a process that nobody waited for yet counts as ended."""
    for _ in range(400):
        listed = subprocess.run(["ps", "-o", "stat=", "-p", ",".join(map(str, pids))], capture_output=True, text=True)
        if all(state.startswith("Z") for state in listed.stdout.split()):
            return True
        time.sleep(0.05)
    return False


def test_results_are_in_the_order_of_the_batches(engine):
    def slow_at_first(batch):
        time.sleep(0.2 if batch["x"][0].as_py() in (0, 3) else 0)
        return batch

    assert values(engine.map(slow_at_first, numbers(20))) == list(range(20))


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("pool.path", "expected a file, found none: a.jsonl"),
        InputError("a.jsonl:3", "expected a list"),
        NotAttainable("out of reach"),
        FileNotFoundError(2, "No such file or directory", "a.jsonl"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_arrives_as_it_was_when_it_is_its_turn(engine, error):
    def fail_at_three(batch):
        if batch["x"][0].as_py() == 3:
            raise error
        return batch

    results = engine.map(fail_at_three, numbers(10))
    assert [next(results)["x"][0].as_py() for _ in range(3)] == [0, 1, 2]
    with pytest.raises((SplitgenError, OSError)) as raised:
        next(results)
    assert type(raised.value) is type(error)
    assert str(raised.value) == str(error)
    assert vars(raised.value) == vars(error)


def test_both_engines_give_what_one_process_gives(processes, ray):
    def reshaped(batch):
        number = batch["x"][0].as_py()
        spans = [[{"start": start, "label": "é" * start}] * (start % 3) for start in range(number % 5)]
        column = pa.array(spans, pa.list_(pa.struct([("start", pa.int32()), ("label", pa.string())])))
        table = pa.table({"spans": column, "none": pa.nulls(len(column)), "kind": column.is_null().dictionary_encode()})
        return table.replace_schema_metadata({"number": str(number)}).slice(number % 2)

    expected, *others = (
        list(load_engine(EngineConfig(name, workers)).map(reshaped, numbers(200)))
        for name, workers in (("local", 1), ("local", 2), ("ray", 2))
    )
    assert len(expected) == 200
    assert sum(len(table) == 0 for table in expected) == 60  # every fifth, and every second of those with one row
    for other in others:
        assert all(a.equals(b, check_metadata=True) for a, b in zip(expected, other, strict=True))


def test_batches_are_taken_no_faster_than_results_are_used(processes):
    taken = 0

    def watched():
        nonlocal taken
        for batch in numbers(60):
            taken += 1
            yield batch

    ahead = []
    for used, _ in enumerate(load_engine(EngineConfig(workers=2)).map(lambda batch: batch, watched())):
        time.sleep(0.05 if used < 10 else 0)
        ahead.append(taken - used)
    assert len(ahead) == 60
    assert max(ahead) <= 4  # two for each worker


def test_little_work_is_done_in_this_process():
    assert set(
        values(load_engine(EngineConfig(workers=7)).map(lambda _: pa.table({"x": [os.getpid()]}), numbers(50)))
    ) == {os.getpid()}


def test_much_work_is_done_in_others(monkeypatch):
    monkeypatch.setattr(local, "WORTH_SECONDS", 0.15)

    def slow(batch):
        time.sleep(0.1)
        return pa.table({"x": [os.getpid()]})

    where = values(load_engine(EngineConfig(workers=5)).map(slow, numbers(12)))
    assert where[:2] == [os.getpid()] * 2
    assert os.getpid() not in where[2:]


def test_one_worker_is_this_process(processes):
    assert set(
        values(load_engine(EngineConfig(workers=1)).map(lambda _: pa.table({"x": [os.getpid()]}), numbers(5)))
    ) == {os.getpid()}


def test_workers_serve_the_next_map_too(processes):
    def slow(batch):
        time.sleep(0.05)
        return pa.table({"x": [os.getpid()]})

    engine = load_engine(EngineConfig(workers=2))
    first, second = (set(values(engine.map(slow, numbers(10)))) for _ in range(2))
    assert first | second == first
    assert os.getpid() not in first


def test_maps_may_run_into_one_another(processes):
    engine = load_engine(EngineConfig(workers=2))

    def doubled(batch):
        return pa.table({"x": [2 * batch["x"][0].as_py()]})

    assert values(engine.map(doubled, engine.map(doubled, numbers(9)))) == [4 * number for number in range(9)]


@pytest.mark.parametrize("how", ["close", "error"])
def test_workers_end_when_nobody_wants_the_rest(processes, how):
    def work(batch):
        if how == "error" and batch["x"][0].as_py() == 8:
            raise OSError("full")
        time.sleep(0.05 if batch["x"][0].as_py() < 12 else 600)
        return pa.table({"x": [os.getpid()]})

    results = load_engine(EngineConfig(workers=2)).map(work, numbers(100))
    pids = {next(results)["x"][0].as_py() for _ in range(6)}
    if how == "close":
        results.close()
    else:
        with pytest.raises(OSError, match="full"):
            list(results)
    assert gone(pids)


def test_a_worker_starts_none_of_its_own(processes):
    def nested(batch):
        from splitgen.config import EngineConfig
        from splitgen.engines import load_engine, local

        local.WORTH_SECONDS = 0.0
        inner = load_engine(EngineConfig(workers=2)).map(lambda _: pa.table({"x": [os.getpid()]}), iter([batch] * 3))
        return pa.table({"x": [[os.getpid(), *(table["x"][0].as_py() for table in inner)]]})

    for outer, *inner in values(load_engine(EngineConfig(workers=2)).map(nested, numbers(4))):
        assert outer != os.getpid()
        assert inner == [outer] * 3


def test_a_killed_worker_is_an_error_that_says_what_to_do(processes):
    def die(batch):
        os.kill(os.getpid(), signal.SIGKILL)

    engine = load_engine(EngineConfig(workers=2))
    with pytest.raises(ConfigError, match=r"engine.workers: one of 2 processes was killed, .* Try fewer"):
        list(engine.map(die, numbers(3)))
    assert len(list(engine.map(lambda batch: batch, numbers(3)))) == 3  # with new ones


def test_workers_share_the_cores(processes, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def threads(batch):
        return pa.table({"x": [os.environ["OMP_NUM_THREADS"]]})

    found = values(load_engine(EngineConfig(workers=3)).map(threads, numbers(4)))
    assert set(found) == {str(max(local.cores() // 3, 1))}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_a_script_that_has_no_main_guard(tmp_path, number):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, time\n"
        "import pyarrow as pa\n"
        "from splitgen.config import EngineConfig\n"
        "from splitgen.engines import load_engine, local\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a shell ignores in the background
        "local.WORTH_SECONDS = 0.0\n"
        "def work(batch):\n"
        "    time.sleep(0.05 if batch['x'][0].as_py() < 12 else 600)\n"
        "    return pa.table({'x': [os.getpid()]})\n"
        "batches = (pa.table({'x': [number]}) for number in range(100))\n"
        "for table in load_engine(EngineConfig(workers=2)).map(work, batches):\n"
        "    print(table['x'][0].as_py(), flush=True)\n"
    )
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as run:
        pids = {int(run.stdout.readline()) for _ in range(6)}
        if number == signal.SIGINT:
            os.killpg(run.pid, number)  # as Ctrl-C does
        else:
            run.send_signal(number)
        assert run.wait(120) != 0
    assert gone(pids)


def test_of_a_slice_only_its_rows_travel():
    table = pa.table({"x": range(1_000_000)})
    assert len(pack(table.slice(500_000, 10))) < 1000
    assert unpack(pack(table.slice(500_000, 10))).equals(table.slice(500_000, 10))


def test_without_the_extra_ray_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "ray.data", raising=False)
    with pytest.raises(ConfigError, match=r"engine.name: .* pip install 'splitgen\[ray\]'"):
        load_engine(EngineConfig("ray"))


def test_a_ray_cluster_that_is_not_there_is_an_error_of_its_key(monkeypatch):
    import ray

    def absent(*_, **__):
        raise ConnectionError("Could not find any running Ray instance.\nMore")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", absent)
    with pytest.raises(ConfigError) as raised:
        list(load_engine(EngineConfig("ray", address="auto")).map(lambda batch: batch, numbers(2)))
    assert str(raised.value) == (
        "config key engine.address: no Ray cluster could be joined at auto: Could not find any running Ray instance."
    )


def test_naming_an_engine_starts_and_imports_nothing():
    code = "import sys, splitgen.engines; print([name for name in ('loky', 'joblib', 'ray') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
