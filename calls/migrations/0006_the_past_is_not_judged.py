"""Calls that ended before there was anybody to judge them: nobody asked for the bill of all of them at once.

Piece by piece, each its own transaction: who writes calls meanwhile waits for a moment only, and what broke off
goes on where it was.
"""

from django.db import migrations
from django.db.models import F

PIECE = 5_000


def leave_the_past(apps, schema_editor, at_once=PIECE):
    Call = apps.get_model('calls', 'Call')
    past = Call.objects.filter(ended_at__isnull=False, judged_at=None).order_by('pk')
    rest = past
    while piece := list(rest.values_list('pk', flat=True)[:at_once]):
        past.filter(pk__in=piece).update(judged_at=F('ended_at'))
        rest = past.filter(pk__gt=piece[-1])


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('calls', '0005_what_a_digest_covers'),
    ]

    operations = [
        migrations.RunPython(leave_the_past, migrations.RunPython.noop),
    ]
