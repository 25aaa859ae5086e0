import json

import pytest

from base.templatetags import ui


def test_an_icon_is_decoration(settings):
    assert str(ui.icon("flag", "big")) == (
        f'<svg class="i big" aria-hidden="true"><use href="{settings.STATIC_URL}icons.svg#flag"/></svg>'
    )


def test_a_speaker_is_a_shape_and_a_word():
    assert '<span class="sr">Caller: </span>' in ui.role("caller")
    assert "&lt;b&gt;: " in ui.role("agent", "<b>")


@pytest.mark.parametrize(("name", "lit"), [("token", 3), ("turn", 2), ("event", 1)])
def test_the_level_is_bars_and_a_word(name, lit):
    drawn = ui.level(name)

    assert drawn.count('class="on"') == lit
    assert drawn.endswith(f"{name.capitalize()}</span>")


def test_a_masked_number_is_escaped_around_its_dots():
    assert ui.mask("+44 77•• ••• 142") == '+44 77<i class="mk">•• •••</i> 142'
    assert ui.mask("<b>•</b>") == '&lt;b&gt;<i class="mk">•</i>&lt;/b&gt;'


def test_modules_are_found_by_folder(settings):
    folders = json.loads(ui.import_map())["imports"]

    assert folders["streaming/"] == f"{settings.STATIC_URL}streaming/"
