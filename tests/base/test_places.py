"""Where the embedded servers live."""

from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection

from base.embedded import places


def test_a_deep_folder_keeps_its_sockets_in_a_short_one():
    deep = Path("/srv") / ("x" * 120)

    assert len(bytes(places.sockets(deep))) <= places.LONGEST_SOCKET_FOLDER
    assert places.sockets(deep) == places.sockets(deep)
    assert places.sockets(Path("/srv/near")) == Path("/srv/near")


def test_a_shut_folder_on_the_way_is_noticed(tmp_path):
    tmp_path.chmod(0o700)

    assert not places.reachable(tmp_path / "home")


@pytest.mark.parametrize("name", ["plain", "with space", "with#hash", "with%percent", "naïve"])
def test_addresses_survive_odd_folder_names(name):
    home = Path("/srv") / name

    asked = psycopg.conninfo.conninfo_to_dict(places.postgres_url(home))
    assert asked["host"] == str(places.sockets(places.postgres_folder(home)))
    pool = redis.ConnectionPool.from_url(places.redis_url(home))
    assert pool.connection_kwargs["path"] == str(places.redis_socket(home))


@pytest.mark.django_db
def test_tests_run_on_postgresql_18_with_vectors():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, '[1,2]'::vector <-> '[1,4]'::vector"
        )
        version, distance = cursor.fetchone()

    assert version >= 180000
    assert distance == 2


def test_tests_have_a_redis_of_their_own():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.ping()
