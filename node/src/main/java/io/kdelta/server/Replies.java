package io.kdelta.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Head;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.cluster.CatchUpProgress;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.Session;
import io.kdelta.core.Reply;
import io.kdelta.document.JsonDiff;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.BatchWriteResponse;
import io.kdelta.proto.v1.CatchUp;
import io.kdelta.proto.v1.Change;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.ConflictedKey;
import io.kdelta.proto.v1.ContentType;
import io.kdelta.proto.v1.DiffVersionsResponse;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.ListConflictsResponse;
import io.kdelta.proto.v1.ListHeadsResponse;
import io.kdelta.proto.v1.ResolveResponse;
import io.kdelta.proto.v1.Stats;
import io.kdelta.proto.v1.WatchResponse;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.reconciliation.Digest;
import io.kdelta.wire.Payload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Replies of the core as messages of the contract. Runs on any thread. */
final class Replies {
  private final NodeNames names;

  Replies(NodeNames names) {
    this.names = names;
  }

  io.kdelta.proto.v1.Version version(Envelope envelope) {
    Version version = envelope.version();
    return io.kdelta.proto.v1.Version.newBuilder()
        .setNamespace(version.key().namespace())
        .setKey(version.key().key())
        .setId(version.id().hex())
        .addAllParents(version.parents().stream().map(Digest::hex).toList())
        .setTime(time(version.time()))
        .setLogical(version.time().counter())
        .setNode(version.node().hex())
        .setNodeName(names.of(version.node()))
        .setKind(kind(version))
        .setContentType(contentType(version.contentType()))
        .setValue(bytes(envelope.document()))
        .setNote(version.note())
        .build();
  }

  List<io.kdelta.proto.v1.Version> versions(List<Envelope> envelopes) {
    return envelopes.stream().map(this::version).toList();
  }

  /** The only result of a write of one key. */
  WriteResult single(Reply.Written written) {
    if (written.versions().size() != 1) {
      throw new AssertionError(written.versions().size() + " versions of one write");
    }
    return result(written, written.versions().getFirst());
  }

  BatchWriteResponse batch(Reply.Written written) {
    BatchWriteResponse.Builder response = BatchWriteResponse.newBuilder();
    for (Reply.Written.Result entry : written.versions()) {
      response.addResults(result(written, entry));
    }
    return response.build();
  }

  private WriteResult result(Reply.Written written, Reply.Written.Result entry) {
    Version version = entry.version();
    return WriteResult.newBuilder()
        .setNamespace(version.key().namespace())
        .setKey(version.key().key())
        .setId(version.id().hex())
        .addAllParents(version.parents().stream().map(Digest::hex).toList())
        .setTime(time(version.time()))
        .setLogical(version.time().counter())
        .setNode(version.node().hex())
        .setNodeName(names.of(version.node()))
        .setAck(level(written.level()))
        .setHeadsSuperseded(entry.superseded())
        .setHeadsLeft(entry.left())
        .setRepeatedWrite(entry.repeated())
        .setKind(kind(version))
        .build();
  }

  WatchResponse changes(Reply.Changes changes) {
    return WatchResponse.newBuilder()
        .addAllVersions(versions(changes.versions()))
        .setResumeToken(bytes(changes.token()))
        .setCurrent(changes.current())
        .build();
  }

  GetResponse value(Reply.Value value) {
    return GetResponse.newBuilder()
        .setVersion(version(value.version()))
        .setHeadCount(value.heads())
        .setState(value.stateId().hex())
        .build();
  }

  ListHeadsResponse heads(Reply.HeadList heads) {
    return ListHeadsResponse.newBuilder()
        .addAllHeads(versions(heads.heads()))
        .addAllCommonAncestors(versions(heads.commonAncestors()))
        .setState(heads.stateId().hex())
        .build();
  }

  DiffVersionsResponse difference(Reply.Difference difference) {
    DiffVersionsResponse.Builder response = DiffVersionsResponse.newBuilder();
    Envelope source = difference.source();
    if (source != null) response.setFrom(source.version().id().hex());
    Envelope target = difference.target();
    if (target != null) response.setTo(target.version().id().hex());
    for (Reply.Difference.Change change : difference.changes()) {
      response.addChanges(
          Change.newBuilder()
              .setPath(change.path())
              .setOp(operation(change.op()))
              .setOldValue(bytes(change.old()))
              .setNewValue(bytes(change.now())));
    }
    return response.build();
  }

  ListConflictsResponse conflicts(Reply.ConflictList list) {
    ListConflictsResponse.Builder response =
        ListConflictsResponse.newBuilder().setNextPageToken(list.next());
    for (Reply.ConflictList.Conflict entry : list.conflicts()) {
      ConflictedKey.Builder conflict =
          ConflictedKey.newBuilder()
              .setNamespace(entry.key().namespace())
              .setKey(entry.key().key());
      for (Head head : entry.heads()) {
        conflict.addHeads(
            ConflictedKey.Head.newBuilder()
                .setId(head.id().hex())
                .setTime(time(head.time()))
                .setDeleted(head.deleted()));
      }
      response.addConflicts(conflict);
    }
    return response.build();
  }

  ResolveResponse resolved(Reply.Resolved resolved) {
    Bytes document = resolved.document();
    ResolveResponse.Builder response =
        ResolveResponse.newBuilder()
            .setValue(bytes(document))
            .setDeleted(document == null)
            .addAllUnmerged(resolved.unmerged())
            .addAllHeads(resolved.heads().stream().map(Digest::hex).toList());
    Reply.Written written = resolved.written();
    if (written != null) response.setResult(single(written));
    return response.build();
  }

