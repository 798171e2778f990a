package io.kdelta.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.google.rpc.Code;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.error.KdeltaException;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: a client gets the error that the server threw, whatever it was. Method: every error of the
 * house to its status and back; then what no server said.
 */
final class StatusReadingTest {
  private static final List<String> ASKED = List.of("a:1", "b:2");

  private static KdeltaException read(StatusRuntimeException failure) {
    return StatusReading.read(failure, ASKED).orElseThrow();
  }

  @Test
  void everyErrorComesBackAsItWas() {
    for (StatusMappingTest.Case one : StatusMappingTest.CASES) {
      StatusRuntimeException failure = StatusMapping.toGrpc(one.error());
      KdeltaException error = read(failure);
      assertEquals(one.error().getClass(), error.getClass());
      assertEquals(one.error().getMessage(), error.getMessage());
      assertEquals(one.error().hint(), error.hint());
      assertSame(failure, error.getCause());
      assertEquals(one.reason(), StatusReading.reason(failure));
      // The facts: what is told again is told in the same words.
      assertEquals(StatusMapping.status(one.error()), StatusMapping.status(error));
    }
  }

  @Test
  void whatNoServerSaidIsUnreachableWithAllThatWereAsked() {
    for (Status status : List.of(Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED)) {
      var error =
          assertInstanceOf(KdeltaException.Unreachable.class, read(status.asRuntimeException()));
      assertEquals(ASKED, error.peers());
    }
    var starting = StatusMapping.toGrpc(Code.UNAVAILABLE, "STARTING", "the node is starting", "");
    assertInstanceOf(KdeltaException.Unreachable.class, read(starting));
  }

  @Test
  void refusalsOfTheTransportHaveTheirType() {
    var denied = StatusMapping.toGrpc(Code.PERMISSION_DENIED, "DENIED", "only from here", "");
    assertEquals("denied: needs only from here", read(denied).getMessage());
    var large = Status.RESOURCE_EXHAUSTED.withDescription("too large").asRuntimeException();
    assertInstanceOf(KdeltaException.Overloaded.class, read(large));
  }

  @Test
  void whatNobodyWouldActOnStaysWhatItIs() {
    TreeSet<Status.Code> left = new TreeSet<>();
    for (Status.Code code : Status.Code.values()) {
      var failure = code.toStatus().asRuntimeException();
      if (StatusReading.read(failure, ASKED).isEmpty()) left.add(code);
    }
    assertEquals(true, left.contains(Status.Code.INTERNAL), left + "");
    assertEquals(true, left.contains(Status.Code.UNIMPLEMENTED), left + "");
    assertEquals(false, left.contains(Status.Code.UNAVAILABLE), left + "");
    var bug = StatusMapping.toGrpc(Code.INTERNAL, "UNEXPECTED", "unexpected failure", "");
    assertEquals(Optional.empty(), StatusReading.read(bug, ASKED));
  }
}
