package io.kdelta.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the child processes measured: for each engine and figure one value a repetition. */
final class Figures {
  /** Under this name the figures of the machine are kept. */
  static final String MACHINE = "machine";

  private final Map<String, List<Double>> values = new TreeMap<>();
  private final List<String> notes = new ArrayList<>();

  void add(String engine, String figure, double value) {
    values.computeIfAbsent(engine + " " + figure, _ -> new ArrayList<>()).add(value);
  }

  void note(String text) {
    notes.add(text);
  }

  List<String> notes() {
    return List.copyOf(notes);
  }

  /** The median over the repetitions; NaN if it was not measured. */
  double median(String engine, String figure) {
    List<Double> measured = values.get(engine + " " + figure);
    if (measured == null) return Double.NaN;
    return Meter.median(measured.stream().mapToDouble(Double::doubleValue).toArray());
  }

  double machine(String figure) {
    return median(MACHINE, figure);
  }
}
