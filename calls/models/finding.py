"""What calls are found by: their words, and the points their meaning is."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from pgvector.django import HalfVectorField, HnswIndex

from accounts.models import Workspace
from base.models import Row, WorkspaceQuerySet
from calls.models.calls import Call, Turn

DIMENSIONS = 256  # of a vector, whoever makes it


class Embedding(Row):
    """What something says as a point, near to what says the like: a turn's words, or a call's summary.

    Made again when the words or the model change; points of different models say nothing about each other.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="embeddings")
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, null=True, related_name="+")  # null: the summary
    model = models.CharField(max_length=60)
    digest = models.CharField(max_length=16)  # of the words
    # Halves are as good for comparing (docs/search.md), in half of the memory.
    vector = HalfVectorField(dimensions=DIMENSIONS)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["call", "turn"], nulls_distinct=False, name="one_embedding_per_text"
            )
        ]
        indexes = [models.Index(fields=["workspace", "model", "digest", "id"], name="who_said_it")]

    def __str__(self) -> str:
        return f"{self.call_id} by {self.model}"


class Point(Row):
    """Where a text lies, once for all who say it: the same is said again and again, and of many equal points
    an index finds hardly any but these (calls/points.py)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=60)
    digest = models.CharField(max_length=16)  # of the text, as its embeddings have it
    vector = HalfVectorField(dimensions=DIMENSIONS)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "model", "digest"], name="one_point_per_text")
        ]
        indexes = [
            HnswIndex(
                fields=["vector"],
                opclasses=["halfvec_cosine_ops"],
                m=32,
                # Of a sentence there are a hundred with other names and numbers: it looks beyond them, as far
                # as pgvector can.
                ef_construction=1000,
                name="nearest_points",
            )
        ]

    def __str__(self) -> str:
        return f"{self.digest} by {self.model}"


class SearchText(Row):
    """The words of a call as lexemes, for finding it by them (calls/search/texts.py)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="search_text")
    started_at = models.DateTimeField()  # the call's
    config = models.CharField(
        max_length=20
    )  # of PostgreSQL's text search: the language its words are read as
    words = SearchVectorField()

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="words_of_calls"),
            models.Index(fields=["workspace", "-started_at"], name="words_by_start"),
            models.Index(fields=["workspace", "config"], name="words_by_language"),
        ]

    def __str__(self) -> str:
        return f"words of {self.call_id}"


class Word(Row):
    """A word that was said in a workspace's calls: what a misspelt one may have been meant to be."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=30)  # in small letters
    sound = models.CharField(max_length=30)  # what it is to the ear, roughly (calls/search/spelling.py)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "text"], name="one_row_per_word")]
        indexes = [
            GinIndex(fields=["text"], opclasses=["gin_trgm_ops"], name="words_spelt_alike"),
            models.Index(fields=["workspace", "sound"], name="words_that_sound_alike"),
        ]

    def __str__(self) -> str:
        return self.text
