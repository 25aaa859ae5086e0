"""Whether a process of ours is there yet."""

import socket
import threading

from config.roles import wait_for_page


def test_an_answer_that_is_no_http_is_none_yet():
    answers = [b"GET /stats HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]

    def serve(listener: socket.socket) -> None:
        while answers:
            client, _ = listener.accept()
            with client:
                client.recv(1_000)
                client.sendall(answers.pop(0))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,), daemon=True)
        server.start()
        wait_for_page("simulator", f"http://127.0.0.1:{listener.getsockname()[1]}/stats", lambda: True)
        server.join(10)

    assert answers == []
