# syntax=docker/dockerfile:1
# The service without its database: set KVART_DATABASE_URL to a PostGIS >= 3.3 server (see compose.yaml).
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/kvart
COPY requirements/runtime.txt requirements/runtime.txt
RUN /opt/kvart/bin/pip install --no-cache-dir --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY analysis analysis
COPY migrations migrations
RUN /opt/kvart/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
# libexpat1: GDAL in the pyogrio wheel; postgresql-client: kvart db backup and restore
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libexpat1 postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/kvart --shell /usr/sbin/nologin kvart
COPY --from=build /opt/kvart /opt/kvart
ENV PATH=/opt/kvart/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KVART_HOME=/var/lib/kvart \
    KVART_HOST=0.0.0.0 \
    MPLCONFIGDIR=/var/lib/kvart/matplotlib \
    NUMBA_CACHE_DIR=/var/lib/kvart/numba
USER kvart
WORKDIR /var/lib/kvart
VOLUME /var/lib/kvart
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
ENTRYPOINT ["kvart"]
CMD ["serve"]
