# One image for all services of docker-compose.yaml. State is in volumes and in PostgreSQL, never in the image.
FROM python:3.11-slim

RUN useradd --create-home --uid 50000 gate
WORKDIR /opt/partition-gate
ENV PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/partition-gate/include \
    AIRFLOW_HOME=/var/lib/gate/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/partition-gate/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/partition-gate/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    GX_ANALYTICS_ENABLED=False \
    GATE_HOME=/var/lib/gate

COPY requirements.lock ./
RUN pip install --no-cache-dir uv==0.13.8 \
 && uv pip install --system --no-cache --compile-bytecode --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY include include
COPY expectations expectations
COPY dags dags
COPY plugins plugins
RUN uv pip install --system --no-cache --no-deps . \
 && mkdir -p /var/lib/gate && chown -R gate:gate /var/lib/gate

USER gate
VOLUME /var/lib/gate
CMD ["gate", "--help"]
