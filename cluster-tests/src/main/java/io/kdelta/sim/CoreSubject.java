package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.document.Moment;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A core as the auditor asks it: by the commands of any client.
 *
 * @param name what to call it
 * @param ask puts one command and waits for the reply; a refusal is thrown
 */
record CoreSubject(String name, Function<Command, Reply> ask) implements Audit.Subject {
  private static final int PAGE = 1_000;
  private static final long PAGE_BYTES = 1 << 20;

  @Override
  public List<Audit.Told> versions() {
    return export().versions().stream().map(Audit.Told::of).toList();
  }

  /**
   * Everything that a node holds, as its export gives it page by page.
   *
   * @param split keys of which two pages tell, between which they may have changed
   */
  record Exported(List<Envelope> versions, SortedSet<String> split) {
    /** Every version of those keys whose whole history stands in one page. */
    List<Envelope> ofOneMoment() {
      return versions.stream().filter(one -> !split.contains(Model.path(one))).toList();
    }
  }

  Exported export() {
    List<Envelope> all = new ArrayList<>();
    TreeSet<String> split = new TreeSet<>();
    for (Reply.Stats namespace : namespaces()) {
      String page = "";
      do {
        Reply.VersionList part =
            (Reply.VersionList)
                ask.apply(new Command.Export(namespace.namespace(), true, page, PAGE, PAGE_BYTES));
        all.addAll(part.versions());
        page = part.next();
        if (!page.isEmpty() && !all.isEmpty()) split.add(Model.path(all.getLast()));
      } while (!page.isEmpty());
    }
    return new Exported(all, split);
  }

  /**
   * None for a node that answers no read because it holds nothing: the audit sees what it holds.
   */
  private List<Reply.Stats> namespaces() {
    try {
      return ((Reply.NamespaceList) ask.apply(new Command.ListNamespaces())).namespaces();
    } catch (KdeltaException.Behind behind) {
      if (behind.empty()) return List.of();
      throw behind;
    }
  }

  @Override
  public Digest root() {
    return ((Reply.Status) ask.apply(new Command.AdminStatus())).root();
  }

  @Override
  public List<Digest> heads(String namespace, String key) {
    Command heads = new Command.Heads(new Key(namespace, key), new Moment.Latest());
    return ((Reply.HeadList) ask.apply(heads))
        .heads().stream().map(head -> head.version().id()).toList();
  }

  @Override
  public Audit.@Nullable Shown get(String namespace, String key) {
    try {
      Command get = new Command.Get(new Key(namespace, key), new Moment.Latest());
      Reply.Value value = (Reply.Value) ask.apply(get);
      return new Audit.Shown(value.version().version().id(), value.heads());
    } catch (KdeltaException.NotFound absent) {
      return null;
    }
  }

  @Override
  public List<String> conflicts() {
    List<String> all = new ArrayList<>();
    if (namespaces().isEmpty()) return all;
    String page = "";
    do {
      Reply.ConflictList list =
          (Reply.ConflictList) ask.apply(new Command.Conflicts("", page, PAGE));
      for (Reply.ConflictList.Conflict conflict : list.conflicts()) {
        all.add(conflict.key().namespace() + "/" + conflict.key().key());
      }
      page = list.next();
    } while (!page.isEmpty());
    return all;
  }

  @Override
  public Audit.Counts counts() {
    if (namespaces().isEmpty()) return new Audit.Counts(0, 0, 0, 0);
    Reply.Stats stats = (Reply.Stats) ask.apply(new Command.Stats(""));
    return new Audit.Counts(stats.versions(), stats.keysEver(), stats.keys(), stats.conflicts());
  }
}
