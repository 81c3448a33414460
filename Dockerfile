# One image for all services of docker-compose.yaml. State is in volumes, in S3 and in PostgreSQL, never in the image.
ARG BASE=python:3.11-slim
FROM ${BASE}

# The history of contracts on the console's pages comes from git.
RUN apt-get update \
 && apt-get install -y --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/* \
 && git config --system --add safe.directory '*' \
 && useradd --create-home --uid 50000 gate \
 && python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1

WORKDIR /opt/partition-gate
COPY requirements-image.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.8 \
 && uv pip install --no-cache --compile-bytecode --require-hashes -r requirements-image.lock \
 && pip uninstall --yes --quiet uv \
 && cd /opt/venv/lib/python3.11/site-packages \
 && rm -rf pandas/tests scipy/*/tests scipy/*/*/tests numpy/*/tests pyarrow/tests pyarrow/include pyarrow/src sqlalchemy/testing/suite

COPY pyproject.toml README.md LICENSE ./
COPY include include
COPY expectations expectations
COPY dags dags
COPY plugins plugins
COPY deploy deploy
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps . \
 && mkdir -p /opt/airflow /var/log/airflow /var/lib/gate /var/lib/objects \
 && chown -R gate:gate /opt/airflow /var/log/airflow /var/lib/gate /var/lib/objects

ENV PYTHONPATH=/opt/partition-gate/include \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/partition-gate/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/partition-gate/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    GX_ANALYTICS_ENABLED=False \
    GATE_HOME=/var/lib/gate
USER gate
ENTRYPOINT ["python", "/opt/partition-gate/deploy/entrypoint.py"]
CMD ["gate", "--help"]
