package io.kdelta.core;

import io.kdelta.causal.CausalStats;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Written;
import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Answer;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.FieldMerge;
import io.kdelta.document.JsonDiff;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/** Makes replies of what the document store answered. Pure; any thread. */
final class Replies {
  private Replies() {}

  static Reply.Written written(Answer.Outcome outcome, AckLevel level, int synced) {
    List<Reply.Written.Result> results = new ArrayList<>();
    for (Written written : outcome.written()) {
      int beside = Math.max(0, written.headsLeft() - 1);
      results.add(
          new Reply.Written.Result(
              written.version(), written.superseded(), beside, written.repeated()));
    }
    return new Reply.Written(results, level, synced);
  }

  static Reply.Imported imported(Answer.Outcome outcome, AckLevel level, int synced) {
    int held = 0;
    for (Written written : outcome.written()) held += written.repeated() ? 1 : 0;
    return new Reply.Imported(outcome.written().size() - held, held, level, synced);
  }

  /** A resolve that wrote nothing. */
  static Reply.Resolved planned(Answer.Resolution resolution) {
    return new Reply.Resolved(
        null, resolution.document(), paths(resolution.unmerged()), resolution.heads());
  }

  static Reply.Resolved resolved(
      Answer.Resolution resolution, Answer.Outcome outcome, AckLevel level, int synced) {
    return new Reply.Resolved(
        written(outcome, level, synced),
        resolution.document(),
        paths(resolution.unmerged()),
        resolution.heads());
  }

  static Reply.Value value(Answer.Value answer) {
    return new Reply.Value(answer.version(), answer.heads().orElse(0), answer.state());
  }

  static Reply.HeadList heads(Answer.Branches answer) {
    return new Reply.HeadList(
        answer.key(), answer.heads(), answer.state(), answer.commonAncestors());
  }

  static Reply.KeyList keys(Answer.Keys answer) {
    return new Reply.KeyList(answer.keys(), PageToken.of(answer.next()));
  }

  static Reply.VersionList versions(Answer.Versions answer) {
    Digest last = answer.more() ? answer.versions().getLast().version().id() : null;
    return new Reply.VersionList(answer.versions(), PageToken.of(last));
  }

  /** Versions of a list that has no pages. */
  static Reply.VersionList all(List<Envelope> versions) {
    return new Reply.VersionList(versions, "");
  }

  static Reply.VersionList export(Answer.Export answer) {
    return new Reply.VersionList(answer.versions(), PageToken.of(answer.next()));
  }

  static Reply.Difference difference(Answer.Difference answer) {
    List<Reply.Difference.Change> changes = new ArrayList<>();
    for (JsonDiff.Change change : answer.changes()) {
      changes.add(
          new Reply.Difference.Change(
              change.path(),
              change.op(),
              change.before().map(CanonicalJson::write).orElse(null),
              change.after().map(CanonicalJson::write).orElse(null)));
    }
    return new Reply.Difference(answer.source(), answer.target(), changes);
  }

  static Reply.ConflictList conflicts(Answer.Conflicts answer) {
    List<Reply.ConflictList.Conflict> conflicts = new ArrayList<>();
    for (Heads heads : answer.conflicts()) {
      conflicts.add(new Reply.ConflictList.Conflict(heads.key(), heads.winnerFirst()));
    }
    return new Reply.ConflictList(conflicts, PageToken.of(answer.next()));
  }

  static Reply.Stats stats(String namespace, CausalStats stats) {
    return new Reply.Stats(
        namespace,
        stats.keysLive(),
        stats.keysEver(),
        stats.versions(),
        stats.merges(),
        stats.conflicts(),
        stats.keysDeleted(),
        stats.bytes());
  }

  static Reply.NamespaceList namespaces(SortedMap<String, CausalStats> namespaces) {
    List<Reply.Stats> list = new ArrayList<>();
    for (Map.Entry<String, CausalStats> entry : namespaces.entrySet()) {
      list.add(stats(entry.getKey(), entry.getValue()));
    }
    return new Reply.NamespaceList(list);
  }

  private static List<String> paths(List<FieldMerge.Clash> clashes) {
    List<String> paths = new ArrayList<>();
    for (FieldMerge.Clash clash : clashes) paths.add(clash.path());
    return paths;
  }
}
