# Two stages: everything is compiled in the first; the second holds the programs and the libraries they load.
#
#   docker build -t mutuald .
#   docker run -p 127.0.0.1:8080:8080 -v mutuald:/data -v ./token:/run/token:ro mutuald --token-file /run/token
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY deploy/install-deps.sh deploy/
RUN sh deploy/install-deps.sh build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release && cmake --build --preset release --target mutuald mutual \
    && strip build/release/server/mutuald build/release/server/mutuald-hdf5 build/release/clients/cli/mutual

FROM ${BASE}
COPY deploy/install-deps.sh /tmp/
RUN sh /tmp/install-deps.sh run && rm -rf /var/lib/apt/lists/* /tmp/install-deps.sh \
    && useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin mutuald \
    && install -d -o mutuald -g mutuald -m 700 /data
COPY --from=build /src/build/release/server/mutuald /src/build/release/server/mutuald-hdf5 /src/build/release/clients/cli/mutual /usr/local/bin/
USER mutuald
WORKDIR /data
VOLUME /data
EXPOSE 8080
# The container's own interface is not loopback: start it with --token-file, or say --allow-open when the port is published to
# nobody else.
ENV MUTUALD_LISTEN=0.0.0.0:8080 MUTUALD_DATA_DIR=/data
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/local/bin/mutuald", "--healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/mutuald"]
