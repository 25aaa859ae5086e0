"""What `/observability/` asks. Every question but the database's own names its workspace, as a test holds.

Values: workspace, since and since_id (observability.asking.since), trace. Words of callers, bodies and
secrets are not asked for. A pending delivery with attempts may be in a worker's hands; with `due_at`
too it has failed, and waits for its next try.
"""

INGEST = """
SELECT count(*) FILTER (WHERE created_at >= %(since)s AND id >= %(since_id)s) AS came,
       percentile_disc(0.95) WITHIN GROUP (
           ORDER BY (extract(epoch FROM applied_at - created_at) * 1000)::bigint
       ) FILTER (WHERE status IN ('applied', 'ignored') AND replays = 0
                   AND created_at >= %(since)s) AS p95_ms,
       count(*) FILTER (WHERE status = 'dead' AND coalesce(applied_at, created_at) >= %(hour)s) AS died,
       (SELECT count(*) FROM webhooks_delivery
         WHERE workspace_id = %(workspace)s AND status = 'pending' AND attempts > 0
           AND due_at IS NOT NULL) AS retrying,
       (SELECT count(*) FROM webhooks_delivery
         WHERE workspace_id = %(workspace)s AND status = 'dead') AS dead
  FROM webhooks_delivery
 WHERE workspace_id = %(workspace)s AND id >= %(hour_id)s
"""

STREAMS = """
SELECT coalesce(sum(count) FILTER (WHERE kind = 'stall'), 0) AS stalls,
       coalesce(sum(count) FILTER (WHERE kind = 'reconnect'), 0) AS reconnects
  FROM observability_browserreport
 WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND created_at >= %(since)s
"""

QUEUE = """
SELECT count(*) AS pending,
       coalesce(extract(epoch FROM now() - min(created_at)), 0)::int AS oldest_s
  FROM webhooks_delivery
 WHERE workspace_id = %(workspace)s AND status = 'pending' AND due_at IS NULL
"""

DATABASE = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS used,
       current_setting('max_connections')::int AS most
"""

PROVIDERS = """
SELECT coalesce(asked.provider, known.name) AS provider,
       coalesce(n, 0) AS n, coalesce(failed, 0) AS failed, coalesce(answered, 0) AS answered, p95_ms
  FROM (SELECT provider, count(*) AS n, count(*) FILTER (WHERE error_type <> '') AS failed,
               count(first_token_ms) AS answered,
               percentile_disc(0.95) WITHIN GROUP (ORDER BY first_token_ms) AS p95_ms
          FROM agents_modelcall
         WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND created_at >= %(since)s
           AND NOT cache_hit
         GROUP BY provider) AS asked
  FULL JOIN (SELECT name FROM agents_provider WHERE workspace_id = %(workspace)s AND enabled) AS known
    ON known.name = asked.provider
 ORDER BY 1
"""

MODELS = """
WITH asked AS (
    SELECT provider, model, count(*) AS n, count(*) FILTER (WHERE error_type <> '') AS failed,
           count(first_token_ms) AS answered, max(created_at) AS last_at,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY first_token_ms) AS p50_ms,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY first_token_ms) AS p95_ms,
           (array_agg(error_type ORDER BY id DESC) FILTER (WHERE error_type <> ''))[1] AS error_type
      FROM agents_modelcall
     WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND created_at >= %(since)s AND NOT cache_hit
     GROUP BY GROUPING SETS ((provider, model), (provider))
)
SELECT p.name AS provider, p.kind, m.name AS model, m.tier, coalesce(n, 0) AS n,
       coalesce(failed, 0) AS failed, coalesce(answered, 0) AS answered, last_at, p50_ms, p95_ms,
       coalesce(error_type, '') AS error_type
  FROM agents_provider AS p
  JOIN (SELECT provider_id, name, tier, rank FROM agents_languagemodel
         WHERE workspace_id = %(workspace)s AND enabled
        UNION ALL
        SELECT DISTINCT provider_id, NULL, NULL, 0 FROM agents_languagemodel
         WHERE workspace_id = %(workspace)s AND enabled) AS m
    ON m.provider_id = p.id
  LEFT JOIN asked ON asked.provider = p.name AND asked.model IS NOT DISTINCT FROM m.name
 WHERE p.workspace_id = %(workspace)s AND p.enabled
 ORDER BY p.name, m.name IS NOT NULL, m.rank, m.name
