"""What the rows of a list say: by which words a call was found, and whatever is told as text."""

from tests.calls.lists.test_history import shown
from tests.calls.made import make_call, said


def test_what_is_found_by_a_likely_word_is_not_called_exact(operator, refund):
    found = shown(operator.get("/calls/", {"q": "chraged", "by": "words"}))

    assert "= Spelled like" in found
    assert "= Exact" not in found
    assert "<mark>charged</mark>" in found
    assert "= Exact" in shown(operator.get("/calls/", {"q": "twice", "by": "words"}))


def test_whatever_a_row_tells_is_text(operator, agent):
    agent.name = "<b>Odell</b>"
    agent.save(update_fields=["name"])
    turn = said("c0", "<script>alert('c0')</script>", 0, 900)
    make_call(agent, [turn], from_number='"><i>7', tags=['<u>"vip"</u>'], outcome="failed")

    listed = shown(operator.get("/calls/?columns=caller,agent,tags,outcome"))

    for typed in ("<b>Odell", "<script>alert", "<i>7", "<u>", '"vip"'):
        assert typed not in listed
    assert "&lt;b&gt;Odell&lt;/b&gt;" in listed
    assert "&lt;script&gt;alert(&#x27;c0&#x27;)&lt;/script&gt;" in listed
    assert '<span class="tag">&lt;u&gt;&quot;vip&quot;&lt;/u&gt;</span>' in listed
