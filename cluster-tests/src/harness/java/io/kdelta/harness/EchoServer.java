package io.kdelta.harness;

import com.google.protobuf.ByteString;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WriteResult;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Answers gets and puts at once, on the thread that read them; the argument is the host. */
public final class EchoServer extends KvGrpc.KvImplBase {
  private static final int PORT = 7878;

  private final Map<String, ByteString> values = new ConcurrentHashMap<>();

  /** What was put last, for keys that were put on another server: there is no replication here. */
  private volatile ByteString last = ByteString.EMPTY;

  private EchoServer() {}

  /** Serves until it is killed. */
  public static void main(String[] args) throws Exception {
    NettyServerBuilder.forAddress(new InetSocketAddress(args[0], PORT))
        .directExecutor()
        .addService(new EchoServer())
        .build()
        .start()
        .awaitTermination();
  }

  @Override
  public void put(PutRequest request, StreamObserver<WriteResult> observer) {
    values.put(request.getKey(), request.getValue());
    last = request.getValue();
    observer.onNext(WriteResult.newBuilder().setKey(request.getKey()).build());
    observer.onCompleted();
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> observer) {
    ByteString value = values.getOrDefault(request.getKey(), last);
    observer.onNext(
        GetResponse.newBuilder().setVersion(Version.newBuilder().setValue(value)).build());
    observer.onCompleted();
  }
}