"""

BROWSER = """
SELECT coalesce(sum(count), 0) AS errors, count(DISTINCT message) AS kinds, count(DISTINCT user_id) AS people
  FROM observability_browserreport
 WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND created_at >= %(since)s
   AND kind IN ('error', 'unhandledrejection', 'csp')
"""

# --- Below the boxes --------------------------------------------------------------------------------------

# What an agent's test asks is booked under the test, which is no call.
_MODEL_CALL = """
SELECT m.id, m.created_at, m.provider, m.model, m.feature, m.attempt, m.fallback_from, m.first_token_ms,
       m.duration_ms, m.tokens_in, m.tokens_out, m.cost_usd, m.finish, m.error_type, m.error_code,
       CASE WHEN m.feature <> 'test' THEN m.call_id END AS call_id, m.trace_id
  FROM agents_modelcall AS m
"""

MODEL_CALLS = f"""{_MODEL_CALL}
 WHERE m.workspace_id = %(workspace)s
 ORDER BY m.id DESC
 LIMIT 25
"""

FAILED_MODEL_CALLS = f"""{_MODEL_CALL}
 WHERE m.workspace_id = %(workspace)s AND m.id >= %(since_id)s AND m.error_type <> ''
 ORDER BY m.id DESC
 LIMIT 25
"""

BROWSER_ERRORS = """
SELECT kind, message, max(source) AS source, sum(count) AS count, count(DISTINCT user_id) AS people,
       max(created_at) AS last_at, (array_agg(last_trace_id ORDER BY id DESC))[1] AS trace_id,
       (array_agg(page ORDER BY id DESC))[1] AS page
  FROM observability_browserreport
 WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND created_at >= %(since)s
 GROUP BY kind, message
 ORDER BY max(id::text) DESC
 LIMIT 20
"""

WEBHOOKS = """
SELECT platform, kind, count(*) AS count, sum(repeats) AS repeats,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY processing_ms) AS processing_p95_ms,
       percentile_disc(0.95) WITHIN GROUP (
           ORDER BY (extract(epoch FROM applied_at - created_at) * 1000)::bigint
       ) FILTER (WHERE replays = 0) AS applied_p95_ms,
       count(*) FILTER (WHERE status = 'pending' AND attempts > 0 AND due_at IS NOT NULL) AS retrying,
       count(*) FILTER (WHERE status = 'dead') AS dead
  FROM webhooks_delivery
 WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND created_at >= %(since)s
 GROUP BY platform, kind
 ORDER BY count(*) DESC
 LIMIT 30
"""

# --- Everything of one trace --------------------------------------------------------------------------------
# No index knows trace ids: one more on every table would cost each webhook more than a search is worth. So
# the search reads the last days of one workspace, by id.

TRACE = {
    "calls": """
SELECT id, started_at AS at, platform || ' ' || platform_call_id AS what, '' AS detail, id AS call_id
  FROM calls_call
 WHERE workspace_id = %(workspace)s AND started_at >= %(since)s AND trace_id = %(trace)s
 ORDER BY started_at LIMIT 50
""",
    "webhooks": """
SELECT id, created_at AS at, platform || ' ' || kind AS what, status || ' ' || error AS detail, call_id
  FROM webhooks_delivery
 WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND trace_id = %(trace)s
 ORDER BY id LIMIT 50
""",
    "model calls": """
SELECT id, created_at AS at, provider || ' ' || model AS what,
       CASE WHEN error_type <> '' THEN error_type ELSE finish END AS detail,
       CASE WHEN feature <> 'test' THEN call_id END AS call_id
  FROM agents_modelcall
 WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND trace_id = %(trace)s
 ORDER BY id LIMIT 50
""",
    "browser reports": """
SELECT id, created_at AS at, kind || ' ' || page AS what, message AS detail, NULL::uuid AS call_id
  FROM observability_browserreport
 WHERE workspace_id = %(workspace)s AND id >= %(since_id)s
   AND (last_trace_id = %(trace)s OR trace_id = %(trace)s)
 ORDER BY id LIMIT 50
""",
    "audit log": """
SELECT id, created_at AS at, action AS what, target AS detail, NULL::uuid AS call_id
  FROM accounts_auditentry
 WHERE workspace_id = %(workspace)s AND id >= %(since_id)s AND trace_id = %(trace)s
 ORDER BY id LIMIT 50
""",
}
