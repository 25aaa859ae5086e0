from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_audit_is_append_only")]

    operations = [
        migrations.AlterModelOptions(name="apitoken", options={"verbose_name": "API token"}),
        migrations.AlterModelOptions(name="auditentry", options={"verbose_name_plural": "audit entries"}),
    ]
