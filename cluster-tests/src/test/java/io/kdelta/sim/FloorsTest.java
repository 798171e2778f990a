package io.kdelta.sim;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.charset.Charset;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Goal: the floors of ARCHITECTURE.md hold, and nothing that the simulator runs touches the world.
 * Method: ArchUnit over the compiled classes of every module.
 */
final class FloorsTest {
  /** From the roof down: a package may use those after it in this list, never those before it. */
  private static final List<String> FLOORS =
      List.of(
          "io.kdelta.sim",
          "io.kdelta.image",
          "io.kdelta.cli",
          "io.kdelta.server",
          "io.kdelta.client",
          "io.kdelta.wire",
          "io.kdelta.tls",
          "io.kdelta.core",
          "io.kdelta.cluster",
          "io.kdelta.graph",
          "io.kdelta.document",
          "io.kdelta.causal",
          "io.kdelta.storage",
          "io.kdelta.vfs",
          "io.kdelta.memory",
          "io.kdelta.env",
          "io.kdelta.error",
          "io.kdelta.reconciliation",
          "io.kdelta.proto");

  private static final List<String> PARALLEL = List.of("parallelStream", "parallel");

  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.kdelta");

  /** The edge: the only code that may see threads, files, clocks and chance. */
  private static final DescribedPredicate<JavaClass> LOGIC =
      new DescribedPredicate<>("logic that the simulator runs") {
        @Override
        public boolean test(JavaClass type) {
          String name = type.getFullName();
          return !(name.startsWith("io.kdelta.env.Host")
              || name.startsWith("io.kdelta.vfs.Host")
              || name.startsWith("io.kdelta.server.")
              || name.startsWith("io.kdelta.client.")
              || name.startsWith("io.kdelta.tls.")
              || name.startsWith("io.kdelta.cli.")
              || name.startsWith("io.kdelta.image.")
              || name.startsWith("io.kdelta.proto.")
              || name.startsWith("io.kdelta.core.CoreThread")
              || name.startsWith("io.kdelta.sim.SimMain")
              || name.startsWith("io.kdelta.sim.Campaign")
              || name.startsWith("io.kdelta.sim.Corpus"));
        }
      };

  @Test
  void everyPackageHasItsFloor() {
    TreeSet<String> homeless = new TreeSet<>();
    for (JavaClass type : HOUSE) {
      String name = type.getPackageName();
      if (FLOORS.stream().noneMatch(f -> name.equals(f) || name.startsWith(f + "."))) {
        homeless.add(name);
      }
    }
    assertEquals(new TreeSet<String>(), homeless, "packages without a floor");
  }

  @Test
  void dependenciesPointDown() {
    assertTrue(HOUSE.size() > 5);
    for (int i = 1; i < FLOORS.size(); i++) {
      String[] above =
          FLOORS.subList(0, i).stream().map(floor -> floor + "..").toArray(String[]::new);
      check(
          noClasses()
              .that()
              .resideInAPackage(FLOORS.get(i) + "..")
              .should()
              .dependOnClassesThat()
              .resideInAnyPackage(above));
    }
  }

  @Test
  void noCycles() {
    check(slices().matching("io.kdelta.(*)..").should().beFreeOfCycles());
  }

