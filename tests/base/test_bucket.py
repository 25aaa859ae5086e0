"""A bucket nobody answers for."""

import socket

import pytest
from botocore.config import Config
from django.core.files.base import ContentFile

from base.bucket import Bucket


@pytest.fixture
def bucket() -> Bucket:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return Bucket(
        bucket_name="calls",
        endpoint_url=f"http://127.0.0.1:{port}",
        access_key="key",
        secret_key="secret",
        region_name="eu-west-2",
        client_config=Config(retries={"max_attempts": 0}, connect_timeout=2),
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda bucket: bucket.save("a", ContentFile(b"a")),
        lambda bucket: bucket.open("a").read(),
        lambda bucket: bucket.delete("a"),
        lambda bucket: bucket.exists("a"),
        lambda bucket: bucket.listdir("a"),
        lambda bucket: bucket.size("a"),
    ],
    ids=["save", "open", "delete", "exists", "listdir", "size"],
)
def test_it_fails_as_a_folder_does(bucket, ask):
    with pytest.raises(OSError, match=r"^the bucket failed: EndpointConnectionError$"):
        ask(bucket)
