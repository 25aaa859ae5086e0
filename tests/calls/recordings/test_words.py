"""Each word is marked where it stands, while it is heard."""

from calls.recordings.words import placed, spread


def shown(text: str, words: list[list[int]]) -> list[tuple]:
    units = text.encode("utf-16-le")
    return [
        (units[2 * first : 2 * last].decode("utf-16-le"), start, end) for first, last, start, end in words
    ]


def test_words_are_found_where_they_stand():
    text = "No, no. I was told that — last week."
    timed = [["no", 0, 90], ["no", 200, 300], ["I", 400, 450], ["Was", 450, 600], ["last", 900, 1_000]]

    assert shown(text, placed(text, timed, 10)) == [
        ("No", 10, 100),
        ("no", 210, 310),
        ("I", 410, 460),
        ("was", 460, 610),
        ("last", 910, 1_010),
    ]


def test_a_word_that_is_not_there_takes_no_other_with_it():
    text = "I paid £42."

    assert shown(
        text, placed(text, [["I", 0, 9], ["forty-two", 10, 19], ["£42!", 20, 29], ["", 30, 39]])
    ) == [
        ("I", 0, 9),
        ("£42", 20, 29),
    ]


def test_characters_are_counted_as_browsers_do():
    text = "🎉 Hello there"

    assert shown(text, placed(text, [["hello", 0, 9]])) == [("Hello", 0, 9)]
    assert shown(text, spread(text, 0, 300, None))[-1][0] == "there"


def test_without_times_longer_words_take_longer():
    assert shown("I understand", spread("I understand", 1_000, 2_300, None)) == [
        ("I", 1_000, 1_200),
        ("understand", 1_200, 2_300),
    ]


def test_an_answers_words_are_spoken_after_they_have_come_until_somebody_speaks():
    assert spread("one two", 1_000, 1_010, None)[-1][3] == 1_680
    assert spread("one two", 1_000, 1_010, 1_400)[-1][3] == 1_400
    assert spread("", 0, 10, None) == []
