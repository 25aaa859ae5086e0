"""What happened on calls, and what people and models made of it afterwards."""

from calls.models.calls import BARE_NUMBER, LONGEST_MS, PLAYGROUND, Call, CallQuerySet, Event, Turn
from calls.models.erasing import Erasure, Tombstone
from calls.models.finding import DIMENSIONS, Embedding, Point, SearchText, Word
from calls.models.holds import LegalHold
from calls.models.insights import BUCKETS, Tally, TallyMark, TallyPart
from calls.models.judging import CustomField, FieldValue, Reading, Score, Scorecard, Topic
from calls.models.notes import Note, Review
from calls.models.recordings import Recording
from calls.models.views import Export, SavedView
from calls.models.working import Digest, PlaygroundChat

__all__ = [
    "BARE_NUMBER",
    "BUCKETS",
    "DIMENSIONS",
    "LONGEST_MS",
    "PLAYGROUND",
    "Call",
    "CallQuerySet",
    "CustomField",
    "Digest",
    "Embedding",
    "Erasure",
    "Event",
    "Export",
    "FieldValue",
    "LegalHold",
    "Note",
    "PlaygroundChat",
    "Point",
    "Reading",
    "Recording",
    "Review",
    "SavedView",
    "Score",
    "Scorecard",
    "SearchText",
    "Tally",
    "TallyMark",
    "TallyPart",
    "Tombstone",
    "Topic",
    "Turn",
    "Word",
]
