package io.kdelta.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.kdelta.error.KdeltaException;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: every error of the house reaches clients with the status of house.md section 7, a reason of
 * its own and its facts. Method: one of each; the list is compared with the sealed hierarchy.
 */
final class StatusMappingTest {
  /** What the contract allows. */
  private static final int METADATA_BYTES_MAX = 8 << 10;

  record Case(KdeltaException error, Code code, String reason, Map<String, String> metadata) {}

  /** One of each; StatusReadingTest reads them back. */
  static final List<Case> CASES =
      List.of(
          new Case(
              new KdeltaException.NotFound("a/b"),
              Code.NOT_FOUND,
              "NOT_FOUND",
              Map.of("key", "a/b")),
          new Case(
              new KdeltaException.Invalid("key", "is empty"),
              Code.INVALID_ARGUMENT,
              "INVALID",
              Map.of("field", "key", "cause", "is empty")),
          new Case(
              new KdeltaException.Conflict("a/b", "x", "y"),
              Code.ABORTED,
              "CONFLICT",
              Map.of("key", "a/b", "expected", "x", "actual", "y")),
          new Case(
              new KdeltaException.Unauthenticated("no token"),
              Code.UNAUTHENTICATED,
              "UNAUTHENTICATED",
              Map.of("cause", "no token")),
          new Case(
              new KdeltaException.Denied("write a"),
              Code.PERMISSION_DENIED,
              "DENIED",
              Map.of("capability", "write a")),
          new Case(
              new KdeltaException.Overloaded("10 requests"),
              Code.RESOURCE_EXHAUSTED,
              "OVERLOADED",
              Map.of("limit", "10 requests")),
          new Case(
              new KdeltaException.ReadOnly("disk full"),
              Code.FAILED_PRECONDITION,
              "READ_ONLY",
              Map.of("cause", "disk full")),
          new Case(
              new KdeltaException.WrongCluster("c1"),
              Code.FAILED_PRECONDITION,
              "WRONG_CLUSTER",
              Map.of("cluster", "c1")),
          new Case(
              new KdeltaException.NoValueAt("a/b", "t1", "t0"),
              Code.NOT_FOUND,
              "NO_VALUE_AT",
              Map.of("key", "a/b", "time", "t1", "oldest", "t0")),
          new Case(
              new KdeltaException.Behind("p"), Code.UNAVAILABLE, "BEHIND", Map.of("position", "p")),
          new Case(
              new KdeltaException.Behind("p", List.of("a:1", "b:2")),
              Code.UNAVAILABLE,
              "BEHIND",
              Map.of("position", "p", "elsewhere", "a:1, b:2")),
          new Case(
              new KdeltaException.Behind("p", List.of()),
              Code.UNAVAILABLE,
              "BEHIND",
              Map.of("position", "p", "elsewhere", "")),
          new Case(
              new KdeltaException.DurabilityUnmet("one", "0"),
              Code.UNAVAILABLE,
              "DURABILITY_UNMET",
              Map.of("level", "one", "reached", "0")),
          new Case(
              new KdeltaException.Unreachable(List.of("n1", "n2")),
              Code.UNAVAILABLE,
              "UNREACHABLE",
              Map.of("peers", "n1, n2")),
          new Case(
              new KdeltaException.Corrupt("f", 7, "crc"),
              Code.DATA_LOSS,
              "CORRUPT",
              Map.of("file", "f", "offset", "7", "cause", "crc")),
          new Case(
              new KdeltaException.DiskFault("f", "sync", false, null),
              Code.INTERNAL,
              "DISK_FAULT",
              Map.of("path", "f", "operation", "sync")));

  @Test
  void everyErrorHasItsCase() {
    TreeSet<String> permitted = new TreeSet<>();
    for (Class<?> type : KdeltaException.class.getPermittedSubclasses()) {
      permitted.add(type.getSimpleName());
    }
    TreeSet<String> covered = new TreeSet<>();
    for (Case one : CASES) covered.add(one.error().getClass().getSimpleName());
    assertEquals(permitted, covered);
  }

  @Test
  void statusReasonAndFacts() throws Exception {
    for (Case one : CASES) {
      Status status = StatusMapping.status(one.error());
      assertEquals(one.code().getNumber(), status.getCode(), one.reason());
      assertEquals(String.valueOf(one.error().getMessage()), status.getMessage());
      assertEquals(1, status.getDetailsCount());
      ErrorInfo info = status.getDetails(0).unpack(ErrorInfo.class);
      assertEquals(one.reason(), info.getReason());
      assertEquals("kdelta", info.getDomain());
      one.metadata()
          .forEach((name, value) -> assertEquals(value, info.getMetadataOrDefault(name, "")));
      String hint = one.error().hint().orElse("");
      assertEquals(hint, info.getMetadataOrDefault("hint", ""));
    }
  }

  @Test
  void whatAClientSendsCannotSwellTheTrailers() {
    var error = new KdeltaException.NotFound("k".repeat(1 << 20));
    int bytes = StatusMapping.status(error).getSerializedSize();
    assertTrue(bytes < METADATA_BYTES_MAX / 2, bytes + " bytes");
  }
}
