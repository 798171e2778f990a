package io.kdelta.vfs;

import java.util.EnumMap;
import org.jspecify.annotations.Nullable;

/**
 * What is planned to go wrong at a coming call of one {@link SimVfs}, and how many calls there
 * were. Owned by its disk. At most one fault is planned at a time.
 */
final class SimFaults {
  private static final SimVfs.Fault[] KINDS = SimVfs.Fault.values();

  private final EnumMap<SimVfs.Fault, Long> callsThatCan = new EnumMap<>(SimVfs.Fault.class);
  private long calls;
  private long happened;
  private long callsUntilFault;
  private String suffix = "";
  private SimVfs.@Nullable Fault planned;
  private boolean countsAllCalls;

  /**
   * Plans a fault; replaces what was planned before.
   *
   * @param nth 1 for the next call that counts
   * @param pathsEndIn how the paths end whose calls count
   * @param countsAll whether calls at which that fault can not happen count too
   */
  void plan(long nth, String pathsEndIn, SimVfs.Fault fault, boolean countsAll) {
    if (nth < 1) throw new AssertionError("calls are counted from 1: " + nth);
    callsUntilFault = nth;
    suffix = pathsEndIn;
    planned = fault;
    countsAllCalls = countsAll;
  }

  boolean planned() {
    return planned != null;
  }

  void clear() {
    planned = null;
  }

  long calls() {
    return calls;
  }

  long callsThatCan(SimVfs.Fault fault) {
    return callsThatCan.getOrDefault(fault, 0L);
  }

  long happened() {
    return happened;
  }

  /**
   * Counts a call.
   *
   * @param writes whether it needs room
   * @return the fault that it has to act out, which can happen at such a call
   */
  SimVfs.@Nullable Fault next(String path, String operation, boolean writes) {
    calls++;
    for (SimVfs.Fault kind : KINDS) {
      if (canHappen(kind, operation, writes)) callsThatCan.merge(kind, 1L, Long::sum);
    }
    SimVfs.Fault fault = planned;
    if (fault == null || !path.endsWith(suffix)) return null;
    boolean can = canHappen(fault, operation, writes);
    if (!can && !countsAllCalls) return null;
    callsUntilFault--;
    if (callsUntilFault > 0) return null;
    planned = null;
    if (!can) return null;
    happened++;
    return fault;
  }

  private static boolean canHappen(SimVfs.Fault fault, String operation, boolean writes) {
    return switch (fault) {
      case IO_ERROR, POWER_LOSS, KILL -> true;
      case DISK_FULL -> writes;
      case READ_ERROR -> operation.equals("readAt") || operation.equals("map");
      case SHORT_READ -> operation.equals("readAt");
      case SHORT_WRITE ->
          switch (operation) {
            case "append", "writeAt", "preallocate" -> true;
            default -> false;
          };
      case SYNC_LOSES_PAGES -> operation.equals("sync");
    };
  }
}
