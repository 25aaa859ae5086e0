"""Addresses that somebody typed, and where they lead."""

from ipaddress import ip_address

import pytest

from base.addresses import PrivateAddress, is_outside, leads_home


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:11434/v1",
        "http://LOCALHOST./v1",
        "http://127.0.0.1:6379",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[2002:a00:1::]/",
        "http://[64:ff9b:1::808:808]/",
        "http://[::8.8.8.8]/",
        "http://[::ffff:0:8.8.8.8]/",
        "http://[fec0::1]/",
        "http://[fe80::1%25lo]/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://[fd00::1]/",
    ],
)
def test_it_refuses_what_is_ours(url):
    with pytest.raises(PrivateAddress):
        leads_home(url, [])


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8/v1", "https://[2606:4700::1111]/", "https://nobody.invalid/"]
)
def test_it_lets_the_internet_be_asked_and_what_is_nowhere(url):
    assert leads_home(url, []) is False


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://localhost:11434/v1", ["localhost"]),
        ("http://10.1.2.3/", ["10.1.0.0/16"]),
        ("http://[fd00::1]/", ["fd00::/8"]),
        ("http://10.1.2.3/", ["10.1.2.3"]),
        ("http://Ollama.Internal/", ["ollama.internal"]),
    ],
)
def test_the_operator_may_allow_some(url, allowed):
    assert leads_home(url, allowed) is True


def test_a_name_that_leads_into_an_allowed_network_may_be_asked_and_is_not_certain():
    """Whoever has the name may have it lead elsewhere tomorrow: a key does not go there in the clear."""
    assert leads_home("https://localhost/v1", ["127.0.0.0/8", "::1/128"]) is False


def test_a_network_allows_no_other():
    with pytest.raises(PrivateAddress):
        leads_home("http://10.2.2.3/", ["10.1.0.0/16", "localhost"])


def test_an_address_within_an_address_counts():
    assert is_outside(ip_address("::ffff:8.8.8.8"))
    assert not is_outside(ip_address("::ffff:127.0.0.1"))