  static Stats stats(Reply.Stats stats) {
    return Stats.newBuilder()
        .setNamespace(stats.namespace())
        .setKeys(stats.keys())
        .setKeysEver(stats.keysEver())
        .setVersions(stats.versions())
        .setMerges(stats.merges())
        .setConflicts(stats.conflicts())
        .setDeleted(stats.deleted())
        .setBytes(stats.bytes())
        .build();
  }

  static ClusterStatus members(Reply.MemberList members) {
    ClusterStatus.Builder status = ClusterStatus.newBuilder().setClusterId(members.cluster().hex());
    for (Reply.MemberList.Node node : members.nodes()) status.addNodes(member(node));
    CatchUpProgress progress = members.catchUp();
    if (!progress.phase().isEmpty()) {
      status.setCatchUp(
          CatchUp.newBuilder()
              .setPhase(progress.phase())
              .setPeer(members.lender())
              .setBytes(progress.bytes())
              .setBytesTotal(progress.bytesTotal())
              .setFiles(progress.files())
              .setFilesTotal(progress.filesTotal())
              .setVersions(progress.versions())
              .setVersionsTotal(progress.versionsTotal())
              .setRung(progress.rung())
              .setMillis(progress.millis()));
    }
    return status.build();
  }

  private static io.kdelta.proto.v1.Member member(Reply.MemberList.Node node) {
    Member member = node.member();
    io.kdelta.proto.v1.Member.Builder builder =
        io.kdelta.proto.v1.Member.newBuilder()
            .setName(member.card().name())
            .setState(state(member))
            .setZone(member.card().zone())
            .setId(member.node().hex())
            .setKeys(member.facts().keys())
            .setKeysEver(member.facts().keysEver())
            .setVersions(member.facts().versions())
            .setRoot(member.facts().root().hex())
            .setDiskBytes(member.facts().diskBytes())
            .setSelf(node.self())
            .setLoad(member.facts().load())
            .setSoftware(member.card().software())
            .setFormatMin(member.card().formatMin())
            .setFormatMax(member.card().formatMax());
    if (!member.card().addresses().isEmpty()) {
      builder.setAddress(member.card().addresses().getFirst());
    }
    node.lag().ifPresent(builder::setLag);
    return builder.build();
  }

  private static io.kdelta.proto.v1.Member.State state(Member member) {
    return switch (member.state()) {
      case ALIVE ->
          switch (member.facts().stage()) {
            case JOINING -> io.kdelta.proto.v1.Member.State.JOINING;
            case READY -> io.kdelta.proto.v1.Member.State.ALIVE;
            case DRAINING -> io.kdelta.proto.v1.Member.State.DRAINING;
          };
      case SUSPECT -> io.kdelta.proto.v1.Member.State.SUSPECT;
      case DEAD -> io.kdelta.proto.v1.Member.State.DEAD;
      case DOWN -> io.kdelta.proto.v1.Member.State.DOWN;
      case LEFT -> io.kdelta.proto.v1.Member.State.LEFT;
    };
  }

  static List<io.kdelta.proto.v1.Session> sessions(Reply.SessionList list) {
    return list.sessions().stream().map(Replies::session).toList();
  }

  private static io.kdelta.proto.v1.Session session(Reply.SessionList.Ended entry) {
    Session session = entry.session();
    return io.kdelta.proto.v1.Session.newBuilder()
        .setPeer(entry.peer())
        .addAllRungs(session.rungs())
        .setRounds(session.rounds())
        .setVersionsSent(session.versionsSent())
        .setVersionsReceived(session.versionsReceived())
        .setBytesSent(session.bytesSent())
        .setBytesReceived(session.bytesReceived())
        .setMetadataBytes(session.metadataBytes())
        .setBoundBytes(session.boundBytes())
        .setMillis(session.millis())
        .setOutcome(session.outcome())
        .build();
  }

  static List<String> keys(List<Key> keys) {
    return keys.stream().map(Key::key).toList();
  }

  static AckLevel level(io.kdelta.cluster.AckLevel level) {
    return switch (level) {
      case LOCAL -> AckLevel.ACK_LEVEL_LOCAL;
      case ONE -> AckLevel.ACK_LEVEL_ONE;
      case QUORUM -> AckLevel.ACK_LEVEL_QUORUM;
      case ALL -> AckLevel.ACK_LEVEL_ALL;
    };
  }

  private static Change.Op operation(JsonDiff.Op op) {
    return switch (op) {
      case ADD -> Change.Op.ADD;
      case REMOVE -> Change.Op.REMOVE;
      case REPLACE -> Change.Op.REPLACE;
    };
  }

  private static io.kdelta.proto.v1.Version.Kind kind(Version version) {
    return version.deleted()
        ? io.kdelta.proto.v1.Version.Kind.DELETE
        : io.kdelta.proto.v1.Version.Kind.PUT;
  }

  private static ContentType contentType(io.kdelta.causal.ContentType type) {
    return switch (type) {
      case NONE -> ContentType.CONTENT_TYPE_NONE;
      case JSON -> ContentType.CONTENT_TYPE_JSON;
      case OPAQUE, VECTOR -> ContentType.CONTENT_TYPE_OPAQUE;
    };
  }

  static Timestamp time(io.kdelta.causal.Timestamp time) {
    return Timestamp.newBuilder()
        .setSeconds(time.micros() / 1_000_000L)
        .setNanos((int) (time.micros() % 1_000_000L) * 1_000)
        .build();
  }

  /** Without a copy: Bytes never change, and neither do those of a message. */
  private static ByteString bytes(@Nullable Bytes bytes) {
    return bytes == null || bytes.isEmpty() ? ByteString.EMPTY : Payload.string(bytes);
  }
}
