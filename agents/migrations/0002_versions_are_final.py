"""The database itself refuses to change what an agent was told, or to forget a version of an agent that stays."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION agents_version_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A version is never changed; publish another.' USING ERRCODE = 'restrict_violation';
END $$;

-- Only who made it may be forgotten, when that person is.
CREATE TRIGGER agents_version_no_update BEFORE UPDATE ON agents_agentversion FOR EACH ROW
WHEN ((to_jsonb(OLD) - 'created_by_id') IS DISTINCT FROM (to_jsonb(NEW) - 'created_by_id'))
EXECUTE FUNCTION agents_version_is_final();

CREATE FUNCTION agents_version_goes_with_agent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM agents_agent WHERE id = OLD.agent_id) THEN
        RAISE EXCEPTION 'A version goes only when its agent goes.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

-- Looked at when the transaction commits, because versions are deleted a moment before their agent.
CREATE CONSTRAINT TRIGGER agents_version_no_delete AFTER DELETE ON agents_agentversion
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION agents_version_goes_with_agent();
"""

BACKWARD = """
DROP TRIGGER agents_version_no_delete ON agents_agentversion;
DROP TRIGGER agents_version_no_update ON agents_agentversion;
DROP FUNCTION agents_version_goes_with_agent();
DROP FUNCTION agents_version_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