  @Test
  void reconciliationDependsOnTheJdkOnly() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.kdelta.reconciliation")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages(
                "io.kdelta.reconciliation", "java..", "org.jspecify.annotations"));
  }

  /** What verifies the engine's files must not make the engine's mistakes. */
  @Test
  void theVerifierSharesNoCodeWithTheEngine() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.kdelta.storage.verify")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.kdelta.storage"));
  }

  @Test
  void onlyTheEdgeSpeaksGrpc() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(
                "io.kdelta.cli..",
                "io.kdelta.server..",
                "io.kdelta.client..",
                "io.kdelta.wire..",
                "io.kdelta.tls..",
                "io.kdelta.proto..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.grpc..", "com.google.protobuf.."));
  }

  @Test
  void onlyTheEdgeTouchesTheWorld() {
    check(
        noClasses()
            .that(LOGIC)
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "identityHashCode", Object.class)
            .orShould()
            .callMethod(java.time.Instant.class, "now")
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(
                Thread.class,
                java.util.Random.class,
                java.util.concurrent.ThreadLocalRandom.class,
                java.util.concurrent.ExecutorService.class,
                java.security.SecureRandom.class,
                java.nio.file.Files.class,
                java.nio.channels.FileChannel.class,
                java.time.Clock.class,
                java.util.UUID.class,
                java.net.Socket.class));
  }

  /** Whatever hashes by a salt that each JVM draws anew: its order is another in every run. */
  @Test
  void iterationOrderIsPartOfBehaviour() {
    check(
        noClasses()
            .that(LOGIC)
            .should()
            .callMethodWhere(calls(Set.class, "of", "copyOf"))
            .orShould()
            .callMethodWhere(calls(Map.class, "of", "copyOf", "ofEntries"))
            .orShould()
            .callMethodWhere(
                calls(
                    Collectors.class,
                    "toSet",
                    "toUnmodifiableSet",
                    "toMap",
                    "toUnmodifiableMap",
                    "groupingBy",
                    "groupingByConcurrent",
                    "partitioningBy"))
            .orShould()
            .callMethod(Object.class, "hashCode")
            .orShould()
            .callMethodWhere(calls(Objects.class, "toIdentityString")));
    // By ticket, by label and by cell: they are asked and never walked.
    check(
        noClasses()
            .that(LOGIC)
            .and()
            .doNotHaveFullyQualifiedName("io.kdelta.core.CommitGate")
            .and()
            .doNotHaveFullyQualifiedName("io.kdelta.document.HistoryImport")
            .and()
            .doNotHaveFullyQualifiedName("io.kdelta.reconciliation.CellPeeler")
            .should()
            .callConstructor(HashMap.class)
            .orShould()
            .callConstructor(HashMap.class, int.class)
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(
                java.util.HashSet.class,
                java.util.IdentityHashMap.class,
                java.util.WeakHashMap.class,
                java.util.concurrent.ConcurrentHashMap.class));
  }

  /** No thread but its own, no way out to the host, nothing that the host's settings change. */
  @Test
  void nothingDependsOnTheHost() {
    check(
        noClasses()
            .that(LOGIC)
            .should()
            .callMethodWhere(
                DescribedPredicate.describe(
                    "makes a stream parallel",
                    call -> PARALLEL.contains(call.getTarget().getName())))
            .orShould()
            .callMethodWhere(calls(Locale.class, "getDefault"))
            .orShould()
            .callMethodWhere(calls(ZoneId.class, "systemDefault"))
            .orShould()
            .callMethodWhere(calls(TimeZone.class, "getDefault"))
            .orShould()
            .callMethodWhere(calls(Charset.class, "defaultCharset"))
            .orShould()
            .callMethodWhere(calls(String.class, "formatted"))
            .orShould()
            .callMethod(String.class, "format", String.class, Object[].class)
            .orShould()
            .callMethod(String.class, "toLowerCase")
            .orShould()
            .callMethod(String.class, "toUpperCase")
            .orShould()
            .callMethod(String.class, "getBytes")
            .orShould()
            .callConstructor(String.class, byte[].class)
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(
                ThreadLocal.class,
                java.util.SplittableRandom.class,
                java.util.Timer.class,
                java.util.concurrent.Executors.class,
                java.util.concurrent.ForkJoinPool.class,
                java.util.concurrent.ScheduledExecutorService.class,
                java.io.File.class,
                java.io.RandomAccessFile.class,
                java.io.FileInputStream.class,
                java.io.FileOutputStream.class)
            .orShould()
            .dependOnClassesThat()
            .resideInAnyPackage("java.net..", "java.nio.channels.."));
  }

  private static DescribedPredicate<JavaMethodCall> calls(Class<?> owner, String... names) {
    List<String> named = List.of(names);
    return DescribedPredicate.describe(
        "calls " + owner.getSimpleName() + "." + named,
        call ->
            call.getTargetOwner().isEquivalentTo(owner)
                && named.contains(call.getTarget().getName()));
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(HOUSE);
  }
}
