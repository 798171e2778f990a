package io.kdelta.server.http;

import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.proto.v1.WatchGrpc;

/** The services that HTTP speaks for, the very ones that gRPC has, and how messages are read. */
public record Contract(
    KvGrpc.KvImplBase kv,
    VersionsGrpc.VersionsImplBase versions,
    ClusterGrpc.ClusterImplBase cluster,
    WatchGrpc.WatchImplBase watch,
    RequestReader reader) {}
