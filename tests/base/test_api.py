import pytest
from django import forms
from django.db import IntegrityError
from ninja import Schema
from ninja.errors import ValidationError

from base.api import Told, checked, page_of, unique
from base.forms import as_typed


def faults(refused: pytest.ExceptionInfo[ValidationError]) -> dict[str, str]:
    return {fault["loc"][-1]: fault["msg"] for fault in refused.value.errors}


def test_whoever_was_a_moment_too_late_is_told_so():
    with pytest.raises(ValidationError) as refused, unique("name"):
        raise IntegrityError("duplicate key")

    assert faults(refused) == {"name": "that name is taken"}


def test_what_programs_send_is_typed_as_people_type_it():
    sent = {"on": True, "off": False, "none": None, "rank": 3, "no": {}, "options": {"n": 1}, "names": ["a"]}

    assert as_typed(sent) == {
        "on": "on",
        "off": "",
        "none": "",
        "rank": "3",
        "no": "",
        "options": '{"n": 1}',
        "names": '["a"]',
    }


def test_a_form_says_one_thing_of_each_field_that_is_wrong():
    class Form(forms.Form):
        name = forms.CharField(max_length=3)
        rank = forms.IntegerField(min_value=1)

    with pytest.raises(ValidationError) as refused:
        checked(Form({"name": "", "rank": "0"}))

    assert faults(refused) == {
        "name": "This field is required.",
        "rank": "Ensure this value is greater than or equal to 1.",
    }
    assert checked(Form({"name": "abc", "rank": "1"})).cleaned_data["rank"] == 1


def test_what_was_left_out_is_not_given():
    class Change(Told):
        name: str = None
        rank: int | None = None

    assert Change(rank=None).given() == {"rank": None}


def test_a_list_is_described_by_the_name_of_what_is_in_it():
    class ToolOut(Schema):
        name: str

    assert page_of(ToolOut).__name__ == "ToolList"
    assert page_of(ToolOut) is page_of(ToolOut)
