# One image for all services of docker-compose.yaml. State is in volumes, in S3 and in PostgreSQL, never in the image.
ARG BASE=python:3.11-slim

# The environment is built here, so that neither pip nor uv nor strip is in the image.
FROM ${BASE} AS environment
RUN apt-get update \
 && apt-get install -y --no-install-recommends binutils \
 && python3 -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check uv==0.13.8 \
 && python3 -m venv --without-pip /opt/venv
ENV VIRTUAL_ENV=/opt/venv UV_NO_CACHE=1
WORKDIR /build
COPY requirements-image.lock deploy/trim.sh ./
# In one step, so that what the trimming removes is in no layer.
RUN /opt/build/bin/uv pip install --compile-bytecode --require-hashes -r requirements-image.lock \
 && sh trim.sh /opt/venv/lib/python3.11/site-packages
COPY pyproject.toml README.md LICENSE ./
COPY include include
RUN /opt/build/bin/uv pip install --compile-bytecode --no-deps . \
 && /opt/build/bin/uv pip check

FROM ${BASE}
# The history of contracts on the console's pages comes from git.
RUN apt-get update \
 && apt-get install -y --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/* \
 && git config --system --add safe.directory '*' \
 && useradd --create-home --uid 50000 gate \
 && mkdir -p /opt/airflow /var/log/airflow /var/lib/gate /var/lib/objects \
 && chown gate:gate /opt/airflow /var/log/airflow /var/lib/gate /var/lib/objects
COPY --from=environment /opt/venv /opt/venv
WORKDIR /opt/partition-gate
# The package is in the environment, with its bytecode; these are what Airflow and an installation without own contracts read.
COPY include/airflow_local_settings.py include/
COPY include/contracts include/contracts
COPY expectations expectations
COPY dags dags
COPY plugins plugins
COPY deploy deploy

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/partition-gate/include \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/partition-gate/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/partition-gate/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    GX_ANALYTICS_ENABLED=False \
    GATE_HOME=/var/lib/gate
USER gate
ENTRYPOINT ["python", "/opt/partition-gate/deploy/entrypoint.py"]
CMD ["gate", "--help"]
