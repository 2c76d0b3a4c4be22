"""What this product has that could cross tenants, each with why it does not.

A name may be a pattern. What is new fails the run until it stands here.
"""

from tenants.testing.inventory import Inventory

TASKS = {
    "config.echo": "of the control plane: carries a word through the broker",
    "tenants.check_domains": "of the control plane: enters a tenant to mail its owners",
    "tenants.mail_workspaces": "of the control plane: enters each tenant to ask",
    "tenants.provision": "of the control plane: enters the tenant of its run",
    "tenants.run_control": "of the control plane, and stays there",
    "tenants.run_now": "of the control plane: enters the tenant of its uuid",
    "tenants.run_wake_ups": "of the control plane: enters the tenants it took",
    "tenants.tick": "of the control plane: takes wake-ups and enters no tenant",
    "tenants.survey": "of the control plane: looks at all schemas from outside",
    "tenants.warm": "of the control plane: makes schemas of no tenant",
    "workflow.notification": "of the tenant of its message; looks its ids up there",
    "workflow.sla_scan": "of the tenant of its message; takes no ids",
    "workflow.timeout_scan": "of the tenant of its message; takes no ids",
    "workflow.workitem_action": "of the tenant of its message; looks its ids up there",
}
COMMANDS: dict[str, str] = {}
RECEIVERS = {
    "tenants.db.hooks.* on class_prepared of every model": (
        "has the rows of each model remember whose they are"
    ),
}
CACHES = {
    "kernel.answers.*": "our own styles, the same for all",
    "config.templatetags.icons.icon": "pictures, the same for all",
    "accounts.branding.palette.made": "by the colours that it is made of",
    "accounts.conf._addresses": "the addresses of the settings",
    "accounts.mail.layouts._bare_engine": "an engine without a value in it",
    "accounts.mail.rendering._text_engine": "an engine without a value in it",
    "accounts.zones.names": "the zones of this machine",
    "accounts.passwords._*": "a list of bad passwords, and a hash of none",
    "tenants.cache.*": "the caches that put the tenant into each key",
    "tenants.safe_settings.shared_caches": "asks which caches there are",
    "tenants.directory.*": "by host: the answer is whose host it is",
    "tenants.domains.names.*": "lists in the repository and in a package",
    "tenants.fleet.revisions.of_code": "which tables the code expects",
    "tenants.hosts.canonical_names": "the hosts of the settings",
    "tenants.db.*": "by uuid, by plane, or of the settings",
    "tenants.plans.buckets.Buckets.begin_anew": "by uuid",
    "tenants.plans.quotas.*": "counts of the entered tenant, in its cache",
    "tenants.plans.rates.page": "a page without a tenant, by its language",
    "tenants.plans.bucket_store.script": "a script, without a tenant in it",
    "tenants.orders.known_timezones": "the zones of this machine",
    "tenants.roles.access": "which tables a debtor writes, of the settings",
    "tenants.portability.catalog.text": "statements of the repository, without values",
    "tenants.roles.protected": "which tables are only written forward",
    "tenants.slugs.reserved": "a list in the repository",
    "tenants.scheduling.sources.load": "modules by their dotted names",
    "tenants.stamp.*": "by model: which plane it is of",
    "workflow.open_counts._statement": "a statement, without tenant or person",
    "workflow.sql.*": "statements of the repository, without values",
    "workflow.steps.reading._statement": "the same, with the names of columns",
    "workflow.stored._statement": "the same",
    "workflow.tenancy._imported": "functions by their dotted names",
}
STORAGES = {
    "tenants.watching.sizes.names": "the entered tenant's, to list",
    "tenants.watching.sizes.of": "the entered tenant's, to count",
    "accounts.branding.logos.*": "a name of the entered tenant, in its storage",
    "accounts.keys._write": "the platform's signing keys",
    "accounts.management.commands.preview_mail.write": (
        "files that an operator names, of the one tenant they name"
    ),
    "kernel.catalogues.*": "words of the repository, the same for all",
    "accounts.mail.devbox.keep": "a folder for each tenant's uuid; development only",
    "tenants.storage*": "the storage that puts the tenant before each name",
    "tenants.portability.cloning.clone": "a file of this machine for a moment",
    "tenants.portability.export.copy_file": "a name in a row of the exported tenant",
    "tenants.portability.import_steps.keep_file": "the place of the tenant of its run",
    "tenants.portability.policies.with_files": "asks which columns name files",
    "tenants.portability.sto*": "the entered tenant's place, as its storage has it",
    "tenants.portability.writing.*": "the archive that an operator names",
    "tenants.files.opened": "opens a name that this tenant signed for this host",
    "tenants.safe_settings.shared_*": "asks which storages there are",
    "workflow.document_forms.fillable": "asks which fields hold files; opens none",
    "workflow.management.commands.goflow_export.*": (
        "the file that an operator names, of the one tenant they name"
    ),
}
THREADS = {
    "tenants.carrying.threads.*": "the threads that carry their tenant",
    "tenants.directory.*": "looks hosts up in the control plane",
    "tenants.fleet.jobs._round": "processes that enter the tenant of each work",
    "tenants.fleet.jobs._end_with": "looks whether the process that forked it is there",
    "tenants.listener.*": "hears of changes in the control plane",
}
SECRETS = {
    "accounts.User.password": "compared in the schema of the host, after the name",
    "accounts.LimitCounter.key_hash": "counts tries; opens nothing",
    "*.idempotency_key": "a name for a repeated order; opens nothing",
    "*.error_code": "a word of the program",
    "workflow.*.key": "a name in a process",
    "workflow.AuditEvent.*hash": "links the events of a chain; opens nothing",
    "workflow.AuditHead.hash": "where a chain ends; opens nothing",
    "workflow.IdempotencyKey.body_hash": "tells two bodies apart; opens nothing",
    "tenants.Domain.verification_token": "stands in the DNS for all to read",
    "tenants.*.code": "the name of a plan or a feature",
    "tenants.OperatorEvent.ip_hash": "tells two clients apart; opens nothing",
    "workflow.Process.code": "the name of a process",
    "workflow.Process.content_hash": "seals a version; opens nothing",
}

INVENTORY = Inventory(
    tasks=TASKS,
    commands=COMMANDS,
    receivers=RECEIVERS,
    caches=CACHES,
    storages=STORAGES,
    threads=THREADS,
    secrets=SECRETS,
    packages=("config", "kernel"),
    left_out=("tests", "kernel.embedded", "config.settings"),
)
