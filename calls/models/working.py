"""What a conversation that goes on is held with."""

from django.db import models

from accounts.models import Workspace
from agents.models import ToolsFrom
from base.models import Row, WorkspaceQuerySet
from calls.models.calls import Call


class Digest(Row):
    """The older part of a conversation in few words, for a model whose window does not take all of it.

    A working note of whoever holds the call (live/digest.py), not a fact about it: losing it costs nothing.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="digest")
    heard = models.PositiveIntegerField()  # how many utterances of the caller it covers, with their answers
    covers = models.CharField(max_length=16, blank=True)  # a hash of those: in a chat they may be taken back
    text = models.TextField()

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"the first {self.heard} of {self.call_id}"


class PlaygroundChat(Row):
    """What a conversation of the playground is held with. It is a call on the platform "playground"."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="playground")
    content = models.JSONField()  # each field of AgentVersion.CONTENT
    number = models.PositiveIntegerField(null=True)  # of the version; null: it was the draft
    revision = models.PositiveIntegerField(null=True)  # of the draft
    # The call whose turns it began with, and the number of the last of them.
    source = models.ForeignKey(Call, on_delete=models.SET_NULL, null=True, related_name="+")
    turn = models.PositiveIntegerField(null=True)
    tools = models.CharField(max_length=8, choices=ToolsFrom, default=ToolsFrom.LIVE)

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"playground of {self.call_id}"
