package io.kdelta.sim;

/** A promise was broken: the name of the oracle that saw it, and what it saw. */
public final class OracleFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String oracle;

  /**
   * @param oracle the oracle of simulation.md section 3, or the promise's id
   * @param what what was seen, with its values
   */
  public OracleFailure(String oracle, String what) {
    super(oracle + ": " + what);
    this.oracle = oracle;
  }

  /** The oracle that failed. */
  public String oracle() {
    return oracle;
  }
}
