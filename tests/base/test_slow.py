"""One place fewer than processes, each for one process at a time."""

import os

import pytest

from base import slow


@pytest.fixture
def two_processes(monkeypatch):
    """And so one place."""
    monkeypatch.setattr(slow, "_Places", type("_Places", (slow._Places,), {}))
    slow.make_places(2)
    yield
    slow._Places.file.close()


def another_finds_one() -> bool:
    child = os.fork()
    if not child:
        with slow.place() as found:
            os._exit(0 if found else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_whoever_is_no_worker_has_a_place():
    with slow.place() as ours:
        assert ours


def test_a_place_is_one_processs_at_a_time(two_processes):
    assert another_finds_one()
    with slow.place() as ours:
        assert ours
        assert not another_finds_one()
    assert another_finds_one()


def test_slow_work_within_slow_work_does_not_leave_its_place(two_processes):
    with slow.place():
        with slow.place() as ours:
            assert ours
        assert not another_finds_one()
    assert another_finds_one()


def test_a_place_is_left_however_the_work_ends(two_processes):
    with pytest.raises(ValueError), slow.place():
        raise ValueError

    assert another_finds_one()
