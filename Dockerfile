# FILM Studio on the CPU. Build: docker build -t film-studio .
# Run:   docker run -p 7860:7860 --read-only --tmpfs /tmp --tmpfs /srv/film/cache:exec,uid=1000 \
#          --cap-drop ALL --security-opt no-new-privileges film-studio
FROM python:3.11-slim-bookworm

RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home film \
 && install -d -o film -g film /srv/film

# What it is made of: the program, hashed packages, compiled code. No secret is ever copied in.
COPY --chown=film:film . /tmp/source
USER film
RUN /tmp/source/hosting/install.sh /srv/film
USER root
# Only the cache is written to later; nobody owns what a visitor's file could overwrite.
RUN rm -rf /tmp/source && chown -R root:root /srv/film/app /srv/film/venv /srv/film/seed
USER film

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
  CMD ["/srv/film/venv/bin/python", "/srv/film/app/hosting/healthy.py"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/srv/film/app/hosting/start.sh"]
