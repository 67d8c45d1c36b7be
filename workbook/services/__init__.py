"""PostgreSQL, Kafka and NATS for a block: embedded, or the one that an environment variable names.

    with postgres() as db, kafka() as cluster, nats() as bus:
        psycopg.connect(db.url); Producer({"bootstrap.servers": cluster.bootstrap}); nats.connect(bus.url)

The embedded ones come with pip, start by themselves, listen to nobody else and end with the process that
started them, however it ends. PUBSUB_DATABASE_URL, PUBSUB_KAFKA and PUBSUB_NATS_URL name real ones, in
which a run gets a schema or a name prefix of its own. What cannot be had is a ServiceError.
"""

from workbook.services.doctor import Finding, doctor
from workbook.services.errors import ServiceError, ServiceWarning
from workbook.services.kafka_broker import Kafka, kafka
from workbook.services.nats_server import Nats, nats
from workbook.services.postgresql import Postgres, postgres

__all__ = [
    "Finding", "Kafka", "Nats", "Postgres", "ServiceError", "ServiceWarning",
    "doctor", "kafka", "nats", "postgres",
]  # fmt: skip
