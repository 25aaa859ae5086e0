"""The languages that what was said is read in, as PostgreSQL's text search has them."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

# Its configurations. Words of all other languages are taken as they are.
CONFIGS = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
PLAIN = "simple"
# Those that a workspace's calls are kept by, as `each`: an index-only walk from one to the next, since there
# are many calls and few languages.
EACH = """
WITH RECURSIVE each(config) AS (
    SELECT min(config) FROM calls_searchtext WHERE workspace_id = %(workspace)s
    UNION ALL
    SELECT (SELECT min(config) FROM calls_searchtext
            WHERE workspace_id = %(workspace)s AND config > each.config)
    FROM each WHERE config IS NOT NULL)
"""


def config_of(language: str) -> str:
    """The text search configuration for a language as agents have it: "en-GB"."""
    return CONFIGS.get(language.partition("-")[0].lower(), PLAIN)


def configs_of(workspace_id: UUID) -> Sequence[str]:
    """Those that a workspace's calls are kept by: a query is read by each of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{EACH} SELECT config FROM each WHERE config IS NOT NULL",  # noqa: S608  ours
            {"workspace": workspace_id},
        )
        return [config for (config,) in cursor.fetchall()]
