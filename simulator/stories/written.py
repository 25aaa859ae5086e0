"""Answers for those who read: in a chat somebody may ask for a table, a list, some code. Callers never do."""

from collections.abc import Sequence

from simulator.stories.script import Reply, Said, plain

TABLE = """
Here are your last three bills:

| Month | Used | Cost |
|:------|-----:|-----:|
| April | 212 kWh | £61.40 |
| May | 187 kWh | £54.20 |
| June | 164 kWh | £47.90 |

You have paid **£163.50** in all. June was your cheapest month, *mostly* because of the longer days.
""".strip()

STEPS = """
## Reading your meter

It takes a minute, and you need no tools:

1. Find the meter. It is often by the front door, or in a cupboard under the stairs.
2. Write down the numbers **from left to right**:
   - stop at the decimal point,
   - leave out any red ones.
3. Send them to us with your account number.

> If the display is blank, press the button beside it once.

Questions? See [how to read your meter](https://larkfield.example/help/meter), or just ask me.
""".strip()

CODE = """
You can send readings by program, too. Here is one in Python:

```python
import httpx

def submit(account: str, reading: int) -> bool:
    answer = httpx.post(
        "https://larkfield.example/api/readings",
        json={"account": account, "reading": reading, "unit": "kWh"},
    )
    return answer.is_success
```

A reading that is lower than the last one is refused with `422`; nothing is charged for that.
""".strip()

# What a question holds, the first that fits.
WRITTEN = (
    (("table", "last three bills"), TABLE),
    (("step by step", "read my meter"), STEPS),
    (("by program", "in python"), CODE),
)


def written(messages: Sequence[Said]) -> Reply | None:
    """The answer to a question for something to read; None for any other."""
    last = messages[-1] if messages else None
    if last is None or last.role != "user":
        return None
    asked = plain(last.text)
    return next((Reply(text) for words, text in WRITTEN if any(word in asked for word in words)), None)
