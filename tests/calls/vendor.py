"""Who makes vectors for money: plays OpenAI."""

import http.server
import json
import threading

import pytest

from calls import embedders


class Vendor(http.server.BaseHTTPRequestHandler):
    """Speaks like OpenAI: a vector for each text, in any order, or a refusal."""

    asked: list[dict] = []
    status = 200
    came, free = threading.Event(), threading.Event()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body | {"path": self.path})
        self.came.set()
        self.free.wait(30)
        data = [
            {"object": "embedding", "index": n, "embedding": [float(n)] + [1.0] * 255}
            for n in range(len(body["input"]))
        ]
        told = {
            "object": "list",
            "data": data[::-1],
            "model": body["model"],
            "usage": {"prompt_tokens": 500_000, "total_tokens": 500_000},
        }
        answer = json.dumps(told if self.status == 200 else {"error": {"message": "secret words"}}).encode()
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def vendor(settings):
    embedders._made.cache_clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        settings.EMBEDDINGS, settings.OPENAI_API_KEY = "openai", "sk-test"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.server_address[1]}/v1"
        Vendor.asked, Vendor.status = [], 200
        Vendor.came.clear()
        Vendor.free.set()
        yield Vendor
        server.shutdown()
        thread.join()
    embedders._made.cache_clear()
