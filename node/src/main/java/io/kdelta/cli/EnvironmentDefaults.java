package io.kdelta.cli;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Every flag has an environment variable: {@code --if-absent} is {@code KDELTA_IF_ABSENT}. The flag
 * wins.
 */
final class EnvironmentDefaults implements IDefaultValueProvider {
  private final Map<String, String> environment;

  EnvironmentDefaults(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option) || option.usageHelp()) return null;
    String longest = option.longestName();
    // The servers are read by the invocation, which says where they came from.
    return longest.equals("--server") ? null : environment.get(Settings.variable(longest));
  }
}
