import asyncio

from live.pictures import Pictures


async def test_the_first_change_is_drawn_at_once_and_the_last_one_too():
    value, drawn, last = 0, [], asyncio.Event()

    def draw():
        drawn.append(value)
        if value == 5:
            last.set()

    pictures = Pictures(draw, seconds=0.05)
    for value in range(1, 6):  # noqa: B007  draw() looks at it
        pictures.touch()
    await asyncio.wait_for(last.wait(), 2)

    assert drawn == [1, 5]


async def test_nothing_is_drawn_when_nothing_changes():
    drawn = []
    pictures = Pictures(lambda: drawn.append(1), seconds=0.01)
    pictures.touch()
    pictures.touch()
    pictures.forget()
    await asyncio.sleep(0.05)

    assert drawn == [1]
