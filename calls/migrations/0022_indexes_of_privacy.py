"""By whom calls are forgotten, and what is yet to be removed of old ones: built while calls are written."""

import importlib

from django.db import migrations, models

BuildIndex = importlib.import_module("calls.migrations.0007_indexes_of_calls").BuildIndex
BARE_NUMBER = models.Func(
    models.Func(
        models.Case(
            models.When(direction="outbound", then=models.F("to_number")),
            default=models.F("from_number"),
            output_field=models.CharField(),
        ),
        models.Value(r"\D"),
        models.Value(""),
        models.Value("g"),
        function="regexp_replace",
        output_field=models.CharField(),
    ),
    models.Value("^00"),
    models.Value(""),
    function="regexp_replace",
    output_field=models.CharField(),
)
INDEXES = [
    models.Index(models.F("workspace"), BARE_NUMBER, name="calls_by_bare_number"),
    models.Index(
        fields=["workspace", "ended_at"],
        condition=models.Q(words_removed_at=None),
        name="calls_with_words",
    ),
    models.Index(
        fields=["workspace", "ended_at"],
        condition=models.Q(numbers_removed_at=None),
        name="calls_with_numbers",
    ),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("calls", "0021_indexes_of_lists"),
    ]

    operations = [BuildIndex(model_name="call", index=index) for index in INDEXES]
