"""Rows that the API and the admin show, made without a platform or a model."""

from agents.models import ModelCall
from calls.models import Call
from platforms.models import Connection
from webhooks.models import Delivery

BODY = b'{"event": "call_analyzed", "call": {"call_id": "ended", "summary": "Charged twice, one refunded."}}'


def make_delivery(connection: Connection, body: bytes = BODY, **fields) -> Delivery:
    count = Delivery.objects.count()
    return Delivery.objects.create(
        **{
            "workspace_id": connection.workspace_id,
            "connection": connection,
            "platform": "retell",
            "kind": "call_analyzed",
            "platform_call_id": "ended",
            "digest": f"{count:064x}",
            "body": body,
            "size": len(body),
            "headers": {"content-type": "application/json", "x-retell-signature": "v=…"},
            "status": "applied",
            "trace_id": "a" * 32,
            **fields,
        }
    )


def make_model_call(call: Call, **fields) -> ModelCall:
    return ModelCall.objects.create(
        **{
            "workspace_id": call.workspace_id,
            "call_id": call.pk,
            "feature": "voice",
            "provider": "Simulator",
            "model": "sim-fast",
            "cost_usd": "0.00000042",
            **fields,
        }
    )
