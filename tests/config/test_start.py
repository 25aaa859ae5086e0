"""What `up` decides before it starts anything."""

import socket

from bench.ports import own_port
from config.listening import listen
from config.start import plan

ASKED = {"host": "127.0.0.1", "workers": 1, "admin_email": "", "admin_password": ""}


def planned(home, port: int = 0, *, simulator: bool = True):
    return plan(home, False, port=port, no_simulator=not simulator, **ASKED)


def test_the_simulator_is_beside_us_and_nobody_else_can_be_there(tmp_path):
    port = own_port(1)
    made = planned(tmp_path, port)
    with made.listening, made.simulator:
        assert (made.here, made.simulator_host) == (f"http://127.0.0.1:{port}", f"127.0.0.1:{port + 1}")
        # It is not started yet; who asks is kept waiting until it is.
        socket.create_connection(("127.0.0.1", port + 1), timeout=10).close()


def test_the_simulator_is_elsewhere_where_somebody_is_beside_us(tmp_path):
    port = own_port(1)
    with listen("127.0.0.1", port + 1):
        made = planned(tmp_path, port)
        with made.listening, made.simulator:
            assert made.simulator.getsockname()[1] not in (0, port, port + 1)


def test_beside_the_last_port_there_is_none(tmp_path):
    made = planned(tmp_path, 65_535)
    with made.listening, made.simulator:
        assert 0 < made.simulator.getsockname()[1] < 65_535


def test_without_the_simulator_nothing_is_kept_for_it(tmp_path):
    made = planned(tmp_path, simulator=False)
    made.listening.close()

    assert (made.simulator, made.simulator_host) == (None, "")
