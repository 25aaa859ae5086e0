"""The yardstick of ingest: the same proof and the same row, as one writes it with FastAPI and asyncpg.

`uvicorn bench.ingest_rival:app`, with DATABASE_URL and BENCH_CONNECTION, BENCH_WORKSPACE.
"""

import hashlib
import hmac
import json
import os
import re
import time
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import orjson
from fastapi import FastAPI, HTTPException, Request

from base.ids import uuid7
from bench.deliveries import SECRET

SIGNATURE = re.compile("v=([0-9]+),d=([0-9a-f]{64})")
CONNECTION, WORKSPACE = UUID(os.environ["BENCH_CONNECTION"]), UUID(os.environ["BENCH_WORKSPACE"])
INSERT = """
INSERT INTO webhooks_delivery (
  id, created_at, workspace_id, connection_id, platform, kind, platform_call_id, digest, body, size,
  headers, signed_at, trace_id, status, error, repeats, attempts, replays)
VALUES ($1, now(), $2, $3, 'retell', $4, $5, $6, $7, $8, $9, now(), $10, 'pending', '', 0, 0, 0)
ON CONFLICT (connection_id, digest) DO UPDATE SET repeats = webhooks_delivery.repeats + 1, repeated_at = now()
RETURNING id
"""


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=16, max_size=16) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks/retell/{connection_id}")
async def receive(connection_id: UUID, request: Request) -> dict[str, str]:
    body = await request.body()
    match = SIGNATURE.fullmatch(request.headers.get("x-retell-signature", ""))
    if not match or abs(time.time() * 1000 - int(match[1])) > 300_000:
        raise HTTPException(401)
    digest = hmac.new(SECRET.encode(), body + match[1].encode(), hashlib.sha256).hexdigest()
    if connection_id != CONNECTION or not hmac.compare_digest(digest, match[2]):
        raise HTTPException(401)
    told = orjson.loads(body)
    row_id, headers = uuid7(), json.dumps(dict(request.headers))
    async with app.state.pool.acquire() as connection:
        kept = await connection.fetchval(
            INSERT,
            *(row_id, WORKSPACE, connection_id, told["event"], told["call"]["call_id"]),
            *(hashlib.sha256(body).hexdigest(), body, len(body), headers, row_id.hex),
        )
    return {"status": "accepted" if kept == row_id else "duplicate"}
