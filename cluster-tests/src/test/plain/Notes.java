import io.kdelta.client.ChangeFeed;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A program of somebody else, with the client jar and nothing more: {@code java -cp
 * node/client/target/kdelta-client.jar Notes.java HOST:PORT[,HOST:PORT...]}. It prints what it
 * sees; ClientJarTest knows what that has to be.
 */
final class Notes {
  private Notes() {}

  public static void main(String[] arguments) throws Exception {
    List<String> servers = Arrays.asList(arguments[0].split(","));
    try (KdeltaClient client = KdeltaClient.connect(ClientSettings.of(servers))) {
      client.put("notes", "monday", "{\"text\": \"call Bo\"}");
      client.put("notes", "tuesday", "{\"text\": \"call Al\"}");
      System.out.println("get " + client.get("notes", "monday"));

      WatchRequest notes =
          WatchRequest.newBuilder().setNamespace("notes").setFrom(WatchRequest.From.START).build();
      List<String> seen = new ArrayList<>();
      try (ChangeFeed changes = client.watch(notes)) {
        while (seen.size() < 2) {
          WatchResponse next = changes.next();
          for (Version version : next.getVersionsList()) seen.add(version.getKey());
        }
        System.out.println("seen " + seen);
        client.delete("notes", "monday");
        WatchResponse next = changes.next();
        while (next.getVersionsCount() == 0) next = changes.next();
        Version last = next.getVersions(0);
        System.out.println("then " + last.getKind() + " " + last.getKey());
      }

      try {
        client.get("notes", "monday");
      } catch (KdeltaException.NotFound e) {
        System.out.println("away " + e.key());
      }
      try {
        client.put("notes", "tuesday", "{\"text\": ");
      } catch (KdeltaException.Invalid e) {
        System.out.println("refused " + e.field());
      }
      System.out.println("versions " + client.history("notes", "monday").size());
    }
  }
}
