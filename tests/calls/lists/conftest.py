import pytest

from calls import embeddings
from calls.models import Call
from calls.search import texts
from tests.calls.made import make_call, said
from tests.people import make_member, sign_in


@pytest.fixture
def operator(workspace):
    return sign_in(make_member(workspace, "operator"))


@pytest.fixture
def viewer(workspace):
    return sign_in(make_member(workspace, "viewer"))


@pytest.fixture
def refund(agent) -> Call:
    """A call that can be found, by its words and by its meaning."""
    call = make_call(
        agent,
        [
            said("r0", "Larkfield Energy, how can I help?", 0, 900),
            said("c0", "I was <i>charged twice</i> and want my money back.", 1_000, 1_900),
            said("r1", "The second payment goes back today.", 3_000, 3_900, reply_ms=1_100),
        ],
        summary="The caller was billed twice and got a refund.",
    )
    texts.keep(call)
    embeddings.take_in(call)
    return call
